SELECT
  *
FROM (
  SELECT
    "t6"."study_id",
    "t6"."vendor_id",
    COUNT(*) AS "n_rows",
    COUNT(*) AS "n_collected",
    COUNT(*) AS "n_filled",
    COUNT(*) FILTER(WHERE
      (
        "t6"."numerator" <> 0
      ) OR (
        "t6"."denominator" <> 0
      )) AS "n_counted",
    SUM("t6"."numerator") AS "numerator",
    SUM("t6"."denominator") AS "denominator"
  FROM (
    SELECT
      TRUE AS "collected",
      TRUE AS "filled",
      "t0"."study_id" AS "key_study_id",
      "t0"."wbs" AS "key_wbs",
      "t0"."period" AS "key_period",
      "t0"."currency" AS "key_currency",
      "t0"."_file",
      "t0"."_sheet",
      "t0"."_line",
      "t0"."study_id",
      "t0"."vendor_id",
      "t0"."period" AS "happened",
      CAST(COALESCE("t0"."actual", 0) + COALESCE("t0"."accrual", 0) AS DOUBLE PRECISION) AS "numerator",
      CAST(COALESCE("t0"."budget_current", 0) AS DOUBLE PRECISION) AS "denominator",
      "t0"."currency" AS "own_currency",
      "t0"."wbs" AS "own_wbs",
      "t0"."cost_category" AS "own_cost_category",
      "t0"."budget_baseline" AS "own_budget_baseline",
      "t0"."budget_current" AS "own_budget_current",
      "t0"."actual" AS "own_actual",
      "t0"."accrual" AS "own_accrual",
      "t0"."forecast" AS "own_forecast"
    FROM "budget_line" AS "t0"
  ) AS "t6"
  GROUP BY
    1,
    2
) AS "t8"
UNION ALL
SELECT
  *
FROM (
  SELECT
    "t7"."study_id",
    "t7"."vendor_id",
    COUNT(*) AS "n_rows",
    COUNT(*) FILTER(WHERE
      "t7"."collected") AS "n_collected",
    COUNT(*) AS "n_filled",
    COUNT(*) FILTER(WHERE
      (
        (
          "t7"."numerator" <> 0
        ) OR (
          "t7"."denominator" <> 0
        )
      )
      AND "t7"."collected") AS "n_counted",
    SUM("t7"."numerator") FILTER(WHERE
      "t7"."collected") AS "numerator",
    SUM("t7"."denominator") FILTER(WHERE
      "t7"."collected") AS "denominator"
  FROM (
    SELECT
      (
        "t3"."planned_units" IS NOT NULL
      ) AND (
        "t3"."unit_price" IS NOT NULL
      ) AS "collected",
      TRUE AS "filled",
      "t3"."deliverable_id" AS "key_deliverable_id",
      "t3"."_file",
      "t3"."_sheet",
      "t3"."_line",
      COALESCE("t3"."study_id", "t5"."contract_study") AS "study_id",
      "t5"."vendor_id",
      "t3"."due_dt" AS "happened",
      CAST("t3"."actual_units" * "t3"."unit_price" AS DOUBLE PRECISION) AS "numerator",
      CAST("t3"."planned_units" * "t3"."unit_price" AS DOUBLE PRECISION) AS "denominator",
      "t3"."currency" AS "own_currency",
      "t3"."unit_type" AS "own_unit_type",
      "t3"."delivered_dt" AS "own_delivered",
      "t3"."due_dt" AS "own_due"
    FROM "deliverable" AS "t3"
    LEFT OUTER JOIN (
      SELECT
        "t2"."contract_id",
        "t2"."vendor_id",
        "t2"."study_id" AS "contract_study"
      FROM "contract" AS "t2"
    ) AS "t5"
      ON "t3"."contract_id" = "t5"."contract_id"
  ) AS "t7"
  GROUP BY
    1,
    2
) AS "t9"
