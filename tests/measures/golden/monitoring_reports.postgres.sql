SELECT
  "t1"."study_id",
  "t1"."site_id",
  "t1"."person_id",
  COUNT(*) AS "n_rows",
  SUM(CASE WHEN COALESCE("t1"."collected", FALSE) THEN 1 ELSE 0 END) AS "n_collected",
  SUM(CASE WHEN COALESCE("t1"."filled", FALSE) THEN 1 ELSE 0 END) AS "n_filled",
  SUM(
    CASE
      WHEN COALESCE("t1"."collected", FALSE)
      THEN CASE
        WHEN COALESCE((
          "t1"."numerator" <> 0
        ) OR (
          "t1"."denominator" <> 0
        ), FALSE)
        THEN 1
        ELSE 0
      END
      ELSE 0
    END
  ) AS "n_counted",
  SUM(CASE WHEN COALESCE("t1"."collected", FALSE) THEN "t1"."numerator" ELSE 0 END) AS "numerator",
  SUM(CASE WHEN COALESCE("t1"."collected", FALSE) THEN "t1"."denominator" ELSE 0 END) AS "denominator"
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
    CAST(CASE
      WHEN (
        "t0"."report_due_dt" <= MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT))
      )
      AND COALESCE("t0"."report_submitted_dt" <= "t0"."report_due_dt", FALSE)
      THEN 1
      ELSE 0
    END AS DOUBLE PRECISION) AS "numerator",
    CAST(CASE
      WHEN "t0"."report_due_dt" <= MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT))
      THEN 1
      ELSE 0
    END AS DOUBLE PRECISION) AS "denominator"
  FROM "monitoring_visit" AS "t0"
) AS "t1"
GROUP BY
  1,
  2,
  3
