SELECT
  "t1"."study_id",
  "t1"."vendor_id",
  COUNT(*) AS "n_rows",
  COUNT(*) FILTER(WHERE
    "t1"."collected") AS "n_collected",
  COUNT(*) AS "n_filled",
  COUNT(*) FILTER(WHERE
    (
      "t1"."numerator" OR "t1"."denominator"
    ) AND "t1"."collected") AS "n_counted",
  CAST(COUNT(*) FILTER(WHERE
    "t1"."numerator" AND "t1"."collected") AS DOUBLE) AS "numerator",
  CAST(COUNT(*) FILTER(WHERE
    "t1"."denominator" AND "t1"."collected") AS DOUBLE) AS "denominator"
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
    (
      "t0"."period_end" <= MAKE_DATE(2026, 6, 30)
    )
    AND (
      "t0"."period_end" > MAKE_DATE(2026, 3, 30)
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
    ) AS "numerator",
    (
      "t0"."period_end" <= MAKE_DATE(2026, 6, 30)
    )
    AND (
      "t0"."period_end" > MAKE_DATE(2026, 3, 30)
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
    ) AS "denominator"
  FROM "vendor_kpi" AS "t0"
) AS "t1"
GROUP BY
  1,
  2
