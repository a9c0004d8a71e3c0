SELECT
  *
FROM (
  SELECT
    "t11"."study_id",
    "t11"."own_site" AS "site_id",
    SUM("t11"."n_rows") AS "n_rows",
    SUM("t11"."n_collected") AS "n_collected",
    SUM("t11"."n_filled") AS "n_filled",
    SUM("t11"."n_counted") AS "n_counted",
    SUM("t11"."numerator") AS "numerator",
    SUM("t11"."denominator") AS "denominator"
  FROM (
    SELECT
      "t10"."study_id",
      "t10"."site_id",
      "t10"."n_rows",
      "t10"."n_collected",
      "t10"."n_filled",
      "t10"."n_counted",
      "t10"."numerator",
      "t10"."denominator",
      "t5"."study_id" AS "study_id_right",
      "t5"."subject_id",
      "t5"."own_site"
    FROM (
      SELECT
        "t8"."study_id",
        "t8"."site_id",
        COUNT(*) AS "n_rows",
        COUNT(*) FILTER(WHERE
          "t8"."collected") AS "n_collected",
        COUNT(*) FILTER(WHERE
          "t8"."filled") AS "n_filled",
        COUNT(*) FILTER(WHERE
          "t8"."denominator" AND "t8"."collected") AS "n_counted",
        CAST(COUNT(*) FILTER(WHERE
          "t8"."numerator" AND "t8"."collected") AS DOUBLE PRECISION) AS "numerator",
        CAST(COUNT(*) FILTER(WHERE
          "t8"."denominator" AND "t8"."collected") AS DOUBLE PRECISION) AS "denominator"
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
          "t7"."denominator"
        FROM (
          SELECT
            "t1"."sdv_required" IS NOT NULL AS "collected",
            "t1"."sdv_done_ts" IS NOT NULL AS "filled",
            "t1"."study_id" AS "key_study_id",
            "t1"."subject_id" AS "key_subject_id",
            "t1"."visit" AS "key_visit",
            "t1"."form" AS "key_form",
            "t1"."_file",
            "t1"."_sheet",
            "t1"."_line",
            "t1"."study_id",
            "t1"."subject_id" AS "site_id",
            CAST("t1"."first_entered_ts" AS DATE) AS "happened",
            "t1"."sdv_required"
            AND (
              CAST("t1"."first_entered_ts" AS DATE) <= MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT))
            )
            AND NOT (
              COALESCE("t1"."sdv_done_ts" < CAST('2026-07-01T00:00:00' AS TIMESTAMP), FALSE)
            ) AS "numerator",
            "t1"."sdv_required"
            AND (
              CAST("t1"."first_entered_ts" AS DATE) <= MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT))
            ) AS "denominator"
          FROM "data_page" AS "t1"
        ) AS "t7"
        WHERE
          EXISTS(
            SELECT
              1
            FROM "asked" AS "t3"
            WHERE
              "t7"."study_id" = "t3"."study_id"
          )
      ) AS "t8"
      GROUP BY
        1,
        2
    ) AS "t10"
    LEFT OUTER JOIN (
      SELECT
        "t0"."study_id",
        "t0"."subject_id",
        "t0"."site_id" AS "own_site"
      FROM "subject" AS "t0"
    ) AS "t5"
      ON "t10"."study_id" = "t5"."study_id" AND "t10"."site_id" = "t5"."subject_id"
  ) AS "t11"
  GROUP BY
    1,
    2
) AS "t12"
