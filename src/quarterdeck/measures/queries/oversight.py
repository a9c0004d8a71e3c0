"""Queries about oversight: audits and their findings, CAPA, contracts and change orders, invoices, vendor KPIs."""

from __future__ import annotations

from typing import Any

from quarterdeck.evidence.tables import table
from quarterdeck.measures.facts import Context, Part, Relation, build_part, count_days


def find_audits(context: Context) -> list[Part]:
    """One row per audit reported by the cut: how many findings of the stated grade it had."""
    finding = table("audit_finding")
    counted = finding.group_by("audit_id").aggregate(
        n_critical=finding.count(where=finding.grade == "critical"), n_major=finding.count(where=finding.grade == "major")
    )
    kinds = [str(kind) for kind in context["audit_types"]]
    audit = table("audit")
    rows = audit.filter(audit.audit_type.isin(kinds)).left_join(counted, "audit_id")
    day = rows.report_dt.coalesce(rows.start_dt)
    is_known = rows.report_dt.notnull() & (rows.report_dt <= context.day)
    number = rows["n_critical" if context["grade"] == "critical" else "n_major"].fill_null(0)
    return [
        build_part(
            "audit",
            rows,
            study_id=rows.study_id,
            site_id=rows.site_id,
            vendor_id=rows.vendor_id,
            happened=day,
            numerator=is_known.ifelse(number, 0),
            denominator=is_known,
            collected=rows.report_dt.notnull(),
            own_critical=rows.n_critical.fill_null(0),
            own_major=rows.n_major.fill_null(0),
        )
    ]


def _read_findings() -> Relation:
    audit = table("audit").select("audit_id", "study_id", "site_id", "vendor_id", "report_dt", "start_dt")
    return table("audit_finding").left_join(audit, "audit_id")


def find_repeat_findings(context: Context) -> list[Part]:
    """One row per finding reported by the cut: counted where it had been found before."""
    rows = _read_findings()
    day = rows.report_dt.coalesce(rows.start_dt)
    is_known = day <= context.day
    return [
        build_part(
            "audit_finding",
            rows,
            study_id=rows.study_id,
            site_id=rows.site_id,
            vendor_id=rows.vendor_id,
            happened=day,
            numerator=is_known & rows.repeat_finding,
            denominator=is_known,
            collected=rows.repeat_finding.notnull(),
        )
    ]


def find_finding_responses(context: Context) -> list[Part]:
    """One row per finding: counted among open ones where the response is overdue at the cut."""
    rows = _read_findings()
    is_open = (rows.report_dt.coalesce(rows.start_dt) <= context.day) & (rows.closed_dt.isnull() | (rows.closed_dt > context.day))
    return [
        build_part(
            "audit_finding",
            rows,
            study_id=rows.study_id,
            site_id=rows.site_id,
            vendor_id=rows.vendor_id,
            happened=rows.response_due_dt,
            numerator=is_open & (rows.response_due_dt < context.day),
            denominator=is_open,
            collected=rows.response_due_dt.notnull(),
        )
    ]


def find_open_capas(context: Context) -> list[Part]:
    """One row per CAPA: counted among open ones where the action is overdue at the cut. The trial is that of what it answers."""
    capa = table("capa")
    finding = table("audit_finding").select("audit_id", source_id="finding_id")
    audit = table("audit").select("audit_id", audit_study="study_id", audit_site="site_id", audit_vendor="vendor_id")
    finding = finding.left_join(audit, "audit_id").select("source_id", "audit_study", "audit_site", "audit_vendor")
    deviation = table("protocol_deviation").select(source_id="pd_id", deviation_study="study_id", deviation_site="site_id")
    rows = capa.left_join(finding, "source_id").drop("source_id_right").left_join(deviation, "source_id")
    is_done = (rows.implemented_dt <= context.day).fill_null(False) | (
        rows.implemented_dt.isnull() & rows.status.isin(["implemented", "verified", "closed"]).fill_null(False)
    )
    is_open = ~is_done & (rows.status.isnull() | (rows.status != "draft"))
    return [
        build_part(
            "capa",
            rows,
            study_id=rows.audit_study.coalesce(rows.deviation_study),
            site_id=rows.audit_site.coalesce(rows.deviation_site),
            vendor_id=rows.audit_vendor,
            person_id=rows.owner_id,
            happened=rows.due_dt,
            numerator=is_open & (rows.due_dt < context.day),
            denominator=is_open,
            collected=rows.due_dt.notnull(),
        )
    ]


def _read_change_orders() -> Relation:
    contract = table("contract").select("contract_id", "vendor_id", "study_id")
    return table("change_order").left_join(contract, "contract_id")


