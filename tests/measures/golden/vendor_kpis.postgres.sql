SELECT
  "t1"."study_id",
  "t1"."vendor_id",
  COUNT(*) AS "n_rows",
  SUM(CASE WHEN COALESCE("t1"."collected", FALSE) THEN 1 ELSE 0 END) AS "n_collected",
  COUNT(*) AS "n_filled",
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
    (
      "t0"."value" IS NOT NULL
    )
    AND (
      "t0"."target" IS NOT NULL
    )
    AND (
      "t0"."direction" IS NOT NULL
    ) AS "collected",
    TRUE AS "filled",
    "t0"."vendor_id" AS "key_vendor_id",
    "t0"."study_id" AS "key_study_id",
    "t0"."kpi_code" AS "key_kpi_code",
    "t0"."period_end" AS "key_period_end",
    "t0"."_file",
    "t0"."_sheet",
    "t0"."_line",
    NULLIF("t0"."study_id", '') AS "study_id",
    "t0"."vendor_id",
    "t0"."period_end" AS "happened",
    CAST(CASE
      WHEN (
        "t0"."period_end" <= MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT))
      )
      AND (
        "t0"."period_end" > MAKE_DATE(CAST(2026 AS INT), CAST(3 AS INT), CAST(30 AS INT))
      )
      AND (
        (
          (
            "t0"."direction" = 'higher'
          ) AND (
            "t0"."value" < "t0"."target"
          )
        )
        OR (
          (
            "t0"."direction" = 'lower'
          ) AND (
            "t0"."value" > "t0"."target"
          )
        )
      )
      THEN 1
      ELSE 0
    END AS DOUBLE PRECISION) AS "numerator",
    CAST(CASE
      WHEN (
        "t0"."period_end" <= MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT))
      )
      AND (
        "t0"."period_end" > MAKE_DATE(CAST(2026 AS INT), CAST(3 AS INT), CAST(30 AS INT))
      )
      AND (
        (
          "t0"."value" IS NOT NULL
        )
        AND (
          "t0"."target" IS NOT NULL
        )
        AND (
          "t0"."direction" IS NOT NULL
        )
      )
      THEN 1
      ELSE 0
    END AS DOUBLE PRECISION) AS "denominator"
  FROM "vendor_kpi" AS "t0"
) AS "t1"
GROUP BY
  1,
  2
