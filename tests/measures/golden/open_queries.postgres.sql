SELECT
  "t7"."study_id",
  "t7"."site_id",
  "t7"."value",
  TRUE AS "observed",
  "t7"."n_rows",
  "t7"."n_collected",
  "t7"."n_filled",
  "t7"."n_counted",
  "t7"."numerator",
  "t7"."denominator"
FROM (
  SELECT
    "t6"."study_id",
    "t6"."site_id",
    "t6"."value",
    COUNT(*) AS "n_rows",
    COUNT(*) FILTER(WHERE
      "t6"."collected") AS "n_collected",
    COUNT(*) AS "n_filled",
    COUNT(*) FILTER(WHERE
      "t6"."denominator" AND "t6"."collected") AS "n_counted",
    CAST(0 AS DOUBLE PRECISION) AS "numerator",
    CAST(COUNT(*) FILTER(WHERE
      "t6"."denominator" AND "t6"."collected") AS DOUBLE PRECISION) AS "denominator"
  FROM (
    SELECT
      "t5"."opened_ts" IS NOT NULL AS "collected",
      TRUE AS "filled",
      "t5"."query_id" AS "key_query_id",
      "t5"."_file",
      "t5"."_sheet",
      "t5"."_line",
      "t5"."study_id",
      "t3"."site_id",
      CAST("t5"."opened_ts" AS DATE) AS "happened",
      (
        "t5"."opened_ts" < CAST('2026-07-01T00:00:00' AS TIMESTAMP)
      )
      AND (
        "t5"."closed" IS NULL
      )
      AND NOT (
        (
          "t5"."closed_ts" IS NULL
        ) AND COALESCE("t5"."querystatus" = 'Closed', FALSE)
      ) AS "denominator",
      CAST(CAST(EXTRACT(epoch FROM CAST(MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT)) AS TIMESTAMP) - CAST(CAST("t5"."opened_ts" AS DATE) AS TIMESTAMP)) / 86400 AS BIGINT) AS DOUBLE PRECISION) AS "value"
    FROM (
      SELECT
        "t0"."query_id",
        "t0"."study_id",
        "t0"."subject_id",
        "t0"."visit",
        "t0"."form",
        "t0"."field",
        "t0"."opened_ts",
        "t0"."answered_ts",
        "t0"."closed_ts",
        "t0"."querystatus",
        "t0"."queryage",
        "t0"."marking_group",
        "t0"."_source",
        "t0"."_file",
        "t0"."_sheet",
        "t0"."_line",
        CASE
          WHEN "t0"."closed_ts" < CAST('2026-07-01T00:00:00' AS TIMESTAMP)
          THEN "t0"."closed_ts"
          ELSE NULL
        END AS "closed"
      FROM "query" AS "t0"
      WHERE
        (
          "t0"."querystatus" IS NULL
        ) OR (
          "t0"."querystatus" <> 'Cancelled'
        )
    ) AS "t5"
    LEFT OUTER JOIN (
      SELECT
        "t1"."study_id",
        "t1"."subject_id",
        "t1"."site_id"
      FROM "subject" AS "t1"
    ) AS "t3"
      ON "t5"."study_id" = "t3"."study_id" AND "t5"."subject_id" = "t3"."subject_id"
  ) AS "t6"
  GROUP BY
    1,
    2,
    3
) AS "t7"
