SELECT
  "t7"."study_id",
  "t7"."own_site" AS "site_id",
  SUM("t7"."n_rows") AS "n_rows",
  SUM("t7"."n_collected") AS "n_collected",
  SUM("t7"."n_filled") AS "n_filled",
  SUM("t7"."n_counted") AS "n_counted",
  SUM("t7"."numerator") AS "numerator",
  SUM("t7"."denominator") AS "denominator"
FROM (
  SELECT
    "t6"."study_id",
    "t6"."site_id",
    "t6"."n_rows",
    "t6"."n_collected",
    "t6"."n_filled",
    "t6"."n_counted",
    "t6"."numerator",
    "t6"."denominator",
    "t3"."study_id" AS "study_id_right",
    "t3"."subject_id",
    "t3"."own_site"
  FROM (
    SELECT
      "t4"."study_id",
      "t4"."site_id",
      COUNT(*) AS "n_rows",
      COUNT(*) FILTER(WHERE
        "t4"."collected") AS "n_collected",
      COUNT(*) FILTER(WHERE
        "t4"."filled") AS "n_filled",
      COUNT(*) FILTER(WHERE
        "t4"."denominator" AND "t4"."collected") AS "n_counted",
      CAST(COUNT(*) FILTER(WHERE
        "t4"."numerator" AND "t4"."collected") AS DOUBLE) AS "numerator",
      CAST(COUNT(*) FILTER(WHERE
        "t4"."denominator" AND "t4"."collected") AS DOUBLE) AS "denominator"
    FROM (
      SELECT
        "t0"."sdv_required" IS NOT NULL AS "collected",
        "t0"."sdv_done_ts" IS NOT NULL AS "filled",
        "t0"."study_id" AS "key_study_id",
        "t0"."subject_id" AS "key_subject_id",
        "t0"."visit" AS "key_visit",
        "t0"."form" AS "key_form",
        "t0"."_file",
        "t0"."_sheet",
        "t0"."_line",
        "t0"."study_id",
        "t0"."subject_id" AS "site_id",
        CAST("t0"."first_entered_ts" AS DATE) AS "happened",
        "t0"."sdv_required"
        AND (
          CAST("t0"."first_entered_ts" AS DATE) <= MAKE_DATE(2026, 6, 30)
        )
        AND NOT (
          COALESCE("t0"."sdv_done_ts" < MAKE_TIMESTAMP(2026, 7, 1, 0, 0, 0.0), FALSE)
        ) AS "numerator",
        "t0"."sdv_required"
        AND (
          CAST("t0"."first_entered_ts" AS DATE) <= MAKE_DATE(2026, 6, 30)
        ) AS "denominator"
      FROM "data_page" AS "t0"
    ) AS "t4"
    GROUP BY
      1,
      2
  ) AS "t6"
  LEFT OUTER JOIN (
    SELECT
      "t1"."study_id",
      "t1"."subject_id",
      "t1"."site_id" AS "own_site"
    FROM "subject" AS "t1"
  ) AS "t3"
    ON "t6"."study_id" = "t3"."study_id" AND "t6"."site_id" = "t3"."subject_id"
) AS "t7"
GROUP BY
  1,
  2
