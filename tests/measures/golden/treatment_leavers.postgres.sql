SELECT
  "t1"."study_id",
  "t1"."site_id",
  COUNT(*) AS "n_rows",
  COUNT(*) AS "n_collected",
  COUNT(*) AS "n_filled",
  COUNT(*) FILTER(WHERE
    "t1"."denominator") AS "n_counted",
  CAST(COUNT(*) FILTER(WHERE
    "t1"."numerator") AS DOUBLE PRECISION) AS "numerator",
  CAST(COUNT(*) FILTER(WHERE
    "t1"."denominator") AS DOUBLE PRECISION) AS "denominator"
FROM (
  SELECT
    TRUE AS "collected",
    TRUE AS "filled",
    "t0"."study_id" AS "key_study_id",
    "t0"."subject_id" AS "key_subject_id",
    "t0"."_file",
    "t0"."_sheet",
    "t0"."_line",
    "t0"."study_id",
    "t0"."site_id",
    COALESCE("t0"."enroll_dt", "t0"."rand_dt") AS "happened",
    (
      COALESCE(
        COALESCE("t0"."enroll_dt", "t0"."rand_dt") <= MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT)),
        FALSE
      )
      OR (
        (
          COALESCE("t0"."enroll_dt", "t0"."rand_dt") IS NULL
        )
        AND COALESCE("t0"."enrollyn", FALSE)
      )
    )
    AND (
      COALESCE(
        "t0"."treatment_disc_dt" <= MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT)),
        FALSE
      )
      OR (
        (
          "t0"."treatment_disc_dt" IS NULL
        )
        AND (
          "t0"."treatment_disc_reason" IS NOT NULL
        )
      )
    ) AS "numerator",
    COALESCE(
      COALESCE("t0"."enroll_dt", "t0"."rand_dt") <= MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT)),
      FALSE
    )
    OR (
      (
        COALESCE("t0"."enroll_dt", "t0"."rand_dt") IS NULL
      )
      AND COALESCE("t0"."enrollyn", FALSE)
    ) AS "denominator"
  FROM "subject" AS "t0"
) AS "t1"
GROUP BY
  1,
  2
