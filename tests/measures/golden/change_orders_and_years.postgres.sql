SELECT
  *
FROM (
  SELECT
    "t5"."study_id",
    "t5"."vendor_id",
    COUNT(*) AS "n_rows",
    COUNT(*) FILTER(WHERE
      "t5"."collected") AS "n_collected",
    COUNT(*) AS "n_filled",
    COUNT(*) FILTER(WHERE
      "t5"."numerator" AND "t5"."collected") AS "n_counted",
    CAST(COUNT(*) FILTER(WHERE
      "t5"."numerator" AND "t5"."collected") AS DOUBLE PRECISION) AS "numerator",
    CAST(0 AS DOUBLE PRECISION) AS "denominator"
  FROM (
    SELECT
      COALESCE("t2"."requested_dt", "t2"."submitted_dt", "t2"."executed_dt") IS NOT NULL AS "collected",
      TRUE AS "filled",
      "t2"."co_id" AS "key_co_id",
      "t2"."_file",
      "t2"."_sheet",
      "t2"."_line",
      "t4"."study_id",
      "t4"."vendor_id",
      COALESCE("t2"."requested_dt", "t2"."submitted_dt", "t2"."executed_dt") AS "happened",
      (
        COALESCE("t2"."requested_dt", "t2"."submitted_dt", "t2"."executed_dt") <= MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT))
      )
      AND (
        (
          "t2"."status" IS NULL
        ) OR (
          "t2"."status" <> 'rejected'
        )
      ) AS "numerator",
      CAST(0 AS DOUBLE PRECISION) AS "denominator"
    FROM "change_order" AS "t2"
    LEFT OUTER JOIN (
      SELECT
        "t0"."contract_id",
        "t0"."vendor_id",
        "t0"."study_id"
      FROM "contract" AS "t0"
    ) AS "t4"
      ON "t2"."contract_id" = "t4"."contract_id"
  ) AS "t5"
  GROUP BY
    1,
    2
) AS "t7"
UNION ALL
SELECT
  *
FROM (
  SELECT
    "t6"."study_id",
    "t6"."vendor_id",
    COUNT(*) AS "n_rows",
    COUNT(*) FILTER(WHERE
      "t6"."collected") AS "n_collected",
    COUNT(*) AS "n_filled",
    COUNT(*) FILTER(WHERE
      (
        "t6"."denominator" <> 0
      ) AND "t6"."collected") AS "n_counted",
    CAST(0 AS DOUBLE PRECISION) AS "numerator",
    SUM("t6"."denominator") FILTER(WHERE
      "t6"."collected") AS "denominator"
  FROM (
    SELECT
      "t0"."start_dt" IS NOT NULL AS "collected",
      TRUE AS "filled",
      "t0"."contract_id" AS "key_contract_id",
      "t0"."_file",
      "t0"."_sheet",
      "t0"."_line",
      "t0"."study_id",
      "t0"."vendor_id",
      "t0"."start_dt" AS "happened",
      CAST(0 AS DOUBLE PRECISION) AS "numerator",
      COALESCE(
        CASE
          WHEN (
            CAST(CAST(EXTRACT(epoch FROM CAST(COALESCE(
              CASE
                WHEN "t0"."end_dt" < MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT))
                THEN "t0"."end_dt"
                ELSE MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT))
              END,
              MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT))
            ) AS TIMESTAMP) - CAST("t0"."start_dt" AS TIMESTAMP)) / 86400 AS BIGINT) AS DOUBLE PRECISION) / 365.25
          ) > 0
          THEN CAST(CAST(EXTRACT(epoch FROM CAST(COALESCE(
            CASE
              WHEN "t0"."end_dt" < MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT))
              THEN "t0"."end_dt"
              ELSE MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT))
            END,
            MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT))
          ) AS TIMESTAMP) - CAST("t0"."start_dt" AS TIMESTAMP)) / 86400 AS BIGINT) AS DOUBLE PRECISION) / 365.25
          ELSE 0
        END,
        0
      ) AS "denominator"
    FROM "contract" AS "t0"
  ) AS "t6"
  GROUP BY
    1,
    2
) AS "t8"
