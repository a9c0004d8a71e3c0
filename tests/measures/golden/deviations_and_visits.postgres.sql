SELECT
  *
FROM (
  SELECT
    "t11"."study_id",
    "t11"."site_id",
    COUNT(*) AS "n_rows",
    SUM(CASE WHEN COALESCE("t11"."collected", FALSE) THEN 1 ELSE 0 END) AS "n_collected",
    SUM(CASE WHEN COALESCE("t11"."filled", FALSE) THEN 1 ELSE 0 END) AS "n_filled",
    SUM(
      CASE
        WHEN COALESCE("t11"."collected", FALSE)
        AND COALESCE((
          "t11"."numerator" <> 0
        ) OR (
          "t11"."denominator" <> 0
        ), FALSE)
        THEN 1
        ELSE 0
      END
    ) AS "n_counted",
    SUM(CASE WHEN COALESCE("t11"."collected", FALSE) THEN "t11"."numerator" ELSE 0 END) AS "numerator",
    SUM(CASE WHEN COALESCE("t11"."collected", FALSE) THEN "t11"."denominator" ELSE 0 END) AS "denominator"
  FROM (
    SELECT
      "t9"."pd_id" AS "key_pd_id",
      "t9"."_file",
      "t9"."_sheet",
      "t9"."_line",
      "t9"."study_id",
      COALESCE("t9"."site_id", "t9"."subject_site") AS "site_id",
      COALESCE("t9"."deviation_dt", "t9"."detected_dt", "t9"."reported_dt") AS "happened",
      CAST(CASE
        WHEN COALESCE(
          COALESCE("t9"."deviation_dt", "t9"."detected_dt", "t9"."reported_dt") <= MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT)),
          TRUE
        )
        THEN 1
        ELSE 0
      END AS DOUBLE PRECISION) AS "numerator",
      CAST(0 AS DOUBLE PRECISION) AS "denominator",
      TRUE AS "collected",
      TRUE AS "filled"
    FROM (
      SELECT
        "t4"."pd_id",
        "t4"."study_id",
        "t4"."site_id",
        "t4"."subject_id",
        "t4"."dvdecod",
        "t4"."dvterm",
        "t4"."deemedimportant",
        "t4"."deviation_dt",
        "t4"."detected_dt",
        "t4"."reported_dt",
        "t4"."status",
        "t4"."root_cause",
        "t4"."capa_id",
        "t4"."_source",
        "t4"."_file",
        "t4"."_sheet",
        "t4"."_line",
        "t8"."study_id" AS "study_id_right",
        "t8"."subject_id" AS "subject_id_right",
        "t8"."subject_site"
      FROM "protocol_deviation" AS "t4"
      LEFT OUTER JOIN (
        SELECT
          "t2"."study_id",
          "t2"."subject_id",
          "t2"."site_id" AS "subject_site"
        FROM "subject" AS "t2"
      ) AS "t8"
        ON "t4"."study_id" = "t8"."study_id" AND "t4"."subject_id" = "t8"."subject_id"
    ) AS "t9"
  ) AS "t11"
  GROUP BY
    1,
    2
) AS "t13"
UNION ALL
SELECT
  *
FROM (
  SELECT
    "t10"."study_id",
    "t10"."site_id",
    COUNT(*) AS "n_rows",
    SUM(CASE WHEN COALESCE("t10"."collected", FALSE) THEN 1 ELSE 0 END) AS "n_collected",
    SUM(CASE WHEN COALESCE("t10"."filled", FALSE) THEN 1 ELSE 0 END) AS "n_filled",
    SUM(
      CASE
        WHEN COALESCE("t10"."collected", FALSE)
        AND COALESCE((
          "t10"."numerator" <> 0
        ) OR (
          "t10"."denominator" <> 0
        ), FALSE)
        THEN 1
        ELSE 0
      END
    ) AS "n_counted",
    SUM(CASE WHEN COALESCE("t10"."collected", FALSE) THEN "t10"."numerator" ELSE 0 END) AS "numerator",
    SUM(CASE WHEN COALESCE("t10"."collected", FALSE) THEN "t10"."denominator" ELSE 0 END) AS "denominator"
  FROM (
    SELECT
      "t3"."study_id" AS "key_study_id",
      "t3"."subject_id" AS "key_subject_id",
      "t3"."visit" AS "key_visit",
      "t3"."_file",
      "t3"."_sheet",
      "t3"."_line",
      "t3"."study_id",
      "t7"."site_id",
      "t3"."visit_dt" AS "happened",
      CAST(0 AS DOUBLE PRECISION) AS "numerator",
      CAST(CASE
        WHEN (
          "t3"."visit_dt" <= MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT))
        )
        AND (
          (
            "t3"."visit_status" IS NULL
          ) OR (
            "t3"."visit_status" <> 'missed'
          )
        )
        THEN 1
        ELSE 0
      END AS DOUBLE PRECISION) AS "denominator",
      TRUE AS "collected",
      TRUE AS "filled"
    FROM "visit" AS "t3"
    LEFT OUTER JOIN (
      SELECT
        "t2"."study_id",
        "t2"."subject_id",
        "t2"."site_id"
      FROM "subject" AS "t2"
    ) AS "t7"
      ON "t3"."study_id" = "t7"."study_id" AND "t3"."subject_id" = "t7"."subject_id"
  ) AS "t10"
  GROUP BY
    1,
    2
) AS "t12"
