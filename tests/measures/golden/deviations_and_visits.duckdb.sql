SELECT
  *
FROM (
  SELECT
    "t12"."study_id",
    "t12"."site_id",
    COUNT(*) AS "n_rows",
    COUNT(*) AS "n_collected",
    COUNT(*) AS "n_filled",
    COUNT(*) FILTER(WHERE
      "t12"."numerator") AS "n_counted",
    CAST(COUNT(*) FILTER(WHERE
      "t12"."numerator") AS DOUBLE) AS "numerator",
    CAST(0 AS DOUBLE) AS "denominator"
  FROM (
    SELECT
      TRUE AS "collected",
      TRUE AS "filled",
      "t9"."pd_id" AS "key_pd_id",
      "t9"."_file",
      "t9"."_sheet",
      "t9"."_line",
      "t9"."study_id",
      COALESCE("t9"."site_id", "t9"."subject_site") AS "site_id",
      COALESCE("t9"."deviation_dt", "t9"."detected_dt", "t9"."reported_dt") AS "happened",
      COALESCE(
        COALESCE("t9"."deviation_dt", "t9"."detected_dt", "t9"."reported_dt") <= MAKE_DATE(2026, 6, 30),
        TRUE
      ) AS "numerator",
      CAST(0 AS DOUBLE) AS "denominator"
    FROM (
      SELECT
        "t3"."pd_id",
        "t3"."study_id",
        "t3"."site_id",
        "t3"."subject_id",
        "t3"."dvdecod",
        "t3"."dvterm",
        "t3"."deemedimportant",
        "t3"."deviation_dt",
        "t3"."detected_dt",
        "t3"."reported_dt",
        "t3"."status",
        "t3"."root_cause",
        "t3"."capa_id",
        "t3"."_source",
        "t3"."_file",
        "t3"."_sheet",
        "t3"."_line",
        "t7"."study_id" AS "study_id_right",
        "t7"."subject_id" AS "subject_id_right",
        "t7"."subject_site"
      FROM "protocol_deviation" AS "t3"
      LEFT OUTER JOIN (
        SELECT
          "t2"."study_id",
          "t2"."subject_id",
          "t2"."site_id" AS "subject_site"
        FROM "subject" AS "t2"
      ) AS "t7"
        ON "t3"."study_id" = "t7"."study_id" AND "t3"."subject_id" = "t7"."subject_id"
    ) AS "t9"
  ) AS "t12"
  GROUP BY
    1,
    2
) AS "t14"
UNION ALL
SELECT
  *
FROM (
  SELECT
    "t13"."study_id",
    "t13"."own_site" AS "site_id",
    SUM("t13"."n_rows") AS "n_rows",
    SUM("t13"."n_collected") AS "n_collected",
    SUM("t13"."n_filled") AS "n_filled",
    SUM("t13"."n_counted") AS "n_counted",
    SUM("t13"."numerator") AS "numerator",
    SUM("t13"."denominator") AS "denominator"
  FROM (
    SELECT
      "t11"."study_id",
      "t11"."site_id",
      "t11"."n_rows",
      "t11"."n_collected",
      "t11"."n_filled",
      "t11"."n_counted",
      "t11"."numerator",
      "t11"."denominator",
      "t6"."study_id" AS "study_id_right",
      "t6"."subject_id",
      "t6"."own_site"
    FROM (
      SELECT
        "t8"."study_id",
        "t8"."site_id",
        COUNT(*) AS "n_rows",
        COUNT(*) AS "n_collected",
        COUNT(*) AS "n_filled",
        COUNT(*) FILTER(WHERE
          "t8"."denominator") AS "n_counted",
        CAST(0 AS DOUBLE) AS "numerator",
        CAST(COUNT(*) FILTER(WHERE
          "t8"."denominator") AS DOUBLE) AS "denominator"
      FROM (
        SELECT
          TRUE AS "collected",
          TRUE AS "filled",
          "t1"."study_id" AS "key_study_id",
          "t1"."subject_id" AS "key_subject_id",
          "t1"."visit" AS "key_visit",
          "t1"."_file",
          "t1"."_sheet",
          "t1"."_line",
          "t1"."study_id",
          "t1"."subject_id" AS "site_id",
          "t1"."visit_dt" AS "happened",
          CAST(0 AS DOUBLE) AS "numerator",
          (
            "t1"."visit_dt" <= MAKE_DATE(2026, 6, 30)
          )
          AND (
            (
              "t1"."visit_status" IS NULL
            ) OR (
              "t1"."visit_status" <> 'missed'
            )
          ) AS "denominator"
        FROM "visit" AS "t1"
      ) AS "t8"
      GROUP BY
        1,
        2
    ) AS "t11"
    LEFT OUTER JOIN (
      SELECT
        "t2"."study_id",
        "t2"."subject_id",
        "t2"."site_id" AS "own_site"
      FROM "subject" AS "t2"
    ) AS "t6"
      ON "t11"."study_id" = "t6"."study_id" AND "t11"."site_id" = "t6"."subject_id"
  ) AS "t13"
  GROUP BY
    1,
    2
) AS "t15"
