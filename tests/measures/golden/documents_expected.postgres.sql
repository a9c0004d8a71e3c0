SELECT
  "t1"."study_id",
  "t1"."site_id",
  "t1"."country",
  COUNT(*) AS "n_rows",
  COUNT(*) FILTER(WHERE
    "t1"."collected") AS "n_collected",
  COUNT(*) FILTER(WHERE
    "t1"."filled") AS "n_filled",
  COUNT(*) FILTER(WHERE
    "t1"."denominator" AND "t1"."collected") AS "n_counted",
  CAST(COUNT(*) FILTER(WHERE
    "t1"."numerator" AND "t1"."collected") AS DOUBLE PRECISION) AS "numerator",
  CAST(COUNT(*) FILTER(WHERE
    "t1"."denominator" AND "t1"."collected") AS DOUBLE PRECISION) AS "denominator"
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
    (
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
    ) AS "numerator",
    "t0"."expected_dt" <= MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT)) AS "denominator"
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
