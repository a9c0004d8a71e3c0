SELECT
  "t6"."study_id",
  "t6"."site_id",
  "t6"."value",
  "t6"."observed",
  COUNT(*) AS "n_rows",
  COUNT(*) FILTER(WHERE
    "t6"."collected") AS "n_collected",
  COUNT(*) FILTER(WHERE
    "t6"."filled") AS "n_filled",
  COUNT(*) FILTER(WHERE
    "t6"."denominator" AND "t6"."collected") AS "n_counted",
  CAST(0 AS DOUBLE) AS "numerator",
  CAST(COUNT(*) FILTER(WHERE
    "t6"."denominator" AND "t6"."collected") AS DOUBLE) AS "denominator"
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
    (
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
    ) AS "numerator",
    (
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
    ) AS "denominator",
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
    CASE
      WHEN "t4"."sponsor_reported_ts" < MAKE_TIMESTAMP(2026, 7, 1, 0, 0, 0.0)
      THEN "t4"."sponsor_reported_ts"
      ELSE NULL
    END IS NOT NULL AS "observed"
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
