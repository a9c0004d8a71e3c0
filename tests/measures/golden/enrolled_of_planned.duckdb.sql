SELECT
  *
FROM (
  SELECT
    "t3"."study_id",
    "t3"."site_id",
    COUNT(*) AS "n_rows",
    COUNT(*) AS "n_collected",
    COUNT(*) AS "n_filled",
    SUM(
      CASE
        WHEN COALESCE((
          "t3"."numerator" <> 0
        ) OR (
          "t3"."denominator" <> 0
        ), FALSE)
        THEN 1
        ELSE 0
      END
    ) AS "n_counted",
    SUM("t3"."numerator") AS "numerator",
    SUM("t3"."denominator") AS "denominator"
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
      CAST(CASE
        WHEN COALESCE("t0"."enroll_dt", "t0"."rand_dt") <= MAKE_DATE(2026, 6, 30)
        THEN 1
        ELSE 0
      END AS DOUBLE) AS "numerator",
      CAST(0 AS DOUBLE) AS "denominator"
    FROM "subject" AS "t0"
  ) AS "t3"
  GROUP BY
    1,
    2
) AS "t5"
UNION ALL
SELECT
  *
FROM (
  SELECT
    "t2"."study_id",
    CAST(NULL AS TEXT) AS "site_id",
    COUNT(*) AS "n_rows",
    SUM(CASE WHEN COALESCE("t2"."collected", FALSE) THEN 1 ELSE 0 END) AS "n_collected",
    COUNT(*) AS "n_filled",
    SUM(
      CASE
        WHEN COALESCE("t2"."collected", FALSE)
        THEN CASE
          WHEN COALESCE((
            "t2"."numerator" <> 0
          ) OR (
            "t2"."denominator" <> 0
          ), FALSE)
          THEN 1
          ELSE 0
        END
        ELSE 0
      END
    ) AS "n_counted",
    SUM(CASE WHEN COALESCE("t2"."collected", FALSE) THEN "t2"."numerator" ELSE 0 END) AS "numerator",
    SUM(CASE WHEN COALESCE("t2"."collected", FALSE) THEN "t2"."denominator" ELSE 0 END) AS "denominator"
  FROM (
    SELECT
      "t1"."num_plan_subj" IS NOT NULL AS "collected",
      TRUE AS "filled",
      "t1"."study_id" AS "key_study_id",
      "t1"."_file",
      "t1"."_sheet",
      "t1"."_line",
      "t1"."study_id",
      "t1"."protocol_approved_dt" AS "happened",
      CAST(0 AS DOUBLE) AS "numerator",
      CAST(COALESCE("t1"."num_plan_subj", 0) AS DOUBLE) AS "denominator"
    FROM "study" AS "t1"
  ) AS "t2"
  GROUP BY
    1,
    2
) AS "t4"
