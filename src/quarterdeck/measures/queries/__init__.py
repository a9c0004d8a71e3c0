"""The named queries a definition may choose, each an Ibis expression over the contract tables, written once for every engine."""

from __future__ import annotations

from collections.abc import Mapping

from quarterdeck.measures.facts import Query
from quarterdeck.measures.queries import money_and_people, oversight, participants, records, sites

ACTIVATION = ("site_activation", "site_active", "site_activated", "site_open", "green_light", "activation")
AUDITS = ("site", "vendor", "study", "system", "inspection")

QUERIES: Mapping[str, Query] = {
    "audits": Query(oversight.find_audits, {"grade": "major", "audit_types": AUDITS}, ("audit",), ("audit_finding",)),
    "change_order_amounts": Query(oversight.find_change_order_amounts, {}, ("contract",), ("change_order", "fx_rate")),
    "change_orders_and_years": Query(oversight.find_change_orders_and_years, {}, ("contract",), ("change_order",)),
    "cycle_times": Query(money_and_people.find_cycle_times, {}, ("study",)),
    "deviation_reports": Query(participants.find_deviation_reports, {}, ("protocol_deviation",)),
    "deviations_and_visits": Query(participants.find_deviations_and_visits, {"only_important": False}, ("protocol_deviation", "visit")),
    "documents_expected": Query(records.find_documents_expected, {}, ("tmf_document",)),
    "documents_on_time": Query(records.find_documents_on_time, {"days_of_grace": 30}, ("tmf_document",)),
    "documents_without_issue": Query(records.find_documents_without_issue, {}, ("tmf_document",)),
    "enrolled_of_planned": Query(participants.find_enrolled_of_planned, {}, ("subject", "study")),
    "enrolment_counts": Query(
        participants.find_enrolment_counts,
        {"metrics": ("total_enrolled", "total_randomized")},
        (),
        ("enrollment_metric", "subject", "study"),
    ),
    "finding_responses": Query(oversight.find_finding_responses, {}, ("audit_finding",)),
    "monitoring_reports": Query(records.find_monitoring_reports, {}, ("monitoring_visit",)),
    "open_capas": Query(oversight.find_open_capas, {}, ("capa",)),
    "open_invoice_amounts": Query(oversight.find_open_invoice_amounts, {}, ("invoice",), ("fx_rate",)),
    "open_invoices": Query(oversight.find_open_invoices, {}, ("invoice",)),
    "open_queries": Query(records.find_open_queries, {}, ("query",)),
    "page_entries": Query(records.find_page_entries, {}, ("data_page",)),
    "pages_to_verify": Query(records.find_pages_to_verify, {}, ("data_page",), few_count=True),
    "preventable_change_orders": Query(oversight.find_preventable_change_orders, {}, ("change_order",)),
    "progress_and_money": Query(money_and_people.find_progress_and_money, {}, ("budget_line",), ("deliverable", "fx_rate")),
    "query_cycles": Query(records.find_query_cycles, {}, ("query",)),
    "repeat_findings": Query(oversight.find_repeat_findings, {}, ("audit_finding",)),
    "screened": Query(participants.find_screened, {}, ("subject",)),
    "serious_event_reports": Query(participants.find_serious_event_reports, {"hours_allowed": 24}, ("adverse_event",)),
    "site_activations": Query(sites.find_site_activations, {"milestone_types": ACTIVATION}, ("milestone",)),
    "site_start_ups": Query(sites.find_site_start_ups, {}, ("site",)),
    "sites_per_monitor": Query(sites.find_sites_per_monitor, {"role": "cra"}, ("allocation",)),
    "sites_without_participants": Query(sites.find_sites_without_participants, {"days_after_activation": 90}, ("site", "subject")),
    "staff": Query(money_and_people.find_staff, {"employment": ("employee",)}, ("staff",)),
    "study_leavers": Query(participants.find_study_leavers, {}, ("subject",)),
    "survey_cells": Query(money_and_people.find_survey_cells, {}, ("engagement_survey",)),
    "treatment_leavers": Query(participants.find_treatment_leavers, {}, ("subject",)),
    "vendor_kpis": Query(oversight.find_vendor_kpis, {"days_back": 92}, ("vendor_kpi",)),
    "visits_due": Query(participants.find_visits_due, {}, ("visit",)),
}