def find_change_orders_and_years(context: Context) -> list[Part]:
    """Change orders asked for by the cut, rejected ones left out (numerator), and years contracts have run by then (denominator)."""
    order = _read_change_orders()
    asked = order.requested_dt.coalesce(order.submitted_dt, order.executed_dt)
    counts = (asked <= context.day) & (order.status.isnull() | (order.status != "rejected"))
    contract = table("contract")
    last = (contract.end_dt < context.day).ifelse(contract.end_dt, context.day).coalesce(context.day)
    years = count_days(contract.start_dt, last) / 365.25
    orders = build_part(
        "change_order",
        order,
        study_id=order.study_id,
        vendor_id=order.vendor_id,
        happened=asked,
        numerator=counts,
        denominator=0,
        collected=asked.notnull(),
    )
    contracts = build_part(
        "contract",
        contract,
        study_id=contract.study_id,
        vendor_id=contract.vendor_id,
        happened=contract.start_dt,
        numerator=0,
        denominator=(years > 0).ifelse(years, 0).fill_null(0),
        collected=contract.start_dt.notnull(),
    )
    return [orders, contracts]


def find_preventable_change_orders(context: Context) -> list[Part]:
    """One row per change order not rejected: counted where it could have been prevented."""
    order = _read_change_orders()
    asked = order.requested_dt.coalesce(order.submitted_dt, order.executed_dt)
    counts = (asked <= context.day) & (order.status.isnull() | (order.status != "rejected"))
    return [
        build_part(
            "change_order",
            order,
            study_id=order.study_id,
            vendor_id=order.vendor_id,
            happened=asked,
            numerator=counts & order.preventable,
            denominator=counts,
            collected=order.preventable.notnull(),
        )
    ]


def find_change_order_amounts(context: Context) -> list[Part]:
    """Value of change orders asked for by the cut, rejected ones left out (numerator), and of the contracts begun by then (denominator)."""
    order = _read_change_orders()
    asked = order.requested_dt.coalesce(order.submitted_dt, order.executed_dt)
    counts = (asked <= context.day) & (order.status.isnull() | (order.status != "rejected"))
    contract = table("contract")
    has_begun = (contract.start_dt <= context.day).fill_null(False)
    orders = build_part(
        "change_order",
        order,
        study_id=order.study_id,
        vendor_id=order.vendor_id,
        happened=asked,
        numerator=counts.fill_null(False).ifelse(order.value, 0),
        denominator=0,
        own_currency=order.currency,
        collected=asked.notnull() & order.value.notnull() & order.currency.notnull(),
    )
    contracts = build_part(
        "contract",
        contract,
        study_id=contract.study_id,
        vendor_id=contract.vendor_id,
        happened=contract.start_dt,
        numerator=0,
        denominator=has_begun.ifelse(contract.value, 0),
        own_currency=contract.currency,
        collected=contract.start_dt.notnull() & contract.value.notnull() & contract.currency.notnull(),
    )
    return [orders, contracts]


def find_open_invoice_amounts(context: Context) -> list[Part]:
    """One row per invoice: its amount while unpaid (denominator), and where its due day has passed (numerator); its age in days."""
    invoice = table("invoice")
    came, is_open = _find_open(invoice, context)
    return [
        build_part(
            "invoice",
            invoice,
            study_id=invoice.study_id,
            vendor_id=invoice.vendor_id,
            happened=came,
            numerator=(is_open & (invoice.due_dt < context.day)).fill_null(False).ifelse(invoice.amount, 0),
            denominator=is_open.fill_null(False).ifelse(invoice.amount, 0),
            own_currency=invoice.currency,
            own_age=count_days(came, context.day),
            collected=came.notnull() & invoice.due_dt.notnull() & invoice.amount.notnull() & invoice.currency.notnull(),
        )
    ]


def _find_open(invoice: Relation, context: Context) -> tuple[Any, Any]:
    """The day an invoice came, and whether it is unpaid at the cut."""
    came = invoice.received_dt.coalesce(invoice.invoice_dt)
    is_settled = (invoice.paid_dt <= context.day).fill_null(False) | (
        invoice.paid_dt.isnull() & invoice.status.isin(["paid", "rejected"]).fill_null(False)
    )
    return came, (came <= context.day) & ~is_settled


def find_open_invoices(context: Context) -> list[Part]:
    """One row per invoice: counted while unpaid; overdue where its due day has passed; its age from receipt, in days."""
    invoice = table("invoice")
    came, is_open = _find_open(invoice, context)
    return [
        build_part(
            "invoice",
            invoice,
            study_id=invoice.study_id,
            vendor_id=invoice.vendor_id,
            happened=came,
            numerator=is_open & (invoice.due_dt < context.day),
            denominator=is_open,
            value=count_days(came, context.day),
            collected=came.notnull() & invoice.due_dt.notnull(),
        )
    ]


def find_vendor_kpis(context: Context) -> list[Part]:
    """One row per vendor KPI of the last months: counted where it missed its target in the direction it states."""
    kpi = table("vendor_kpi")
    is_recent = (kpi.period_end <= context.day) & (kpi.period_end > context.days_before(context["days_back"]))
    is_missed = ((kpi.direction == "higher") & (kpi.value < kpi.target)) | ((kpi.direction == "lower") & (kpi.value > kpi.target))
    is_judged = kpi.value.notnull() & kpi.target.notnull() & kpi.direction.notnull()
    return [
        build_part(
            "vendor_kpi",
            kpi,
            study_id=kpi.study_id.nullif(""),
            vendor_id=kpi.vendor_id,
            happened=kpi.period_end,
            numerator=is_recent & is_missed,
            denominator=is_recent & is_judged,
            collected=is_judged,
        )
    ]
