SELECT
  "t1"."study_id",
  "t1"."site_id",
  "t1"."person_id",
  COUNT(*) AS "n_rows",
  COUNT(*) FILTER(WHERE
    "t1"."collected") AS "n_collected",
  COUNT(*) FILTER(WHERE
    "t1"."filled") AS "n_filled",
  COUNT(*) FILTER(WHERE
    "t1"."denominator" AND "t1"."collected") AS "n_counted",
  CAST(COUNT(*) FILTER(WHERE
    "t1"."numerator" AND "t1"."collected") AS DOUBLE) AS "numerator",
  CAST(COUNT(*) FILTER(WHERE
    "t1"."denominator" AND "t1"."collected") AS DOUBLE) AS "denominator"
FROM (
  SELECT
    "t0"."report_due_dt" IS NOT NULL AS "collected",
    "t0"."report_submitted_dt" IS NOT NULL AS "filled",
    "t0"."mv_id" AS "key_mv_id",
    "t0"."_file",
    "t0"."_sheet",
    "t0"."_line",
    "t0"."study_id",
    "t0"."site_id",
    "t0"."cra_id" AS "person_id",
    "t0"."report_due_dt" AS "happened",
    (
      "t0"."report_due_dt" <= MAKE_DATE(2026, 6, 30)
    )
    AND COALESCE("t0"."report_submitted_dt" <= "t0"."report_due_dt", FALSE) AS "numerator",
    "t0"."report_due_dt" <= MAKE_DATE(2026, 6, 30) AS "denominator"
  FROM "monitoring_visit" AS "t0"
) AS "t1"
GROUP BY
  1,
  2,
  3
