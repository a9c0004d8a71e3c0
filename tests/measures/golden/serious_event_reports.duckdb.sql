SELECT
  "t6"."study_id",
  "t6"."site_id",
  "t6"."value",
  "t6"."observed",
  COUNT(*) AS "n_rows",
  SUM(CASE WHEN COALESCE("t6"."collected", FALSE) THEN 1 ELSE 0 END) AS "n_collected",
  SUM(CASE WHEN COALESCE("t6"."filled", FALSE) THEN 1 ELSE 0 END) AS "n_filled",
  CAST(SUM(CASE WHEN COALESCE("t6"."collected", FALSE) THEN "t6"."denominator" ELSE 0 END) AS BIGINT) AS "n_counted",
  CAST(0 AS DOUBLE) AS "numerator",
  SUM(CASE WHEN COALESCE("t6"."collected", FALSE) THEN "t6"."denominator" ELSE 0 END) AS "denominator"
FROM (
  SELECT
    "t4"."site_aware_ts" IS NOT NULL AS "collected",
    "t4"."sponsor_reported_ts" IS NOT NULL AS "filled",
    "t4"."study_id" AS "key_study_id",
    "t4"."subject_id" AS "key_subject_id",
    "t4"."ae_id" AS "key_ae_id",
    "t4"."_file",
    "t4"."_sheet",
    "t4"."_line",
    "t4"."study_id",
    "t5"."site_id",
    CAST("t4"."site_aware_ts" AS DATE) AS "happened",
    CAST(CASE
      WHEN (
        "t4"."site_aware_ts" < MAKE_TIMESTAMP(2026, 7, 1, 0, 0, 0.0)
      )
      AND (
        (
          CASE
            WHEN "t4"."sponsor_reported_ts" < MAKE_TIMESTAMP(2026, 7, 1, 0, 0, 0.0)
            THEN "t4"."sponsor_reported_ts"
            ELSE NULL
          END IS NOT NULL
        )
        OR (
          (
            EPOCH(
              CAST(COALESCE(
                CASE
                  WHEN "t4"."sponsor_reported_ts" < MAKE_TIMESTAMP(2026, 7, 1, 0, 0, 0.0)
                  THEN "t4"."sponsor_reported_ts"
                  ELSE NULL
                END,
                MAKE_TIMESTAMP(2026, 7, 1, 0, 0, 0.0)
              ) AS TIMESTAMP)
            ) - EPOCH(CAST("t4"."site_aware_ts" AS TIMESTAMP))
          ) > 86400
        )
      )
      AND (
        (
          EPOCH(
            CAST(COALESCE(
              CASE
                WHEN "t4"."sponsor_reported_ts" < MAKE_TIMESTAMP(2026, 7, 1, 0, 0, 0.0)
                THEN "t4"."sponsor_reported_ts"
                ELSE NULL
              END,
              MAKE_TIMESTAMP(2026, 7, 1, 0, 0, 0.0)
            ) AS TIMESTAMP)
          ) - EPOCH(CAST("t4"."site_aware_ts" AS TIMESTAMP))
        ) > 86400
      )
      THEN 1
      ELSE 0
    END AS DOUBLE) AS "numerator",
    CAST(CASE
      WHEN (
        "t4"."site_aware_ts" < MAKE_TIMESTAMP(2026, 7, 1, 0, 0, 0.0)
      )
      AND (
        (
          CASE
            WHEN "t4"."sponsor_reported_ts" < MAKE_TIMESTAMP(2026, 7, 1, 0, 0, 0.0)
            THEN "t4"."sponsor_reported_ts"
            ELSE NULL
          END IS NOT NULL
        )
        OR (
          (
            EPOCH(
              CAST(COALESCE(
                CASE
                  WHEN "t4"."sponsor_reported_ts" < MAKE_TIMESTAMP(2026, 7, 1, 0, 0, 0.0)
                  THEN "t4"."sponsor_reported_ts"
                  ELSE NULL
                END,
                MAKE_TIMESTAMP(2026, 7, 1, 0, 0, 0.0)
              ) AS TIMESTAMP)
            ) - EPOCH(CAST("t4"."site_aware_ts" AS TIMESTAMP))
          ) > 86400
        )
      )
      THEN 1
      ELSE 0
    END AS DOUBLE) AS "denominator",
    CAST(CAST(FLOOR(
      (
        EPOCH(
          CAST(COALESCE(
            CASE
              WHEN "t4"."sponsor_reported_ts" < MAKE_TIMESTAMP(2026, 7, 1, 0, 0, 0.0)
              THEN "t4"."sponsor_reported_ts"
              ELSE NULL
            END,
            MAKE_TIMESTAMP(2026, 7, 1, 0, 0, 0.0)
          ) AS TIMESTAMP)
        ) - EPOCH(CAST("t4"."site_aware_ts" AS TIMESTAMP))
      ) / 3600
    ) AS BIGINT) AS DOUBLE) AS "value",
    CAST(CASE
      WHEN CASE
        WHEN "t4"."sponsor_reported_ts" < MAKE_TIMESTAMP(2026, 7, 1, 0, 0, 0.0)
        THEN "t4"."sponsor_reported_ts"
        ELSE NULL
      END IS NOT NULL
      THEN 1
      ELSE 0
    END AS DOUBLE) AS "observed"
  FROM (
    SELECT
      *
    FROM "adverse_event" AS "t0"
    WHERE
      "t0"."aeser"
  ) AS "t4"
  LEFT OUTER JOIN (
    SELECT
      "t1"."study_id",
      "t1"."subject_id",
      "t1"."site_id"
    FROM "subject" AS "t1"
  ) AS "t5"
    ON "t4"."study_id" = "t5"."study_id" AND "t4"."subject_id" = "t5"."subject_id"
) AS "t6"
GROUP BY
  1,
  2,
  3,
  4
