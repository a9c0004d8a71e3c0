SELECT
  "t16"."study_id",
  "t16"."site_id",
  "t16"."vendor_id",
  "t16"."person_id",
  COUNT(*) AS "n_rows",
  COUNT(*) FILTER(WHERE
    "t16"."collected") AS "n_collected",
  COUNT(*) AS "n_filled",
  COUNT(*) FILTER(WHERE
    "t16"."denominator" AND "t16"."collected") AS "n_counted",
  CAST(COUNT(*) FILTER(WHERE
    "t16"."numerator" AND "t16"."collected") AS DOUBLE PRECISION) AS "numerator",
  CAST(COUNT(*) FILTER(WHERE
    "t16"."denominator" AND "t16"."collected") AS DOUBLE PRECISION) AS "denominator"
FROM (
  SELECT
    "t15"."due_dt" IS NOT NULL AS "collected",
    TRUE AS "filled",
    "t15"."capa_id" AS "key_capa_id",
    "t15"."_file",
    "t15"."_sheet",
    "t15"."_line",
    COALESCE("t15"."audit_study", "t8"."deviation_study") AS "study_id",
    COALESCE("t15"."audit_site", "t8"."deviation_site") AS "site_id",
    "t15"."audit_vendor" AS "vendor_id",
    "t15"."owner_id" AS "person_id",
    "t15"."due_dt" AS "happened",
    NOT (
      COALESCE(
        "t15"."implemented_dt" <= MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT)),
        FALSE
      )
      OR (
        (
          "t15"."implemented_dt" IS NULL
        )
        AND COALESCE("t15"."status" IN ('implemented', 'verified', 'closed'), FALSE)
      )
    )
    AND (
      (
        "t15"."status" IS NULL
      ) OR (
        "t15"."status" <> 'draft'
      )
    )
    AND (
      "t15"."due_dt" < MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT))
    ) AS "numerator",
    NOT (
      COALESCE(
        "t15"."implemented_dt" <= MAKE_DATE(CAST(2026 AS INT), CAST(6 AS INT), CAST(30 AS INT)),
        FALSE
      )
      OR (
        (
          "t15"."implemented_dt" IS NULL
        )
        AND COALESCE("t15"."status" IN ('implemented', 'verified', 'closed'), FALSE)
      )
    )
    AND (
      (
        "t15"."status" IS NULL
      ) OR (
        "t15"."status" <> 'draft'
      )
    ) AS "denominator"
  FROM (
    SELECT
      "t13"."capa_id",
      "t13"."source_type",
      "t13"."source_id",
      "t13"."root_cause",
      "t13"."corrective_action",
      "t13"."preventive_action",
      "t13"."owner_id",
      "t13"."due_dt",
      "t13"."implemented_dt",
      "t13"."effectiveness_due_dt",
      "t13"."effectiveness_dt",
      "t13"."effective",
      "t13"."status",
      "t13"."_source",
      "t13"."_file",
      "t13"."_sheet",
      "t13"."_line",
      "t13"."audit_study",
      "t13"."audit_site",
      "t13"."audit_vendor"
    FROM (
      SELECT
        "t4"."capa_id",
        "t4"."source_type",
        "t4"."source_id",
        "t4"."root_cause",
        "t4"."corrective_action",
        "t4"."preventive_action",
        "t4"."owner_id",
        "t4"."due_dt",
        "t4"."implemented_dt",
        "t4"."effectiveness_due_dt",
        "t4"."effectiveness_dt",
        "t4"."effective",
        "t4"."status",
        "t4"."_source",
        "t4"."_file",
        "t4"."_sheet",
        "t4"."_line",
        "t12"."source_id" AS "source_id_right",
        "t12"."audit_study",
        "t12"."audit_site",
        "t12"."audit_vendor"
      FROM "capa" AS "t4"
      LEFT OUTER JOIN (
        SELECT
          "t9"."source_id",
          "t10"."audit_study",
          "t10"."audit_site",
          "t10"."audit_vendor"
        FROM (
          SELECT
            "t2"."audit_id",
            "t2"."finding_id" AS "source_id"
          FROM "audit_finding" AS "t2"
        ) AS "t9"
        LEFT OUTER JOIN (
          SELECT
            "t3"."audit_id",
            "t3"."study_id" AS "audit_study",
            "t3"."site_id" AS "audit_site",
            "t3"."vendor_id" AS "audit_vendor"
          FROM "audit" AS "t3"
        ) AS "t10"
          ON "t9"."audit_id" = "t10"."audit_id"
      ) AS "t12"
        ON "t4"."source_id" = "t12"."source_id"
    ) AS "t13"
  ) AS "t15"
  LEFT OUTER JOIN (
    SELECT
      "t0"."pd_id" AS "source_id",
      "t0"."study_id" AS "deviation_study",
      "t0"."site_id" AS "deviation_site"
    FROM "protocol_deviation" AS "t0"
  ) AS "t8"
    ON "t15"."source_id" = "t8"."source_id"
) AS "t16"
GROUP BY
  1,
  2,
  3,
  4
