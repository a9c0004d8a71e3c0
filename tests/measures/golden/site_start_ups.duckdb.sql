SELECT
  "t2"."study_id",
  "t2"."site_id",
  "t2"."value",
  "t2"."observed",
  COUNT(*) AS "n_rows",
  COUNT(*) FILTER(WHERE
    "t2"."collected") AS "n_collected",
  COUNT(*) AS "n_filled",
  COUNT(*) FILTER(WHERE
    "t2"."denominator" AND "t2"."collected") AS "n_counted",
  CAST(0 AS DOUBLE) AS "numerator",
  CAST(COUNT(*) FILTER(WHERE
    "t2"."denominator" AND "t2"."collected") AS DOUBLE) AS "denominator"
FROM (
  SELECT
    "t1"."selected_dt" IS NOT NULL AS "collected",
    TRUE AS "filled",
    "t1"."study_id" AS "key_study_id",
    "t1"."site_id" AS "key_site_id",
    "t1"."_file",
    "t1"."_sheet",
    "t1"."_line",
    "t1"."study_id",
    "t1"."site_id",
    COALESCE("t1"."active", MAKE_DATE(2026, 6, 30)) AS "happened",
    (
      "t1"."active" IS NOT NULL
    )
    AND (
      "t1"."selected_dt" <= MAKE_DATE(2026, 6, 30)
    ) AS "numerator",
    "t1"."selected_dt" <= MAKE_DATE(2026, 6, 30) AS "denominator",
    CAST(DATE_DIFF(
      'DAY',
      "t1"."selected_dt",
      COALESCE("t1"."active", "t1"."ended", MAKE_DATE(2026, 6, 30))
    ) AS DOUBLE) AS "value",
    "t1"."active" IS NOT NULL AS "observed"
  FROM (
    SELECT
      "t0"."study_id",
      "t0"."site_id",
      "t0"."investigator_id",
      "t0"."organization_id",
      "t0"."country",
      "t0"."site_status",
      "t0"."selected_dt",
      "t0"."qualification_dt",
      "t0"."contract_executed_dt",
      "t0"."ethics_approval_dt",
      "t0"."initiation_dt",
      "t0"."site_active_dt",
      "t0"."closed_dt",
      "t0"."num_plan_subj",
      "t0"."vendor_id",
      "t0"."_source",
      "t0"."_file",
      "t0"."_sheet",
      "t0"."_line",
      CASE
        WHEN "t0"."site_active_dt" <= MAKE_DATE(2026, 6, 30)
        THEN "t0"."site_active_dt"
        ELSE NULL
      END AS "active",
      CASE
        WHEN "t0"."closed_dt" <= MAKE_DATE(2026, 6, 30)
        THEN "t0"."closed_dt"
        ELSE NULL
      END AS "ended"
    FROM "site" AS "t0"
  ) AS "t1"
) AS "t2"
GROUP BY
  1,
  2,
  3,
  4
