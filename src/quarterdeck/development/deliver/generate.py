"""Sessions built from the live portfolio: a board meeting, an inspection and a negotiation about one's own figures at a named snapshot."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from quarterdeck.development.deliver.example import EXAMPLE_ID, open_example
from quarterdeck.development.deliver.scenario import Scenario, build_scenario, get_scenario
from quarterdeck.development.deliver.topics import expect_cause, expect_record, expect_step, load_topics
from quarterdeck.measures.evaluate import evaluate
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.errors import BadInput, NotFound

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

KINDS = ("board", "inspection", "negotiation")
DOMINANT = 0.5


def find_session(name: str, snapshot: Snapshot | None) -> Scenario:
    """An authored conversation by its id, or one built from facts: live-board, live-inspection, live-negotiation, live-negotiation-VENDOR.

    Where there are no facts, or none to talk about, the example portfolio stands in, and title and brief say so.
    """
    if not name.startswith("live-"):
        return get_scenario(name)
    kind, _, vendor = name.removeprefix("live-").partition("-")
    if snapshot is not None:
        try:
            return generate(kind, snapshot, vendor)
        except NotFound:
            if vendor:
                raise
    return generate(kind, open_example())


def generate(kind: str, snapshot: Snapshot, vendor: str = "") -> Scenario:
    """A scenario of this kind from the snapshot; a negotiation may be with one vendor.

    Raises BadInput for another kind, NotFound where the snapshot has nothing to talk about.
    """
    if kind not in KINDS or (vendor and kind != "negotiation"):
        raise BadInput("No session of this kind can be built from data", thing=f"{kind} {vendor}".strip(), allowed=KINDS)
    if kind == "negotiation":
        content = build_negotiation(snapshot, vendor)
    else:
        content = {"board": build_board, "inspection": build_inspection}[kind](snapshot)
    if snapshot.id == EXAMPLE_ID:
        content["title"] = f"Example: {content['title'].replace('your own', 'an invented')}"
        content["brief"] = f"This is an invented example portfolio, not yours. {content['brief']}"
    return build_scenario(content, f"generated {kind} at snapshot {snapshot.id[:12]}")


def build_board(snapshot: Snapshot) -> dict[str, Any]:
    """A board meeting about the largest deviations: the latest trial, the budget, the overdue CAPA, the vendor that holds most."""
    topics = [
        t
        for t in (_late_trial(snapshot), _budget(snapshot), _overdue_capa(snapshot), _vendor_share(snapshot), _non_enrolling(snapshot))
        if t
    ]
    if len(topics) < 2:
        raise NotFound(
            "The snapshot holds too little for a board session",
            thing=snapshot.id[:12],
            next_step="Load milestones, budget lines, CAPA or contracts, or take an authored session.",
        )
    states: dict[str, Any] = {
        "headline": {
            "say": "Good morning. What is the most important thing we should know about the portfolio today?",
            "expects": ["headline"],
        }
    }
    expectations: dict[str, Any] = {
        "headline": _expect(
            "the answer first, with a figure",
            [f"{_cue(topics[0]['number'])}", "# .. late|over|overdue|share|percent|months|days"],
            "First sentence: what, by how much.",
            f"{topics[0]['short']} …",
            topics[0]["truth"],
        )
    }
    for n, topic in enumerate(topics, 1):
        states[f"challenge_{n}"] = {"say": topic["challenge"], "expects": [f"cause_{n}", f"step_{n}"]}
        about = load_topics()[topic["id"]]
        expectations[f"cause_{n}"], expectations[f"step_{n}"] = expect_cause(about), expect_step(about)
    states["ask"] = {"say": "And what do you want from us?", "expects": ["ask"]}
    expectations["ask"] = _expect(
        "one clear request",
        ["ask|approve|need|want|decide|support|request .. you|#|to|for|today|the"],
        "One verb.",
        "I ask you to …",
        "I ask you to approve the recovery plan today.",
    )
    return {
        "id": f"live-board-{snapshot.id[:8]}", "type": "board", "title": "Board meeting about your own portfolio", "competencies": ["F2.1", "D5", "T3"], "level": 2,
        "brief": f"The figures are those of {wording.day(snapshot.data_cut)}. Answer first, then cause, then what you ask for.",
        "states": states, "expectations": expectations, "sources": [t["source"] for t in topics],
    }  # fmt: skip


def build_inspection(snapshot: Snapshot) -> dict[str, Any]:
    """An inspection about the own open items: overdue CAPA, missing documents, late monitoring reports, open deviations."""
    items = [i for i in (_overdue_capa(snapshot), _tmf_gap(snapshot), _late_reports(snapshot), _deviations(snapshot)) if i]
    if not items:
        raise NotFound(
            "The snapshot shows no open item for an inspection",
            thing=snapshot.id[:12],
            next_step="Load CAPA, TMF documents, monitoring visits or deviations, or take an authored session.",
        )
    states: dict[str, Any] = {}
    expectations: dict[str, Any] = {}
    for n, item in enumerate(items, 1):
        states[f"q{n}"] = {"say": item["question"], "expects": [f"fact_{n}", f"action_{n}"]}
        states[f"q{n}_document"] = {"say": "Which document shows that?", "expects": [f"document_{n}"]}
        about = load_topics()[item["id"]]
        expectations[f"fact_{n}"] = _expect(
            f"the true figure of {about.about}",
            [_cue(item["number"])],
            "The figure is in your own data.",
            f"{item['short']} …",
            item["truth"],
        )
        expectations[f"action_{n}"] = expect_step(about, "who corrects")
        expectations[f"document_{n}"] = expect_record(about)
    worst = items[0]
    return {
        "id": f"live-inspection-{snapshot.id[:8]}", "type": "inspection", "title": "Inspection of your own open items", "competencies": ["T1", "T5", "D3", "R1"], "level": 2,
        "brief": f"The inspector has your data of {wording.day(snapshot.data_cut)}. Answer what is asked, truthfully, with the document.",
        "lines": {"counter_example": [f"You say it is always so. {worst['truth']}"]},
        "states": states, "expectations": expectations, "sources": [i["source"] for i in items],
    }  # fmt: skip


def build_negotiation(snapshot: Snapshot, vendor: str = "") -> dict[str, Any]:
    """A negotiation with a vendor: the one named, or that of the largest open change orders, or else of the largest contract."""
    row = _demand(snapshot, vendor)
    asked = float(row["asked"])
    label = [wording.money(part * asked, row["currency"] or "GBP") for part in (0.35, 0.6, 1.0)]
    about = (
        f"{wording.plural(int(row['orders']), 'open change order')} of together {label[2]}"
        if row["orders"]
        else f"an increase of {label[2]}"
    )
    return {
        "id": f"live-negotiation-{snapshot.id[:8]}", "type": "negotiation", "title": f"Negotiation with {row['name']}", "competencies": ["T4", "F2.2"], "level": 2,
        "brief": f"{row['name']} asks for {about}.{_scorecard(snapshot, row['vendor_id'])} Your walk-away is 40 points.",
        "states": {"explore": {"kind": "ask_offer", "say": "You have seen our figures. How do you want to go on?"}},
        "facts": [
            {"id": "cash", "say": "Our year end matters. Money that arrives before then is worth more to us."},
            {"id": "staff", "say": "My people ask what comes after this study. A pipeline would keep them."},
            {"id": "reference", "say": "A reference from you would help us this year."},
        ],
        "issues": {
            "reservation": {"you": 40, "them": 40},
            "list": _issues(label),
        },
        "sources": ["contract, change_order, vendor_kpi"],
    }  # fmt: skip


def _demand(snapshot: Snapshot, vendor: str) -> dict[str, Any]:
    # What the vendor asks for: its open change orders, or 8% more on its contracts.
    only = f"v.vendor_id = '{_plain(vendor)}'" if vendor else "true"
    row = _one(
        snapshot,
        f"""
        SELECT v.name, c.vendor_id, c.currency, sum(o.value) AS asked, count(*) AS orders FROM change_order o JOIN contract c USING (contract_id)
        JOIN vendor v ON v.vendor_id = c.vendor_id WHERE o.status IN ('draft', 'negotiation') AND {only} GROUP BY ALL ORDER BY asked DESC NULLS LAST, v.name LIMIT 1""",
    )
    if row is None or not row["asked"]:
        row = _one(
            snapshot,
            f"""
            SELECT v.name, c.vendor_id, c.currency, 0.08 * sum(c.value) AS asked, 0 AS orders FROM contract c JOIN vendor v USING (vendor_id)
            WHERE {only} GROUP BY ALL ORDER BY asked DESC NULLS LAST, v.name LIMIT 1""",
        )
    if row is None or not row["asked"]:
        raise NotFound(
            "The snapshot holds no contract to negotiate",
            thing=f"{snapshot.id[:12]} {vendor}".strip(),
            next_step="Load vendors, contracts and change orders, or take an authored session.",
        )
    return row


def _scorecard(snapshot: Snapshot, vendor_id: str) -> str:
    kpi = _one(
        snapshot,
        f"SELECT kpi_code, avg(value) AS value, avg(target) AS target FROM vendor_kpi WHERE vendor_id = '{_plain(vendor_id)}' AND target IS NOT NULL GROUP BY 1 ORDER BY abs(avg(value) - avg(target)) DESC, 1 LIMIT 1",
    )
    if kpi is None or kpi["value"] is None:
        return ""
    value, target = (wording.number(float(kpi[key]), 2) for key in ("value", "target"))
    return f" Your scorecard shows {kpi['kpi_code']} at {value} against {target}."


def _issues(prices: list[str]) -> list[dict[str, Any]]:
    return [
        _issue("price", "Paid", [("low", prices[0], 40, 0), ("middle", prices[1], 22, 18), ("high", prices[2], 0, 34)]),
        _issue("timing", "Payment", [("now", "before year end", 4, 24), ("quarter", "next quarter", 8, 10), ("lock", "at database lock", 12, 0)]),
        _issue("team", "Team", [("named", "named for 18 months", 30, 12), ("roles", "by role", 12, 16), ("free", "free choice", 0, 18)]),
        _issue("pipeline", "Next study", [("promised", "first right for two studies", 10, 30), ("talk", "talks in spring", 14, 14), ("none", "no word", 16, 0)]),
    ]  # fmt: skip


def _late_trial(snapshot: Snapshot) -> dict[str, Any] | None:
    row = _one(
        snapshot,
        """
        SELECT coalesce(nickname, study_id) AS name, date_diff('day', est_db_lock_dt, greatest(est_db_lock_dt, m.finish)) AS days FROM study s JOIN
        (SELECT study_id, max(coalesce(actual_finish, forecast_finish, planned_finish)) AS finish FROM milestone WHERE milestone_type ILIKE '%lock%' GROUP BY 1) m USING (study_id)
        WHERE est_db_lock_dt IS NOT NULL AND m.finish > est_db_lock_dt ORDER BY days DESC, 1 LIMIT 1""",
    ) or _one(
        snapshot,
        """
        SELECT coalesce(s.nickname, m.study_id) AS name, max(date_diff('day', m.baseline_finish, coalesce(m.actual_finish, m.forecast_finish, m.planned_finish))) AS days
        FROM milestone m LEFT JOIN study s USING (study_id) WHERE m.baseline_finish IS NOT NULL GROUP BY ALL HAVING days > 0 ORDER BY days DESC, 1 LIMIT 1""",
    )
    if row is None or not row["days"]:
        return None
    months = max(1, round(row["days"] / 30.4375))
    words = wording.plural(months, "month")
    return _topic(
        "late_trial",
        months,
        f"{row['name']} is late by",
        f"{row['name']} is {words} later than its plan.",
        f"{row['name']} is {words} late. What happened, and what do you do about it?",
        "",
        "milestone, study",
    )


def _budget(snapshot: Snapshot) -> dict[str, Any] | None:
    # The measure brings currencies to one and knows the fiscal year; a plain sum would do neither.
    reading = next(iter(evaluate("budget_variance_year", snapshot, "portfolio")), None)
    if reading is None or reading.value is None:
        return None
    percent = round(100 * reading.value, 1)
    if abs(percent) < 1:
        return None
    words = f"{wording.number(abs(percent), 1)}% {'above' if percent > 0 else 'below'}"
    return _topic(
        "budget",
        abs(percent),
        "Spending is",
        f"Spending this year is {words} the approved budget.",
        f"Spending this year is {words} budget. Why, and what now?",
        "",
        "budget_variance_year",
    )


def _overdue_capa(snapshot: Snapshot) -> dict[str, Any] | None:
    row = _one(
        snapshot,
        f"SELECT count(*) AS n, max(date_diff('day', due_dt, {_day(snapshot.data_cut)})) AS days FROM capa WHERE due_dt < {_day(snapshot.data_cut)} AND implemented_dt IS NULL AND status NOT IN ('closed', 'verified')",
    )
    if row is None or not row["n"]:
        return None
    text = f"{wording.plural(row['n'], 'CAPA action')} {'is' if row['n'] == 1 else 'are'} overdue, the oldest by {wording.plural(row['days'], 'day')}."
    return _topic("overdue_capa", row["n"], "Overdue CAPA:", text, f"{text} Why does the board hear of it now?", f"{text} Why?", "capa")


def _tmf_gap(snapshot: Snapshot) -> dict[str, Any] | None:
    row = _one(
        snapshot,
        f"""SELECT study_id, count(*) AS n FROM tmf_document WHERE expected_dt < {_day(snapshot.data_cut)} AND finalized_dt IS NULL
        AND status NOT IN ('approved', 'not_applicable') GROUP BY 1 ORDER BY n DESC, 1 LIMIT 1""",
    )
    if row is None:
        return None
    text = (
        f"{wording.plural(row['n'], 'document')} of {row['study_id']} {'is' if row['n'] == 1 else 'are'} missing or unfinished in the TMF."
    )
    return _topic(
        "tmf_gap",
        row["n"],
        "Missing in the TMF:",
        text,
        text,
        f"How complete is the TMF of {row['study_id']}, and what is missing?",
        "tmf_document",
    )


def _late_reports(snapshot: Snapshot) -> dict[str, Any] | None:
    row = _one(
        snapshot,
        f"SELECT count(*) AS n FROM monitoring_visit WHERE report_due_dt < {_day(snapshot.data_cut)} AND report_approved_dt IS NULL AND start_dt IS NOT NULL",
    )
    if row is None or not row["n"]:
        return None
    text = f"{wording.plural(row['n'], 'monitoring report')} {'is' if row['n'] == 1 else 'are'} past due without approval."
    return _topic(
        "late_reports",
        row["n"],
        "Late reports:",
        text,
        text,
        "How many monitoring reports are past their due date, and why?",
        "monitoring_visit",
    )


def _deviations(snapshot: Snapshot) -> dict[str, Any] | None:
    row = _one(snapshot, "SELECT count(*) AS n FROM protocol_deviation WHERE deemedimportant AND status <> 'closed'")
    if row is None or not row["n"]:
        return None
    text = f"{wording.plural(row['n'], 'important deviation')} {'is' if row['n'] == 1 else 'are'} still open."
    return _topic(
        "deviations",
        row["n"],
        "Open deviations:",
        text,
        text,
        "How many important deviations are open, and who decides on them?",
        "protocol_deviation",
    )


def _vendor_share(snapshot: Snapshot) -> dict[str, Any] | None:
    row = _one(
        snapshot,
        "SELECT v.name, sum(c.value) / (SELECT sum(value) FROM contract) AS part FROM contract c JOIN vendor v USING (vendor_id) GROUP BY 1 ORDER BY part DESC NULLS LAST, 1 LIMIT 1",
    )
    if row is None or row["part"] is None or float(row["part"]) <= DOMINANT:
        return None
    percent = round(100 * float(row["part"]))
    text = f"{row['name']} holds {percent}% of the contract value."
    return _topic("vendor_share", percent, f"{row['name']} holds", text, f"{text} Is that wise?", "", "contract, vendor")


def _non_enrolling(snapshot: Snapshot) -> dict[str, Any] | None:
    row = _one(
        snapshot,
        """SELECT count(*) AS n FROM site s WHERE s.site_status = 'active' AND NOT EXISTS
        (SELECT 1 FROM subject x WHERE x.study_id = s.study_id AND x.site_id = s.site_id AND x.enroll_dt IS NOT NULL)""",
    )
    if row is None or not row["n"]:
        return None
    text = f"{wording.plural(row['n'], 'active site')} {'has' if row['n'] == 1 else 'have'} not enrolled anyone."
    return _topic("silent_sites", row["n"], "Sites without participants:", text, f"{text} Why are they open?", "", "site, subject")


def _topic(identifier: str, number: float, short: str, truth: str, challenge: str, question: str, source: str) -> dict[str, Any]:
    return {
        "id": identifier,
        "number": number,
        "short": short,
        "truth": truth,
        "challenge": challenge,
        "question": question or truth,
        "source": source,
    }


def _cue(number: float) -> str:
    shown = wording.number(number, 0 if number == int(number) else 1)
    return f"{shown}|{shown}%|{shown.replace(',', '')}"


def _expect(what: str, cues: list[str], hint: str, prompt: str, told: str) -> dict[str, Any]:
    return {"what": what, "cues": cues, "hint": hint, "prompt": prompt, "assert": told}


def _issue(identifier: str, name: str, options: list[tuple[str, str, float, float]]) -> dict[str, Any]:
    return {
        "id": identifier,
        "name": name,
        "options": [{"id": i, "label": label, "you": you, "them": them} for i, label, you, them in options],
    }


def _one(snapshot: Snapshot, sql: str) -> dict[str, Any] | None:
    rows = snapshot.query(sql).to_pylist()
    return dict(rows[0]) if rows else None


def _day(day: date) -> str:
    return f"DATE '{day.isoformat()}'"


def _plain(text: str) -> str:
    return str(text).replace("'", "''")
