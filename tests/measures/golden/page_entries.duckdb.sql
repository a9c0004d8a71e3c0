SELECT
  "t6"."study_id",
  "t6"."site_id",
  "t6"."value",
  TRUE AS "observed",
  "t6"."n_rows",
  "t6"."n_collected",
  "t6"."n_filled",
  "t6"."n_counted",
  "t6"."numerator",
  "t6"."denominator"
FROM (
  SELECT
    "t5"."study_id",
    "t5"."site_id",
    "t5"."value",
    COUNT(*) AS "n_rows",
    COUNT(*) FILTER(WHERE
      "t5"."collected") AS "n_collected",
    COUNT(*) AS "n_filled",
    COUNT(*) FILTER(WHERE
      "t5"."denominator" AND "t5"."collected") AS "n_counted",
    CAST(0 AS DOUBLE) AS "numerator",
    CAST(COUNT(*) FILTER(WHERE
      "t5"."denominator" AND "t5"."collected") AS DOUBLE) AS "denominator"
  FROM (
    SELECT
      COALESCE(
        "t2"."data_entry_lag",
        DATE_DIFF('DAY', "t2"."visit_date", CAST("t2"."first_entered_ts" AS DATE))
      ) IS NOT NULL AS "collected",
      TRUE AS "filled",
      "t2"."study_id" AS "key_study_id",
      "t2"."subject_id" AS "key_subject_id",
      "t2"."visit" AS "key_visit",
      "t2"."form" AS "key_form",
      "t2"."_file",
      "t2"."_sheet",
      "t2"."_line",
      "t2"."study_id",
      "t4"."site_id",
      COALESCE(CAST("t2"."first_entered_ts" AS DATE), "t2"."visit_date") AS "happened",
      COALESCE(
        COALESCE(CAST("t2"."first_entered_ts" AS DATE), "t2"."visit_date") <= MAKE_DATE(2026, 6, 30),
        TRUE
      )
      AND (
        COALESCE(
          "t2"."data_entry_lag",
          DATE_DIFF('DAY', "t2"."visit_date", CAST("t2"."first_entered_ts" AS DATE))
        ) IS NOT NULL
      ) AS "denominator",
      CAST(COALESCE(
        "t2"."data_entry_lag",
        DATE_DIFF('DAY', "t2"."visit_date", CAST("t2"."first_entered_ts" AS DATE))
      ) AS DOUBLE) AS "value"
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
    2,
    3
) AS "t6"
