SELECT
  "t1"."team_id",
  COUNT(*) AS "n_rows",
  COUNT(*) FILTER(WHERE
    "t1"."collected") AS "n_collected",
  COUNT(*) AS "n_filled",
  COUNT(*) FILTER(WHERE
    (
      (
        "t1"."numerator" <> 0
      ) OR (
        "t1"."denominator" <> 0
      )
    )
    AND "t1"."collected") AS "n_counted",
  SUM("t1"."numerator") FILTER(WHERE
    "t1"."collected") AS "numerator",
  SUM("t1"."denominator") FILTER(WHERE
    "t1"."collected") AS "denominator"
FROM (
  SELECT
    (
      "t0"."score" IS NOT NULL
    ) AND (
      "t0"."n_responded" IS NOT NULL
    ) AS "collected",
    TRUE AS "filled",
    "t0"."survey_id" AS "key_survey_id",
    "t0"."team_id" AS "key_team_id",
    "t0"."question_group" AS "key_question_group",
    "t0"."_file",
    "t0"."_sheet",
    "t0"."_line",
    "t0"."team_id",
    "t0"."survey_dt" AS "happened",
    "t0"."score" * "t0"."n_responded" AS "numerator",
    CAST("t0"."n_responded" AS DOUBLE) AS "denominator",
    "t0"."survey_id" AS "own_survey",
    "t0"."question_group" AS "own_group",
    "t0"."n_invited" AS "own_invited",
    "t0"."n_responded" AS "own_responded",
    "t0"."score" AS "own_score",
    "t0"."benchmark_p75" AS "own_p75"
  FROM "engagement_survey" AS "t0"
  WHERE
    "t0"."survey_dt" <= MAKE_DATE(2026, 6, 30)
) AS "t1"
GROUP BY
  1
