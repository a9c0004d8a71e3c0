SELECT
  "t8"."study_id",
  "t8"."site_id",
  "t8"."n_rows",
  "t8"."n_rows" AS "n_collected",
  "t8"."n_rows" - "t8"."numerator" AS "n_filled",
  "t8"."n_rows" AS "n_counted",
  "t8"."numerator",
  "t8"."n_rows" AS "denominator"
FROM (
  SELECT
    COALESCE("t7"."study_id", "t7"."own_study") AS "study_id",
    "t7"."own_site" AS "site_id",
    COALESCE(SUM("t7"."n_rows"), 0) AS "n_rows",
    COALESCE(SUM("t7"."numerator"), 0) AS "numerator"
  FROM (
    SELECT
      "t6"."study_id",
      "t6"."site_id",
      "t6"."n_rows",
      "t6"."numerator",
      "t3"."own_study",
      "t3"."subject_id",
      "t3"."own_site"
    FROM (
      SELECT
        "t4"."study_id",
        "t4"."site_id",
        COUNT(*) AS "n_rows",
        COUNT(*) FILTER(WHERE
          "t4"."numerator") AS "numerator"
      FROM (
        SELECT
          "t0"."study_id",
          "t0"."subject_id" AS "site_id",
          NOT (
            COALESCE("t0"."sdv_done_ts" < MAKE_TIMESTAMP(2026, 7, 1, 0, 0, 0.0), FALSE)
          ) AS "numerator"
        FROM "data_page" AS "t0"
        WHERE
          "t0"."sdv_required"
          AND CAST("t0"."first_entered_ts" AS DATE) <= MAKE_DATE(2026, 6, 30)
          AND "t0"."sdv_required" IS NOT NULL
      ) AS "t4"
      GROUP BY
        1,
        2
    ) AS "t6"
    FULL OUTER JOIN (
      SELECT
        "t1"."study_id" AS "own_study",
        "t1"."subject_id",
        "t1"."site_id" AS "own_site"
      FROM "subject" AS "t1"
    ) AS "t3"
      ON "t6"."study_id" = "t3"."own_study" AND "t6"."site_id" = "t3"."subject_id"
  ) AS "t7"
  GROUP BY
    1,
    2
) AS "t8"
