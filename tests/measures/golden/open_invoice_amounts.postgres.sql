SELECT
  "t1"."study_id",
  "t1"."vendor_id",
  COUNT(*) AS "n_rows",
  COUNT(*) FILTER(WHERE
    "t1"."collected") AS "n_collected",
  COUNT(*) AS "n_filled",
  COUNT(*) FILTER(WHERE
    (
      (
        "t1"."numerator" <> 0
      ) OR (
        "t1"."denominator" <> 0
      )
    )
    AND "t1"."collected") AS "n_counted",
  SUM("t1"."numerator") FILTER(WHERE
    "t1"."collected") AS "numerator",
  SUM("t1"."denominator") FILTER(WHERE
    "t1"."collected") AS "denominator"
FROM (
  SELECT
    (
      COALESCE("t0"."received_dt", "t0"."invoice_dt") IS NOT NULL
    )
    AND (
      "t0"."due_dt" IS NOT NULL
    )
    AND (
      "t0"."amount" IS NOT NULL
    )
    AND (
      "t0"."currency" IS NOT NULL
    ) AS "collected",
    TRUE AS "filled",
    "t0"."invoice_id" AS "key_invoice_id",
    "t0"."_file",
    "t0"."_sheet",
    "t0"."_line",
    "t0"."study_id",
    "t0"."vendor_id",
    COALESCE("t0"."received_dt", "t0"."invoice_dt") AS "happened",
    CAST(CASE
      WHEN COALESCE(
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
        ),
        FALSE
      )
      THEN "t0"."amount"
      ELSE 0
    END AS DOUBLE PRECISION) AS "numerator",
    CAST(CASE
      WHEN COALESCE(
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
        ),
        FALSE
      )
      THEN "t0"."amount"
      ELSE 0
    END AS DOUBLE PRECISION) AS "denominator",
    "t0"."currency" AS "own_currency",
    CAST(EXTRACT(epoch FROM CAST(MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT)) AS TIMESTAMP) - CAST(COALESCE("t0"."received_dt", "t0"."invoice_dt") AS TIMESTAMP)) / 86400 AS BIGINT) AS "own_age"
  FROM "invoice" AS "t0"
) AS "t1"
GROUP BY
  1,
  2
