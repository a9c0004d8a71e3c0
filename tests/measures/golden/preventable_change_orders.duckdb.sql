SELECT
  "t5"."study_id",
  "t5"."vendor_id",
  COUNT(*) AS "n_rows",
  COUNT(*) FILTER(WHERE
    "t5"."collected") AS "n_collected",
  COUNT(*) AS "n_filled",
  COUNT(*) FILTER(WHERE
    "t5"."denominator" AND "t5"."collected") AS "n_counted",
  CAST(COUNT(*) FILTER(WHERE
    "t5"."numerator" AND "t5"."collected") AS DOUBLE) AS "numerator",
  CAST(COUNT(*) FILTER(WHERE
    "t5"."denominator" AND "t5"."collected") AS DOUBLE) AS "denominator"
FROM (
  SELECT
    "t2"."preventable" IS NOT NULL AS "collected",
    TRUE AS "filled",
    "t2"."co_id" AS "key_co_id",
    "t2"."_file",
    "t2"."_sheet",
    "t2"."_line",
    "t4"."study_id",
    "t4"."vendor_id",
    COALESCE("t2"."requested_dt", "t2"."submitted_dt", "t2"."executed_dt") AS "happened",
    (
      COALESCE("t2"."requested_dt", "t2"."submitted_dt", "t2"."executed_dt") <= MAKE_DATE(2026, 6, 30)
    )
    AND (
      (
        "t2"."status" IS NULL
      ) OR (
        "t2"."status" <> 'rejected'
      )
    )
    AND "t2"."preventable" AS "numerator",
    (
      COALESCE("t2"."requested_dt", "t2"."submitted_dt", "t2"."executed_dt") <= MAKE_DATE(2026, 6, 30)
    )
    AND (
      (
        "t2"."status" IS NULL
      ) OR (
        "t2"."status" <> 'rejected'
      )
    ) AS "denominator"
  FROM "change_order" AS "t2"
  LEFT OUTER JOIN (
    SELECT
      "t1"."contract_id",
      "t1"."vendor_id",
      "t1"."study_id"
    FROM "contract" AS "t1"
  ) AS "t4"
    ON "t2"."contract_id" = "t4"."contract_id"
) AS "t5"
GROUP BY
  1,
  2
