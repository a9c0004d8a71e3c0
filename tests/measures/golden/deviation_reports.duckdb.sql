SELECT
  "t6"."study_id",
  "t6"."site_id",
  "t6"."value",
  "t6"."observed",
  COUNT(*) AS "n_rows",
  COUNT(*) FILTER(WHERE
    "t6"."collected") AS "n_collected",
  COUNT(*) FILTER(WHERE
    "t6"."filled") AS "n_filled",
  COUNT(*) FILTER(WHERE
    "t6"."denominator" AND "t6"."collected") AS "n_counted",
  CAST(0 AS DOUBLE) AS "numerator",
  CAST(COUNT(*) FILTER(WHERE
    "t6"."denominator" AND "t6"."collected") AS DOUBLE) AS "denominator"
FROM (
  SELECT
    COALESCE("t5"."detected_dt", "t5"."deviation_dt") IS NOT NULL AS "collected",
    "t5"."reported_dt" IS NOT NULL AS "filled",
    "t5"."pd_id" AS "key_pd_id",
    "t5"."_file",
    "t5"."_sheet",
    "t5"."_line",
    "t5"."study_id",
    COALESCE("t5"."site_id", "t5"."subject_site") AS "site_id",
    COALESCE("t5"."detected_dt", "t5"."deviation_dt") AS "happened",
    COALESCE("t5"."detected_dt", "t5"."deviation_dt") <= MAKE_DATE(2026, 6, 30) AS "denominator",
    CAST(DATE_DIFF(
      'DAY',
      COALESCE("t5"."detected_dt", "t5"."deviation_dt"),
      COALESCE(
        CASE
          WHEN "t5"."reported_dt" <= MAKE_DATE(2026, 6, 30)
          THEN "t5"."reported_dt"
          ELSE NULL
        END,
        MAKE_DATE(2026, 6, 30)
      )
    ) AS DOUBLE) AS "value",
    CASE
      WHEN "t5"."reported_dt" <= MAKE_DATE(2026, 6, 30)
      THEN "t5"."reported_dt"
      ELSE NULL
    END IS NOT NULL AS "observed"
  FROM (
    SELECT
      "t2"."pd_id",
      "t2"."study_id",
      "t2"."site_id",
      "t2"."subject_id",
      "t2"."dvdecod",
      "t2"."dvterm",
      "t2"."deemedimportant",
      "t2"."deviation_dt",
      "t2"."detected_dt",
      "t2"."reported_dt",
      "t2"."status",
      "t2"."root_cause",
      "t2"."capa_id",
      "t2"."_source",
      "t2"."_file",
      "t2"."_sheet",
      "t2"."_line",
      "t4"."study_id" AS "study_id_right",
      "t4"."subject_id" AS "subject_id_right",
      "t4"."subject_site"
    FROM "protocol_deviation" AS "t2"
    LEFT OUTER JOIN (
      SELECT
        "t1"."study_id",
        "t1"."subject_id",
        "t1"."site_id" AS "subject_site"
      FROM "subject" AS "t1"
    ) AS "t4"
      ON "t2"."study_id" = "t4"."study_id" AND "t2"."subject_id" = "t4"."subject_id"
  ) AS "t5"
) AS "t6"
GROUP BY
  1,
  2,
  3,
  4
