SELECT
  "t7"."study_id",
  "t7"."own_site" AS "site_id",
  SUM("t7"."n_rows") AS "n_rows",
  SUM("t7"."n_collected") AS "n_collected",
  SUM("t7"."n_filled") AS "n_filled",
  SUM("t7"."n_counted") AS "n_counted",
  SUM("t7"."numerator") AS "numerator",
  SUM("t7"."denominator") AS "denominator"
FROM (
  SELECT
    "t6"."study_id",
    "t6"."site_id",
    "t6"."n_rows",
    "t6"."n_collected",
    "t6"."n_filled",
    "t6"."n_counted",
    "t6"."numerator",
    "t6"."denominator",
    "t3"."study_id" AS "study_id_right",
    "t3"."subject_id",
    "t3"."own_site"
  FROM (
    SELECT
      "t4"."study_id",
      "t4"."site_id",
      COUNT(*) AS "n_rows",
      COUNT(*) FILTER(WHERE
        "t4"."collected") AS "n_collected",
      COUNT(*) AS "n_filled",
      COUNT(*) FILTER(WHERE
        "t4"."denominator" AND "t4"."collected") AS "n_counted",
      CAST(COUNT(*) FILTER(WHERE
        "t4"."numerator" AND "t4"."collected") AS DOUBLE) AS "numerator",
      CAST(COUNT(*) FILTER(WHERE
        "t4"."denominator" AND "t4"."collected") AS DOUBLE) AS "denominator"
    FROM (
      SELECT
        (
          COALESCE("t0"."window_end_dt", "t0"."planned_dt") IS NOT NULL
        )
        OR COALESCE("t0"."visit_status" IN ('missed', 'out_of_window'), FALSE) AS "collected",
        TRUE AS "filled",
        "t0"."study_id" AS "key_study_id",
        "t0"."subject_id" AS "key_subject_id",
        "t0"."visit" AS "key_visit",
        "t0"."_file",
        "t0"."_sheet",
        "t0"."_line",
        "t0"."study_id",
        "t0"."subject_id" AS "site_id",
        COALESCE(COALESCE("t0"."window_end_dt", "t0"."planned_dt"), "t0"."visit_dt") AS "happened",
        (
          COALESCE(COALESCE("t0"."window_end_dt", "t0"."planned_dt") < MAKE_DATE(2026, 6, 30), FALSE)
          OR (
            CASE
              WHEN "t0"."visit_dt" <= MAKE_DATE(2026, 6, 30)
              THEN "t0"."visit_dt"
              ELSE NULL
            END IS NOT NULL
          )
          OR (
            COALESCE("t0"."visit_status" IN ('missed', 'out_of_window'), FALSE)
            AND (
              COALESCE("t0"."window_end_dt", "t0"."planned_dt") IS NULL
            )
          )
        )
        AND (
          COALESCE("t0"."visit_status" IN ('missed', 'out_of_window'), FALSE)
          OR (
            COALESCE(
              CASE
                WHEN "t0"."visit_dt" <= MAKE_DATE(2026, 6, 30)
                THEN "t0"."visit_dt"
                ELSE NULL
              END > "t0"."window_end_dt",
              FALSE
            )
            OR COALESCE(
              CASE
                WHEN "t0"."visit_dt" <= MAKE_DATE(2026, 6, 30)
                THEN "t0"."visit_dt"
                ELSE NULL
              END < "t0"."window_start_dt",
              FALSE
            )
          )
          OR (
            CASE
              WHEN "t0"."visit_dt" <= MAKE_DATE(2026, 6, 30)
              THEN "t0"."visit_dt"
              ELSE NULL
            END IS NULL
          )
        ) AS "numerator",
        COALESCE(COALESCE("t0"."window_end_dt", "t0"."planned_dt") < MAKE_DATE(2026, 6, 30), FALSE)
        OR (
          CASE
            WHEN "t0"."visit_dt" <= MAKE_DATE(2026, 6, 30)
            THEN "t0"."visit_dt"
            ELSE NULL
          END IS NOT NULL
        )
        OR (
          COALESCE("t0"."visit_status" IN ('missed', 'out_of_window'), FALSE)
          AND (
            COALESCE("t0"."window_end_dt", "t0"."planned_dt") IS NULL
          )
        ) AS "denominator"
      FROM "visit" AS "t0"
      WHERE
        (
          "t0"."visit_status" IS NULL
        ) OR (
          "t0"."visit_status" <> 'unscheduled'
        )
    ) AS "t4"
    GROUP BY
      1,
      2
  ) AS "t6"
  LEFT OUTER JOIN (
    SELECT
      "t1"."study_id",
      "t1"."subject_id",
      "t1"."site_id" AS "own_site"
    FROM "subject" AS "t1"
  ) AS "t3"
    ON "t6"."study_id" = "t3"."study_id" AND "t6"."site_id" = "t3"."subject_id"
) AS "t7"
GROUP BY
  1,
  2
