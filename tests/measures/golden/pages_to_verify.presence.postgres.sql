SELECT
  "t11"."study_id",
  "t11"."site_id",
  "t11"."n_rows",
  "t11"."n_collected",
  0 AS "n_filled",
  0 AS "n_counted",
  0 AS "numerator",
  0 AS "denominator"
FROM (
  SELECT
    "t10"."study_id",
    "t10"."own_site" AS "site_id",
    COUNT(*) AS "n_rows",
    COUNT(*) FILTER(WHERE
      "t10"."collected") AS "n_collected"
  FROM (
    SELECT
      "t7"."collected",
      "t7"."filled",
      "t7"."key_study_id",
      "t7"."key_subject_id",
      "t7"."key_visit",
      "t7"."key_form",
      "t7"."_file",
      "t7"."_sheet",
      "t7"."_line",
      "t7"."study_id",
      "t7"."site_id",
      "t7"."happened",
      "t7"."numerator",
      "t7"."denominator",
      "t9"."own_study",
      "t9"."subject_id",
      "t9"."own_site"
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
          CAST("t0"."first_entered_ts" AS DATE) <= MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT))
        )
        AND NOT (
          COALESCE("t0"."sdv_done_ts" < CAST('2026-07-01T00:00:00' AS TIMESTAMP), FALSE)
        ) AS "numerator",
        "t0"."sdv_required"
        AND (
          CAST("t0"."first_entered_ts" AS DATE) <= MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT))
        ) AS "denominator"
      FROM "data_page" AS "t0"
    ) AS "t7"
    INNER JOIN (
      SELECT
        "t5"."own_study",
        "t5"."subject_id",
        "t5"."own_site"
      FROM (
        SELECT
          "t1"."study_id" AS "own_study",
          "t1"."subject_id",
          "t1"."site_id" AS "own_site"
        FROM "subject" AS "t1"
      ) AS "t5"
      WHERE
        EXISTS(
          SELECT
            1
          FROM "asked" AS "t3"
          WHERE
            "t5"."own_study" = "t3"."study_id" AND "t5"."own_site" = "t3"."site_id"
        )
    ) AS "t9"
      ON "t7"."study_id" = "t9"."own_study" AND "t7"."site_id" = "t9"."subject_id"
  ) AS "t10"
  GROUP BY
    1,
    2
) AS "t11"
