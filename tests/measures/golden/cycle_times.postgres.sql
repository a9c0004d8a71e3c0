SELECT
  "t1"."study_id",
  "t1"."value",
  "t1"."observed",
  COUNT(*) AS "n_rows",
  COUNT(*) FILTER(WHERE
    "t1"."collected") AS "n_collected",
  COUNT(*) AS "n_filled",
  COUNT(*) FILTER(WHERE
    "t1"."denominator" AND "t1"."collected") AS "n_counted",
  CAST(0 AS DOUBLE PRECISION) AS "numerator",
  CAST(COUNT(*) FILTER(WHERE
    "t1"."denominator" AND "t1"."collected") AS DOUBLE PRECISION) AS "denominator"
FROM (
  SELECT
    "t0"."protocol_approved_dt" IS NOT NULL AS "collected",
    TRUE AS "filled",
    "t0"."study_id" AS "key_study_id",
    "t0"."_file",
    "t0"."_sheet",
    "t0"."_line",
    "t0"."study_id",
    COALESCE(
      CASE
        WHEN "t0"."db_lock_dt" <= MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT))
        THEN "t0"."db_lock_dt"
        ELSE NULL
      END,
      MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT))
    ) AS "happened",
    (
      "t0"."protocol_approved_dt" <= MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT))
    )
    AND (
      CASE
        WHEN "t0"."db_lock_dt" <= MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT))
        THEN "t0"."db_lock_dt"
        ELSE NULL
      END IS NOT NULL
    ) AS "numerator",
    "t0"."protocol_approved_dt" <= MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT)) AS "denominator",
    CAST(CAST(EXTRACT(epoch FROM CAST(COALESCE(
      CASE
        WHEN "t0"."db_lock_dt" <= MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT))
        THEN "t0"."db_lock_dt"
        ELSE NULL
      END,
      MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT))
    ) AS TIMESTAMP) - CAST("t0"."protocol_approved_dt" AS TIMESTAMP)) / 86400 AS BIGINT) AS DOUBLE PRECISION) AS "value",
    CASE
      WHEN "t0"."db_lock_dt" <= MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT))
      THEN "t0"."db_lock_dt"
      ELSE NULL
    END IS NOT NULL AS "observed",
    "t0"."protocol_approved_dt" AS "own_approved",
    CASE
      WHEN "t0"."db_lock_dt" <= MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT))
      THEN "t0"."db_lock_dt"
      ELSE NULL
    END AS "own_locked",
    "t0"."phase" AS "own_phase",
    "t0"."therapeutic_area" AS "own_area",
    "t0"."status" AS "own_status",
    "t0"."act_lpfv" AS "own_lpfv",
    "t0"."act_lplv" AS "own_lplv"
  FROM "study" AS "t0"
) AS "t1"
GROUP BY
  1,
  2,
  3
