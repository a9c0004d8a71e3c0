SELECT
  "t5"."study_id",
  "t5"."site_id",
  "t5"."vendor_id",
  COUNT(*) AS "n_rows",
  COUNT(*) FILTER(WHERE
    "t5"."collected") AS "n_collected",
  COUNT(*) AS "n_filled",
  COUNT(*) FILTER(WHERE
    "t5"."denominator" AND "t5"."collected") AS "n_counted",
  CAST(COUNT(*) FILTER(WHERE
    "t5"."numerator" AND "t5"."collected") AS DOUBLE PRECISION) AS "numerator",
  CAST(COUNT(*) FILTER(WHERE
    "t5"."denominator" AND "t5"."collected") AS DOUBLE PRECISION) AS "denominator"
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
    (
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
    ) AS "numerator",
    (
      COALESCE("t4"."report_dt", "t4"."start_dt") <= MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT))
    )
    AND (
      (
        "t2"."closed_dt" IS NULL
      )
      OR (
        "t2"."closed_dt" > MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT))
      )
    ) AS "denominator"
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
