SELECT
  "t5"."study_id",
  "t5"."site_id",
  COUNT(*) AS "n_rows",
  SUM(CASE WHEN COALESCE("t5"."collected", FALSE) THEN 1 ELSE 0 END) AS "n_collected",
  SUM(CASE WHEN COALESCE("t5"."filled", FALSE) THEN 1 ELSE 0 END) AS "n_filled",
  SUM(
    CASE
      WHEN COALESCE("t5"."collected", FALSE)
      AND COALESCE((
        "t5"."numerator" <> 0
      ) OR (
        "t5"."denominator" <> 0
      ), FALSE)
      THEN 1
      ELSE 0
    END
  ) AS "n_counted",
  SUM(CASE WHEN COALESCE("t5"."collected", FALSE) THEN "t5"."numerator" ELSE 0 END) AS "numerator",
  SUM(CASE WHEN COALESCE("t5"."collected", FALSE) THEN "t5"."denominator" ELSE 0 END) AS "denominator"
FROM (
  SELECT
    "t2"."study_id" AS "key_study_id",
    "t2"."subject_id" AS "key_subject_id",
    "t2"."visit" AS "key_visit",
    "t2"."form" AS "key_form",
    "t2"."_file",
    "t2"."_sheet",
    "t2"."_line",
    "t2"."study_id",
    "t4"."site_id",
    CAST("t2"."first_entered_ts" AS DATE) AS "happened",
    CAST(CASE
      WHEN "t2"."sdv_required"
      AND (
        CAST("t2"."first_entered_ts" AS DATE) <= MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT))
      )
      AND NOT (
        COALESCE("t2"."sdv_done_ts" < CAST('2026-07-01T00:00:00' AS TIMESTAMP), FALSE)
      )
      THEN 1
      ELSE 0
    END AS DOUBLE PRECISION) AS "numerator",
    CAST(CASE
      WHEN "t2"."sdv_required"
      AND (
        CAST("t2"."first_entered_ts" AS DATE) <= MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT))
      )
      THEN 1
      ELSE 0
    END AS DOUBLE PRECISION) AS "denominator",
    "t2"."sdv_required" IS NOT NULL AS "collected",
    "t2"."sdv_done_ts" IS NOT NULL AS "filled"
  FROM "data_page" AS "t2"
  LEFT OUTER JOIN (
    SELECT
      "t1"."study_id",
      "t1"."subject_id",
      "t1"."site_id"
    FROM "subject" AS "t1"
  ) AS "t4"
    ON "t2"."study_id" = "t4"."study_id" AND "t2"."subject_id" = "t4"."subject_id"
) AS "t5"
GROUP BY
  1,
  2
