SELECT
  *
FROM (
  SELECT
    "t15"."study_id",
    "t15"."site_id",
    "t15"."country",
    "t15"."grain",
    COUNT(*) AS "n_rows",
    COUNT(*) FILTER(WHERE
      "t15"."collected") AS "n_collected",
    COUNT(*) AS "n_filled",
    COUNT(*) FILTER(WHERE
      (
        (
          "t15"."numerator" <> 0
        ) OR (
          "t15"."denominator" <> 0
        )
      )
      AND "t15"."collected") AS "n_counted",
    SUM("t15"."numerator") FILTER(WHERE
      "t15"."collected") AS "numerator",
    SUM("t15"."denominator") FILTER(WHERE
      "t15"."collected") AS "denominator"
  FROM (
    SELECT
      "t13"."planned" IS NOT NULL AS "collected",
      TRUE AS "filled",
      "t13"."study_id" AS "key_study_id",
      "t13"."country" AS "key_country",
      "t13"."site_id" AS "key_site_id",
      "t13"."metric" AS "key_metric",
      "t13"."period_end" AS "key_period_end",
      "t13"."_file",
      "t13"."_sheet",
      "t13"."_line",
      "t13"."study_id",
      "t13"."site_id",
      "t13"."country",
      CASE
        WHEN "t13"."site_id" IS NOT NULL
        THEN 'site'
        ELSE CASE WHEN "t13"."country" IS NOT NULL THEN 'country' ELSE 'study' END
      END AS "grain",
      "t13"."period_end" AS "happened",
      CAST("t13"."actual" AS DOUBLE) AS "numerator",
      CAST("t13"."planned" AS DOUBLE) AS "denominator"
    FROM (
      SELECT
        "t12"."study_id",
        "t12"."country",
        "t12"."site_id",
        "t12"."metric",
        "t12"."period_end",
        "t12"."planned",
        "t12"."forecast",
        "t12"."actual",
        "t12"."_source",
        "t12"."_file",
        "t12"."_sheet",
        "t12"."_line",
        "t12"."rank",
        "t12"."best",
        MAX("t12"."period_end") OVER (
          PARTITION BY "t12"."study_id"
          ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        ) AS "last"
      FROM (
        SELECT
          *
        FROM (
          SELECT
            "t5"."study_id",
            "t5"."country",
            "t5"."site_id",
            "t5"."metric",
            "t5"."period_end",
            "t5"."planned",
            "t5"."forecast",
            "t5"."actual",
            "t5"."_source",
            "t5"."_file",
            "t5"."_sheet",
            "t5"."_line",
            "t5"."rank",
            MIN("t5"."rank") OVER (
              PARTITION BY "t5"."study_id"
              ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
            ) AS "best"
          FROM (
            SELECT
              "t1"."study_id",
              NULLIF("t1"."country", '') AS "country",
              NULLIF("t1"."site_id", '') AS "site_id",
              "t1"."metric",
              "t1"."period_end",
              "t1"."planned",
              "t1"."forecast",
              "t1"."actual",
              "t1"."_source",
              "t1"."_file",
              "t1"."_sheet",
              "t1"."_line",
              CASE
                WHEN "t1"."metric" = 'total_enrolled'
                THEN 0
                WHEN "t1"."metric" = 'total_randomized'
                THEN 1
                ELSE NULL
              END AS "rank"
            FROM "enrollment_metric" AS "t1"
            WHERE
              "t1"."metric" IN ('total_enrolled', 'total_randomized')
              AND "t1"."period_end" <= MAKE_DATE(2026, 6, 30)
              AND "t1"."actual" IS NOT NULL
          ) AS "t5"
        ) AS "t10"
        WHERE
          "t10"."rank" = "t10"."best"
      ) AS "t12"
    ) AS "t13"
    WHERE
      "t13"."period_end" = "t13"."last"
  ) AS "t15"
  GROUP BY
    1,
    2,
    3,
    4
) AS "t17"
UNION ALL
SELECT
  *
