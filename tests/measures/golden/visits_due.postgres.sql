SELECT
  "t6"."study_id",
  "t6"."site_id",
  COUNT(*) AS "n_rows",
  SUM(CASE WHEN COALESCE("t6"."collected", FALSE) THEN 1 ELSE 0 END) AS "n_collected",
  SUM(CASE WHEN COALESCE("t6"."filled", FALSE) THEN 1 ELSE 0 END) AS "n_filled",
  SUM(
    CASE
      WHEN COALESCE("t6"."collected", FALSE)
      AND COALESCE((
        "t6"."numerator" <> 0
      ) OR (
        "t6"."denominator" <> 0
      ), FALSE)
      THEN 1
      ELSE 0
    END
  ) AS "n_counted",
  SUM(CASE WHEN COALESCE("t6"."collected", FALSE) THEN "t6"."numerator" ELSE 0 END) AS "numerator",
  SUM(CASE WHEN COALESCE("t6"."collected", FALSE) THEN "t6"."denominator" ELSE 0 END) AS "denominator"
FROM (
  SELECT
    "t5"."study_id" AS "key_study_id",
    "t5"."subject_id" AS "key_subject_id",
    "t5"."visit" AS "key_visit",
    "t5"."_file",
    "t5"."_sheet",
    "t5"."_line",
    "t5"."study_id",
    "t3"."site_id",
    COALESCE(COALESCE("t5"."window_end_dt", "t5"."planned_dt"), "t5"."visit_dt") AS "happened",
    CAST(CASE
      WHEN (
        COALESCE(
          COALESCE("t5"."window_end_dt", "t5"."planned_dt") < MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT)),
          FALSE
        )
        OR (
          CASE
            WHEN "t5"."visit_dt" <= MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT))
            THEN "t5"."visit_dt"
            ELSE NULL
          END IS NOT NULL
        )
        OR (
          COALESCE("t5"."visit_status" IN ('missed', 'out_of_window'), FALSE)
          AND (
            COALESCE("t5"."window_end_dt", "t5"."planned_dt") IS NULL
          )
        )
      )
      AND (
        COALESCE("t5"."visit_status" IN ('missed', 'out_of_window'), FALSE)
        OR (
          COALESCE(
            CASE
              WHEN "t5"."visit_dt" <= MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT))
              THEN "t5"."visit_dt"
              ELSE NULL
            END > "t5"."window_end_dt",
            FALSE
          )
          OR COALESCE(
            CASE
              WHEN "t5"."visit_dt" <= MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT))
              THEN "t5"."visit_dt"
              ELSE NULL
            END < "t5"."window_start_dt",
            FALSE
          )
        )
        OR (
          CASE
            WHEN "t5"."visit_dt" <= MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT))
            THEN "t5"."visit_dt"
            ELSE NULL
          END IS NULL
        )
      )
      THEN 1
      ELSE 0
    END AS DOUBLE PRECISION) AS "numerator",
    CAST(CASE
      WHEN COALESCE(
        COALESCE("t5"."window_end_dt", "t5"."planned_dt") < MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT)),
        FALSE
      )
      OR (
        CASE
          WHEN "t5"."visit_dt" <= MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT))
          THEN "t5"."visit_dt"
          ELSE NULL
        END IS NOT NULL
      )
      OR (
        COALESCE("t5"."visit_status" IN ('missed', 'out_of_window'), FALSE)
        AND (
          COALESCE("t5"."window_end_dt", "t5"."planned_dt") IS NULL
        )
      )
      THEN 1
      ELSE 0
    END AS DOUBLE PRECISION) AS "denominator",
    (
      COALESCE("t5"."window_end_dt", "t5"."planned_dt") IS NOT NULL
    )
    OR COALESCE("t5"."visit_status" IN ('missed', 'out_of_window'), FALSE) AS "collected",
    TRUE AS "filled"
  FROM (
    SELECT
      *
    FROM "visit" AS "t0"
    WHERE
      (
        "t0"."visit_status" IS NULL
      ) OR (
        "t0"."visit_status" <> 'unscheduled'
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
  2
