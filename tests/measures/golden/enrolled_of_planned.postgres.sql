SELECT
  *
FROM (
  SELECT
    "t3"."study_id",
    "t3"."site_id",
    COUNT(*) AS "n_rows",
    COUNT(*) AS "n_collected",
    COUNT(*) AS "n_filled",
    COUNT(*) FILTER(WHERE
      "t3"."numerator") AS "n_counted",
    CAST(COUNT(*) FILTER(WHERE
      "t3"."numerator") AS DOUBLE PRECISION) AS "numerator",
    CAST(0 AS DOUBLE PRECISION) AS "denominator"
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
      COALESCE("t0"."enroll_dt", "t0"."rand_dt") <= MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT)) AS "numerator",
      CAST(0 AS DOUBLE PRECISION) AS "denominator"
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
    "t4"."study_id",
    CAST(NULL AS VARCHAR) AS "site_id",
    COUNT(*) AS "n_rows",
    COUNT(*) FILTER(WHERE
      "t4"."collected") AS "n_collected",
    COUNT(*) AS "n_filled",
    COUNT(*) FILTER(WHERE
      (
        "t4"."denominator" <> 0
      ) AND "t4"."collected") AS "n_counted",
    CAST(0 AS DOUBLE PRECISION) AS "numerator",
    SUM("t4"."denominator") FILTER(WHERE
      "t4"."collected") AS "denominator"
  FROM (
    SELECT
      (
        "t1"."num_plan_subj" IS NOT NULL
      )
      AND (
        (
          SELECT
            COUNT(*) AS "CountStar(subject)"
          FROM "subject" AS "t0"
        ) > 0
      ) AS "collected",
      TRUE AS "filled",
      "t1"."study_id" AS "key_study_id",
      "t1"."_file",
      "t1"."_sheet",
      "t1"."_line",
      "t1"."study_id",
      "t1"."protocol_approved_dt" AS "happened",
      CAST(0 AS DOUBLE PRECISION) AS "numerator",
      CAST(COALESCE("t1"."num_plan_subj", 0) AS DOUBLE PRECISION) AS "denominator"
    FROM "study" AS "t1"
  ) AS "t4"
  GROUP BY
    1,
    2
) AS "t6"
