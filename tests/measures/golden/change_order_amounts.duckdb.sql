SELECT
  *
FROM (
  SELECT
    "t6"."study_id",
    "t6"."vendor_id",
    COUNT(*) AS "n_rows",
    COUNT(*) FILTER(WHERE
      "t6"."collected") AS "n_collected",
    COUNT(*) AS "n_filled",
    COUNT(*) FILTER(WHERE
      (
        "t6"."numerator" <> 0
      ) AND "t6"."collected") AS "n_counted",
    SUM("t6"."numerator") FILTER(WHERE
      "t6"."collected") AS "numerator",
    CAST(0 AS DOUBLE) AS "denominator"
  FROM (
    SELECT
      (
        COALESCE("t2"."requested_dt", "t2"."submitted_dt", "t2"."executed_dt") IS NOT NULL
      )
      AND (
        "t2"."value" IS NOT NULL
      )
      AND (
        "t2"."currency" IS NOT NULL
      ) AS "collected",
      TRUE AS "filled",
      "t2"."co_id" AS "key_co_id",
      "t2"."_file",
      "t2"."_sheet",
      "t2"."_line",
      "t4"."study_id",
      "t4"."vendor_id",
      COALESCE("t2"."requested_dt", "t2"."submitted_dt", "t2"."executed_dt") AS "happened",
      CAST(CASE
        WHEN COALESCE(
          (
            COALESCE("t2"."requested_dt", "t2"."submitted_dt", "t2"."executed_dt") <= MAKE_DATE(2026, 6, 30)
          )
          AND (
            (
              "t2"."status" IS NULL
            ) OR (
              "t2"."status" <> 'rejected'
            )
          ),
          FALSE
        )
        THEN "t2"."value"
        ELSE 0
      END AS DOUBLE) AS "numerator",
      CAST(0 AS DOUBLE) AS "denominator",
      "t2"."currency" AS "own_currency"
    FROM "change_order" AS "t2"
    LEFT OUTER JOIN (
      SELECT
        "t0"."contract_id",
        "t0"."vendor_id",
        "t0"."study_id"
      FROM "contract" AS "t0"
    ) AS "t4"
      ON "t2"."contract_id" = "t4"."contract_id"
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
    "t5"."study_id",
    "t5"."vendor_id",
    COUNT(*) AS "n_rows",
    COUNT(*) FILTER(WHERE
      "t5"."collected") AS "n_collected",
    COUNT(*) AS "n_filled",
    COUNT(*) FILTER(WHERE
      (
        "t5"."denominator" <> 0
      ) AND "t5"."collected") AS "n_counted",
    CAST(0 AS DOUBLE) AS "numerator",
    SUM("t5"."denominator") FILTER(WHERE
      "t5"."collected") AS "denominator"
  FROM (
    SELECT
      (
        "t0"."start_dt" IS NOT NULL
      )
      AND (
        "t0"."value" IS NOT NULL
      )
      AND (
        "t0"."currency" IS NOT NULL
      ) AS "collected",
      TRUE AS "filled",
      "t0"."contract_id" AS "key_contract_id",
      "t0"."_file",
      "t0"."_sheet",
      "t0"."_line",
      "t0"."study_id",
      "t0"."vendor_id",
      "t0"."start_dt" AS "happened",
      CAST(0 AS DOUBLE) AS "numerator",
      CAST(CASE
        WHEN COALESCE("t0"."start_dt" <= MAKE_DATE(2026, 6, 30), FALSE)
        THEN "t0"."value"
        ELSE 0
      END AS DOUBLE) AS "denominator",
      "t0"."currency" AS "own_currency"
    FROM "contract" AS "t0"
  ) AS "t5"
  GROUP BY
    1,
    2
) AS "t7"
