SELECT
  "t10"."study_id",
  "t10"."site_id",
  COUNT(*) AS "n_rows",
  COUNT(*) FILTER(WHERE
    "t10"."collected") AS "n_collected",
  COUNT(*) AS "n_filled",
  COUNT(*) FILTER(WHERE
    "t10"."denominator" AND "t10"."collected") AS "n_counted",
  CAST(COUNT(*) FILTER(WHERE
    "t10"."numerator" AND "t10"."collected") AS DOUBLE) AS "numerator",
  CAST(COUNT(*) FILTER(WHERE
    "t10"."denominator" AND "t10"."collected") AS DOUBLE) AS "denominator"
FROM (
  SELECT
    "t4"."n_known" IS NOT NULL AS "collected",
    TRUE AS "filled",
    "t9"."study_id" AS "key_study_id",
    "t9"."site_id" AS "key_site_id",
    "t9"."_file",
    "t9"."_sheet",
    "t9"."_line",
    "t9"."study_id",
    "t9"."site_id",
    "t9"."site_active_dt" AS "happened",
    (
      "t9"."site_active_dt" <= MAKE_DATE(2026, 4, 1)
    )
    AND (
      COALESCE("t9"."n_enrolled", 0) = 0
    ) AS "numerator",
    "t9"."site_active_dt" <= MAKE_DATE(2026, 4, 1) AS "denominator"
  FROM (
    SELECT
      "t7".*
      EXCLUDE ("study_id_right", "site_id_right")
    FROM (
      SELECT
        "t2"."study_id",
        "t2"."site_id",
        "t2"."investigator_id",
        "t2"."organization_id",
        "t2"."country",
        "t2"."site_status",
        "t2"."selected_dt",
        "t2"."qualification_dt",
        "t2"."contract_executed_dt",
        "t2"."ethics_approval_dt",
        "t2"."initiation_dt",
        "t2"."site_active_dt",
        "t2"."closed_dt",
        "t2"."num_plan_subj",
        "t2"."vendor_id",
        "t2"."_source",
        "t2"."_file",
        "t2"."_sheet",
        "t2"."_line",
        "t6"."study_id" AS "study_id_right",
        "t6"."site_id" AS "site_id_right",
        "t6"."n_enrolled"
      FROM "site" AS "t2"
      LEFT OUTER JOIN (
        SELECT
          "t0"."study_id",
          "t0"."site_id",
          COUNT(*) FILTER(WHERE
            COALESCE("t0"."enroll_dt", "t0"."rand_dt") <= MAKE_DATE(2026, 6, 30)) AS "n_enrolled"
        FROM "subject" AS "t0"
        GROUP BY
          1,
          2
      ) AS "t6"
        ON "t2"."study_id" = "t6"."study_id" AND "t2"."site_id" = "t6"."site_id"
    ) AS "t7"
  ) AS "t9"
  LEFT OUTER JOIN (
    SELECT
      "t0"."study_id",
      COUNT(*) AS "n_known"
    FROM "subject" AS "t0"
    GROUP BY
      1
  ) AS "t4"
    ON "t9"."study_id" = "t4"."study_id"
) AS "t10"
GROUP BY
  1,
  2
