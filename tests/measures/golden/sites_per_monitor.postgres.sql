SELECT
  "t3"."study_id",
  "t3"."person_id",
  COUNT(*) AS "n_rows",
  COUNT(*) FILTER(WHERE
    "t3"."collected") AS "n_collected",
  COUNT(*) AS "n_filled",
  COUNT(*) FILTER(WHERE
    (
      (
        "t3"."numerator" <> 0
      ) OR (
        "t3"."denominator" <> 0
      )
    )
    AND "t3"."collected") AS "n_counted",
  SUM("t3"."numerator") FILTER(WHERE
    "t3"."collected") AS "numerator",
  SUM("t3"."denominator") FILTER(WHERE
    "t3"."collected") AS "denominator"
FROM (
  SELECT
    COALESCE("t0"."fte_actual", "t0"."fte_planned") IS NOT NULL AS "collected",
    TRUE AS "filled",
    "t0"."person_id" AS "key_person_id",
    "t0"."study_id" AS "key_study_id",
    "t0"."role" AS "key_role",
    "t0"."period" AS "key_period",
    "t0"."_file",
    "t0"."_sheet",
    "t0"."_line",
    "t0"."study_id",
    "t0"."person_id",
    "t0"."period" AS "happened",
    CAST("t0"."sites_assigned" AS DOUBLE PRECISION) AS "numerator",
    COALESCE("t0"."fte_actual", "t0"."fte_planned") AS "denominator"
  FROM "allocation" AS "t0"
  WHERE
    "t0"."role" = 'cra'
    AND "t0"."period" <= MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT))
    AND "t0"."sites_assigned" IS NOT NULL
    AND "t0"."period" = (
      SELECT
        MAX("t1"."period") AS "Max(period)"
      FROM (
        SELECT
          *
        FROM "allocation" AS "t0"
        WHERE
          "t0"."role" = 'cra'
          AND "t0"."period" <= MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT))
          AND "t0"."sites_assigned" IS NOT NULL
      ) AS "t1"
    )
) AS "t3"
GROUP BY
  1,
  2
