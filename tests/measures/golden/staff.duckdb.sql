SELECT
  "t1"."country",
  "t1"."person_id",
  "t1"."team_id",
  COUNT(*) AS "n_rows",
  COUNT(*) FILTER(WHERE
    "t1"."collected") AS "n_collected",
  COUNT(*) AS "n_filled",
  COUNT(*) FILTER(WHERE
    (
      "t1"."numerator" OR "t1"."denominator"
    ) AND "t1"."collected") AS "n_counted",
  CAST(COUNT(*) FILTER(WHERE
    "t1"."numerator" AND "t1"."collected") AS DOUBLE) AS "numerator",
  CAST(COUNT(*) FILTER(WHERE
    "t1"."denominator" AND "t1"."collected") AS DOUBLE) AS "denominator"
FROM (
  SELECT
    (
      "t0"."hire_dt" IS NOT NULL
    )
    AND (
      (
        "t0"."leave_dt" IS NULL
      )
      OR COALESCE("t0"."leave_type" <> 'voluntary', FALSE)
      OR (
        "t0"."regrettable" IS NOT NULL
      )
    ) AS "collected",
    TRUE AS "filled",
    "t0"."person_id" AS "key_person_id",
    "t0"."_file",
    "t0"."_sheet",
    "t0"."_line",
    "t0"."manager_id" AS "team_id",
    "t0"."country",
    "t0"."person_id",
    COALESCE(
      CASE
        WHEN "t0"."leave_dt" <= MAKE_DATE(2026, 6, 30)
        THEN "t0"."leave_dt"
        ELSE MAKE_DATE(2026, 6, 30)
      END,
      MAKE_DATE(2026, 6, 30)
    ) AS "happened",
    (
      "t0"."leave_dt" <= MAKE_DATE(2026, 6, 30)
    )
    AND (
      "t0"."leave_type" = 'voluntary'
    )
    AND "t0"."regrettable" AS "numerator",
    "t0"."hire_dt" <= MAKE_DATE(2026, 6, 30) AS "denominator",
    "t0"."hire_dt" AS "own_hired",
    "t0"."leave_dt" AS "own_left"
  FROM "staff" AS "t0"
  WHERE
    (
      "t0"."employment" IS NULL
    ) OR "t0"."employment" IN ('employee')
) AS "t1"
GROUP BY
  1,
  2,
  3
