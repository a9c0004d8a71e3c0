SELECT
  "t5"."study_id",
  "t5"."vendor_id",
  COUNT(*) AS "n_rows",
  SUM(CASE WHEN COALESCE("t5"."collected", FALSE) THEN 1 ELSE 0 END) AS "n_collected",
  COUNT(*) AS "n_filled",
  SUM(
    CASE
      WHEN COALESCE("t5"."collected", FALSE)
      THEN CASE
        WHEN COALESCE((
          "t5"."numerator" <> 0
        ) OR (
          "t5"."denominator" <> 0
        ), FALSE)
        THEN 1
        ELSE 0
      END
      ELSE 0
    END
  ) AS "n_counted",
  SUM(CASE WHEN COALESCE("t5"."collected", FALSE) THEN "t5"."numerator" ELSE 0 END) AS "numerator",
  SUM(CASE WHEN COALESCE("t5"."collected", FALSE) THEN "t5"."denominator" ELSE 0 END) AS "denominator"
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
    CAST(CASE
      WHEN (
        COALESCE("t2"."requested_dt", "t2"."submitted_dt", "t2"."executed_dt") <= MAKE_DATE(2026, 6, 30)
      )
      AND (
        (
          "t2"."status" IS NULL
        ) OR (
          "t2"."status" <> 'rejected'
        )
      )
      AND "t2"."preventable"
      THEN 1
      ELSE 0
    END AS DOUBLE) AS "numerator",
    CAST(CASE
      WHEN (
        COALESCE("t2"."requested_dt", "t2"."submitted_dt", "t2"."executed_dt") <= MAKE_DATE(2026, 6, 30)
      )
      AND (
        (
          "t2"."status" IS NULL
        ) OR (
          "t2"."status" <> 'rejected'
        )
      )
      THEN 1
      ELSE 0
    END AS DOUBLE) AS "denominator"
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
