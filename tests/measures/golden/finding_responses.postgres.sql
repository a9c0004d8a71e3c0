SELECT
  "t5"."study_id",
  "t5"."site_id",
  "t5"."vendor_id",
  COUNT(*) AS "n_rows",
  SUM(CASE WHEN COALESCE("t5"."collected", FALSE) THEN 1 ELSE 0 END) AS "n_collected",
  COUNT(*) AS "n_filled",
  SUM(
    CASE
      WHEN COALESCE("t5"."collected", FALSE)
      THEN CASE
        WHEN COALESCE((
          "t5"."numerator" <> 0
        ) OR (
          "t5"."denominator" <> 0
        ), FALSE)
        THEN 1
        ELSE 0
      END
      ELSE 0
    END
  ) AS "n_counted",
  SUM(CASE WHEN COALESCE("t5"."collected", FALSE) THEN "t5"."numerator" ELSE 0 END) AS "numerator",
  SUM(CASE WHEN COALESCE("t5"."collected", FALSE) THEN "t5"."denominator" ELSE 0 END) AS "denominator"
FROM (
  SELECT
    "t2"."response_due_dt" IS NOT NULL AS "collected",
    TRUE AS "filled",
    "t2"."finding_id" AS "key_finding_id",
    "t2"."_file",
    "t2"."_sheet",
    "t2"."_line",
    "t4"."study_id",
    "t4"."site_id",
    "t4"."vendor_id",
    "t2"."response_due_dt" AS "happened",
    CAST(CASE
      WHEN (
        COALESCE("t4"."report_dt", "t4"."start_dt") <= MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT))
      )
      AND (
        (
          "t2"."closed_dt" IS NULL
        )
        OR (
          "t2"."closed_dt" > MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT))
        )
      )
      AND (
        "t2"."response_due_dt" < MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT))
      )
      THEN 1
      ELSE 0
    END AS DOUBLE PRECISION) AS "numerator",
    CAST(CASE
      WHEN (
        COALESCE("t4"."report_dt", "t4"."start_dt") <= MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT))
      )
      AND (
        (
          "t2"."closed_dt" IS NULL
        )
        OR (
          "t2"."closed_dt" > MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT))
        )
      )
      THEN 1
      ELSE 0
    END AS DOUBLE PRECISION) AS "denominator"
  FROM "audit_finding" AS "t2"
  LEFT OUTER JOIN (
    SELECT
      "t1"."audit_id",
      "t1"."study_id",
      "t1"."site_id",
      "t1"."vendor_id",
      "t1"."report_dt",
      "t1"."start_dt"
    FROM "audit" AS "t1"
  ) AS "t4"
    ON "t2"."audit_id" = "t4"."audit_id"
) AS "t5"
GROUP BY
  1,
  2,
  3
