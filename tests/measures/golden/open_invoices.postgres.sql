SELECT
  "t2"."study_id",
  "t2"."vendor_id",
  "t2"."value",
  TRUE AS "observed",
  "t2"."n_rows",
  "t2"."n_collected",
  "t2"."n_filled",
  "t2"."n_counted",
  "t2"."numerator",
  "t2"."denominator"
FROM (
  SELECT
    "t1"."study_id",
    "t1"."vendor_id",
    "t1"."value",
    COUNT(*) AS "n_rows",
    COUNT(*) FILTER(WHERE
      "t1"."collected") AS "n_collected",
    COUNT(*) AS "n_filled",
    COUNT(*) FILTER(WHERE
      "t1"."denominator" AND "t1"."collected") AS "n_counted",
    CAST(0 AS DOUBLE PRECISION) AS "numerator",
    CAST(COUNT(*) FILTER(WHERE
      "t1"."denominator" AND "t1"."collected") AS DOUBLE PRECISION) AS "denominator"
  FROM (
    SELECT
      (
        COALESCE("t0"."received_dt", "t0"."invoice_dt") IS NOT NULL
      )
      AND (
        "t0"."due_dt" IS NOT NULL
      ) AS "collected",
      TRUE AS "filled",
      "t0"."invoice_id" AS "key_invoice_id",
      "t0"."_file",
      "t0"."_sheet",
      "t0"."_line",
      "t0"."study_id",
      "t0"."vendor_id",
      COALESCE("t0"."received_dt", "t0"."invoice_dt") AS "happened",
      (
        COALESCE("t0"."received_dt", "t0"."invoice_dt") <= MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT))
      )
      AND NOT (
        COALESCE(
          "t0"."paid_dt" <= MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT)),
          FALSE
        )
        OR (
          (
            "t0"."paid_dt" IS NULL
          )
          AND COALESCE("t0"."status" IN ('paid', 'rejected'), FALSE)
        )
      )
      AND (
        "t0"."due_dt" < MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT))
      ) AS "numerator",
      (
        COALESCE("t0"."received_dt", "t0"."invoice_dt") <= MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT))
      )
      AND NOT (
        COALESCE(
          "t0"."paid_dt" <= MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT)),
          FALSE
        )
        OR (
          (
            "t0"."paid_dt" IS NULL
          )
          AND COALESCE("t0"."status" IN ('paid', 'rejected'), FALSE)
        )
      ) AS "denominator",
      CAST(CAST(EXTRACT(epoch FROM CAST(MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT)) AS TIMESTAMP) - CAST(COALESCE("t0"."received_dt", "t0"."invoice_dt") AS TIMESTAMP)) / 86400 AS BIGINT) AS DOUBLE PRECISION) AS "value"
    FROM "invoice" AS "t0"
  ) AS "t1"
  GROUP BY
    1,
    2,
    3
) AS "t2"
