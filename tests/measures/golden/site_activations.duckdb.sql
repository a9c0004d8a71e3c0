SELECT
  "t7"."study_id",
  "t7"."site_id",
  "t7"."value",
  "t7"."observed",
  COUNT(*) AS "n_rows",
  COUNT(*) FILTER(WHERE
    "t7"."collected") AS "n_collected",
  COUNT(*) AS "n_filled",
  COUNT(*) FILTER(WHERE
    "t7"."denominator" AND "t7"."collected") AS "n_counted",
  CAST(0 AS DOUBLE) AS "numerator",
  CAST(COUNT(*) FILTER(WHERE
    "t7"."denominator" AND "t7"."collected") AS DOUBLE) AS "denominator"
FROM (
  SELECT
    COALESCE("t6"."baseline_finish", "t6"."planned_finish") IS NOT NULL AS "collected",
    TRUE AS "filled",
    "t6"."milestone_id" AS "key_milestone_id",
    "t6"."_file",
    "t6"."_sheet",
    "t6"."_line",
    "t6"."study_id",
    "t6"."site_id",
    COALESCE("t6"."baseline_finish", "t6"."planned_finish") AS "happened",
    (
      COALESCE("t6"."baseline_finish", "t6"."planned_finish") <= MAKE_DATE(2026, 6, 30)
    )
    AND NOT (
      COALESCE("t6"."site_status" = 'dropped', FALSE)
    ) AS "denominator",
    CAST(DATE_DIFF(
      'DAY',
      COALESCE("t6"."baseline_finish", "t6"."planned_finish"),
      COALESCE(
        CASE
          WHEN COALESCE("t6"."actual_finish", "t6"."site_active_dt") <= MAKE_DATE(2026, 6, 30)
          THEN COALESCE("t6"."actual_finish", "t6"."site_active_dt")
          ELSE NULL
        END,
        MAKE_DATE(2026, 6, 30)
      )
    ) AS DOUBLE) AS "value",
    CASE
      WHEN COALESCE("t6"."actual_finish", "t6"."site_active_dt") <= MAKE_DATE(2026, 6, 30)
      THEN COALESCE("t6"."actual_finish", "t6"."site_active_dt")
      ELSE NULL
    END IS NOT NULL AS "observed"
  FROM (
    SELECT
      "t5"."milestone_id",
      "t5"."study_id",
      "t5"."country",
      "t5"."site_id",
      "t5"."milestone_type",
      "t5"."baseline_finish",
      "t5"."planned_start",
      "t5"."planned_finish",
      "t5"."forecast_finish",
      "t5"."actual_start",
      "t5"."actual_finish",
      "t5"."complete",
      "t5"."owner_id",
      "t5"."_source",
      "t5"."_file",
      "t5"."_sheet",
      "t5"."_line",
      "t3"."study_id" AS "study_id_right",
      "t3"."site_id" AS "site_id_right",
      "t3"."site_active_dt",
      "t3"."site_status"
    FROM (
      SELECT
        *
      FROM "milestone" AS "t0"
      WHERE
        "t0"."site_id" IS NOT NULL
        AND REPLACE(LOWER("t0"."milestone_type"), ' ', '_') IN (
          'site_activation',
          'site_active',
          'site_activated',
          'site_open',
          'green_light',
          'activation'
        )
    ) AS "t5"
    LEFT OUTER JOIN (
      SELECT
        "t1"."study_id",
        "t1"."site_id",
        "t1"."site_active_dt",
        "t1"."site_status"
      FROM "site" AS "t1"
    ) AS "t3"
      ON "t5"."study_id" = "t3"."study_id" AND "t5"."site_id" = "t3"."site_id"
  ) AS "t6"
) AS "t7"
GROUP BY
  1,
  2,
  3,
  4