FROM (
  SELECT
    "t14"."study_id",
    CAST(NULL AS TEXT) AS "site_id",
    CAST(NULL AS TEXT) AS "country",
    "t14"."grain",
    COUNT(*) AS "n_rows",
    COUNT(*) FILTER(WHERE
      "t14"."collected") AS "n_collected",
    COUNT(*) AS "n_filled",
    COUNT(*) FILTER(WHERE
      (
        (
          "t14"."numerator" <> 0
        ) OR (
          "t14"."denominator" <> 0
        )
      )
      AND "t14"."collected") AS "n_counted",
    SUM("t14"."numerator") FILTER(WHERE
      "t14"."collected") AS "numerator",
    SUM("t14"."denominator") FILTER(WHERE
      "t14"."collected") AS "denominator"
  FROM (
    SELECT
      (
        "t11"."num_plan_subj" IS NOT NULL
      )
      AND (
        DATE_DIFF('DAY', "t11"."est_fpfv", "t11"."est_lpfv") IS NOT NULL
      ) AS "collected",
      TRUE AS "filled",
      "t11"."study_id" AS "key_study_id",
      "t11"."_file",
      "t11"."_sheet",
      "t11"."_line",
      "t11"."study_id",
      'study' AS "grain",
      MAKE_DATE(2026, 6, 30) AS "happened",
      CAST("t11"."n_enrolled" AS DOUBLE) AS "numerator",
      COALESCE(
        "t11"."num_plan_subj" * CASE
          WHEN DATE_DIFF('DAY', "t11"."est_fpfv", MAKE_DATE(2026, 6, 30)) <= 0
          THEN 0.0
          ELSE CASE
            WHEN DATE_DIFF('DAY', "t11"."est_fpfv", MAKE_DATE(2026, 6, 30)) >= DATE_DIFF('DAY', "t11"."est_fpfv", "t11"."est_lpfv")
            THEN 1.0
            ELSE DATE_DIFF('DAY', "t11"."est_fpfv", MAKE_DATE(2026, 6, 30)) / NULLIF(DATE_DIFF('DAY', "t11"."est_fpfv", "t11"."est_lpfv"), 0)
          END
        END,
        0
      ) AS "denominator"
    FROM (
      SELECT
        "t3"."study_id",
        "t3"."nickname",
        "t3"."protocol_title",
        "t3"."phase",
        "t3"."therapeutic_area",
        "t3"."protocol_indication",
        "t3"."product",
        "t3"."status",
        "t3"."delivery_model",
        "t3"."dct_level",
        "t3"."num_plan_site",
        "t3"."num_plan_subj",
        "t3"."target_events",
        "t3"."arm_caps",
        "t3"."protocol_approved_dt",
        "t3"."est_fpfv",
        "t3"."act_fpfv",
        "t3"."est_lpfv",
        "t3"."act_lpfv",
        "t3"."est_lplv",
        "t3"."act_lplv",
        "t3"."est_db_lock_dt",
        "t3"."db_lock_dt",
        "t3"."nct_id",
        "t3"."eu_ct_number",
        "t3"."iras_id",
        "t3"."base_currency",
        "t3"."critical_to_quality",
        "t3"."_source",
        "t3"."_file",
        "t3"."_sheet",
        "t3"."_line",
        "t9"."n_enrolled",
        "t8"."study_id" AS "study_id_right",
        "t8"."is_reported"
      FROM "study" AS "t3"
      INNER JOIN (
        SELECT
          "t2"."study_id",
          COUNT(*) FILTER(WHERE
            COALESCE("t2"."enroll_dt", "t2"."rand_dt") <= MAKE_DATE(2026, 6, 30)) AS "n_enrolled"
        FROM "subject" AS "t2"
        GROUP BY
          1
      ) AS "t9"
        ON "t3"."study_id" = "t9"."study_id"
      LEFT OUTER JOIN (
        SELECT
          "t4"."study_id",
          TRUE AS "is_reported"
        FROM (
          SELECT DISTINCT
            "t1"."study_id"
          FROM "enrollment_metric" AS "t1"
          WHERE
            "t1"."metric" IN ('total_enrolled', 'total_randomized')
            AND "t1"."period_end" <= MAKE_DATE(2026, 6, 30)
            AND "t1"."actual" IS NOT NULL
        ) AS "t4"
      ) AS "t8"
        ON "t3"."study_id" = "t8"."study_id"
    ) AS "t11"
    WHERE
      "t11"."is_reported" IS NULL
  ) AS "t14"
  GROUP BY
    1,
    2,
    3,
    4
) AS "t16"
