SELECT
  "t6"."study_id",
  "t6"."site_id",
  "t6"."vendor_id",
  COUNT(*) AS "n_rows",
  COUNT(*) FILTER(WHERE
    "t6"."collected") AS "n_collected",
  COUNT(*) AS "n_filled",
  COUNT(*) FILTER(WHERE
    (
      (
        "t6"."numerator" <> 0
      ) OR "t6"."denominator"
    ) AND "t6"."collected") AS "n_counted",
  SUM("t6"."numerator") FILTER(WHERE
    "t6"."collected") AS "numerator",
  CAST(COUNT(*) FILTER(WHERE
    "t6"."denominator" AND "t6"."collected") AS DOUBLE) AS "denominator"
FROM (
  SELECT
    "t3"."report_dt" IS NOT NULL AS "collected",
    TRUE AS "filled",
    "t3"."audit_id" AS "key_audit_id",
    "t3"."_file",
    "t3"."_sheet",
    "t3"."_line",
    "t3"."study_id",
    "t3"."site_id",
    "t3"."vendor_id",
    COALESCE("t3"."report_dt", "t3"."start_dt") AS "happened",
    CAST(CASE
      WHEN (
        "t3"."report_dt" IS NOT NULL
      )
      AND (
        "t3"."report_dt" <= MAKE_DATE(2026, 6, 30)
      )
      THEN COALESCE("t5"."n_major", 0)
      ELSE 0
    END AS DOUBLE) AS "numerator",
    (
      "t3"."report_dt" IS NOT NULL
    )
    AND (
      "t3"."report_dt" <= MAKE_DATE(2026, 6, 30)
    ) AS "denominator",
    COALESCE("t5"."n_critical", 0) AS "own_critical",
    COALESCE("t5"."n_major", 0) AS "own_major"
  FROM (
    SELECT
      *
    FROM "audit" AS "t0"
    WHERE
      "t0"."audit_type" IN ('site', 'vendor', 'study', 'system', 'inspection')
  ) AS "t3"
  LEFT OUTER JOIN (
    SELECT
      "t1"."audit_id",
      COUNT(*) FILTER(WHERE
        "t1"."grade" = 'critical') AS "n_critical",
      COUNT(*) FILTER(WHERE
        "t1"."grade" = 'major') AS "n_major"
    FROM "audit_finding" AS "t1"
    GROUP BY
      1
  ) AS "t5"
    ON "t3"."audit_id" = "t5"."audit_id"
) AS "t6"
GROUP BY
  1,
  2,
  3
