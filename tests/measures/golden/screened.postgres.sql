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
    COALESCE(
      COALESCE("t0"."enroll_dt", "t0"."rand_dt"),
      "t0"."screen_fail_dt",
      "t0"."screen_dt",
      "t0"."consent_dt"
    ) AS "happened",
    (
      (
        COALESCE(
          COALESCE("t0"."enroll_dt", "t0"."rand_dt"),
          "t0"."screen_fail_dt",
          "t0"."screen_dt",
          "t0"."consent_dt"
        ) IS NULL
      )
      OR (
        COALESCE(
          COALESCE("t0"."enroll_dt", "t0"."rand_dt"),
          "t0"."screen_fail_dt",
          "t0"."screen_dt",
          "t0"."consent_dt"
        ) <= MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT))
      )
    )
    AND (
      (
        "t0"."screen_fail_dt" IS NOT NULL
      )
      OR (
        "t0"."screen_fail_reason" IS NOT NULL
      )
      OR COALESCE("t0"."enrollyn" = FALSE, FALSE)
      OR (
        COALESCE("t0"."enroll_dt", "t0"."rand_dt") IS NOT NULL
      )
      OR COALESCE("t0"."enrollyn", FALSE)
    )
    AND (
      (
        "t0"."screen_fail_dt" IS NOT NULL
      )
      OR (
        "t0"."screen_fail_reason" IS NOT NULL
      )
      OR COALESCE("t0"."enrollyn" = FALSE, FALSE)
    )
    AND (
      COALESCE("t0"."enroll_dt", "t0"."rand_dt") IS NULL
    ) AS "numerator",
    (
      (
        COALESCE(
          COALESCE("t0"."enroll_dt", "t0"."rand_dt"),
          "t0"."screen_fail_dt",
          "t0"."screen_dt",
          "t0"."consent_dt"
        ) IS NULL
      )
      OR (
        COALESCE(
          COALESCE("t0"."enroll_dt", "t0"."rand_dt"),
          "t0"."screen_fail_dt",
          "t0"."screen_dt",
          "t0"."consent_dt"
        ) <= MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT))
      )
    )
    AND (
      (
        "t0"."screen_fail_dt" IS NOT NULL
      )
      OR (
        "t0"."screen_fail_reason" IS NOT NULL
      )
      OR COALESCE("t0"."enrollyn" = FALSE, FALSE)
      OR (
        COALESCE("t0"."enroll_dt", "t0"."rand_dt") IS NOT NULL
      )
      OR COALESCE("t0"."enrollyn", FALSE)
    ) AS "denominator"
  FROM "subject" AS "t0"
) AS "t1"
GROUP BY
  1,
  2
