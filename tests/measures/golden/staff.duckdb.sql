SELECT
  "t1"."country",
  "t1"."person_id",
  "t1"."team_id",
  COUNT(*) AS "n_rows",
  SUM(CASE WHEN COALESCE("t1"."collected", FALSE) THEN 1 ELSE 0 END) AS "n_collected",
  COUNT(*) AS "n_filled",
  SUM(
    CASE
      WHEN COALESCE("t1"."collected", FALSE)
      THEN CASE
        WHEN COALESCE((
          "t1"."numerator" <> 0
        ) OR (
          "t1"."denominator" <> 0
        ), FALSE)
        THEN 1
        ELSE 0
      END
      ELSE 0
    END
  ) AS "n_counted",
  SUM(CASE WHEN COALESCE("t1"."collected", FALSE) THEN "t1"."numerator" ELSE 0 END) AS "numerator",
  SUM(CASE WHEN COALESCE("t1"."collected", FALSE) THEN "t1"."denominator" ELSE 0 END) AS "denominator"
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
    CAST(CASE
      WHEN (
        "t0"."leave_dt" <= MAKE_DATE(2026, 6, 30)
      )
      AND (
        "t0"."leave_type" = 'voluntary'
      )
      AND "t0"."regrettable"
      THEN 1
      ELSE 0
    END AS DOUBLE) AS "numerator",
    CAST(CASE WHEN "t0"."hire_dt" <= MAKE_DATE(2026, 6, 30) THEN 1 ELSE 0 END AS DOUBLE) AS "denominator",
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
