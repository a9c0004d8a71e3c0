SELECT
  "t1"."study_id",
  "t1"."site_id",
  "t1"."country",
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
    "t0"."expected_dt" IS NOT NULL AS "collected",
    (
      "t0"."received_dt" IS NOT NULL
    ) OR (
      "t0"."finalized_dt" IS NOT NULL
    ) AS "filled",
    "t0"."tmf_item_id" AS "key_tmf_item_id",
    "t0"."_file",
    "t0"."_sheet",
    "t0"."_line",
    "t0"."study_id",
    "t0"."site_id",
    "t0"."country",
    "t0"."expected_dt" AS "happened",
    CAST(CASE
      WHEN (
        "t0"."expected_dt" <= MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT))
      )
      AND (
        COALESCE(
          COALESCE("t0"."received_dt", "t0"."finalized_dt") <= MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT)),
          FALSE
        )
        OR (
          (
            COALESCE("t0"."received_dt", "t0"."finalized_dt") IS NULL
          )
          AND COALESCE("t0"."status" = 'approved', FALSE)
        )
      )
      THEN 1
      ELSE 0
    END AS DOUBLE PRECISION) AS "numerator",
    CAST(CASE
      WHEN "t0"."expected_dt" <= MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT))
      THEN 1
      ELSE 0
    END AS DOUBLE PRECISION) AS "denominator"
  FROM "tmf_document" AS "t0"
  WHERE
    (
      "t0"."status" IS NULL
    ) OR (
      "t0"."status" <> 'not_applicable'
    )
) AS "t1"
GROUP BY
  1,
  2,
  3
