"""The changes a director must know: definitions in changes/*.yaml with typed dates, certainty, conflicts, sources, rule and actions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from quarterdeck.regulation.applicability import Rule, read_rule
from quarterdeck.regulation.lexicon import load_lexicon
from quarterdeck.regulation.loading import HERE, check_keys, check_value, read_yaml
from quarterdeck.regulation.model import BINDING, CERTAINTIES, DATE_KINDS
from quarterdeck.vocabulary.errors import BadInput, NotFound

CHANGES = HERE / "changes"
ACTIONS = HERE / "rules" / "actions.yaml"
# How sure it is that the rule will hold: the classes of the foresight timeline, surest first.
CLASSES = {
    "in_force": "in force",
    "adopted": "adopted, not yet in force everywhere",
    "agreed": "agreed, publication pending",
    "proposed": "proposed or draft",
    "signal": "signal only",
}
LANES = {"law": "Law", "guidance": "Guidance", "consultation": "Consultation"}
SEVERITIES = ("high", "medium", "low")
DOCUMENTS = ("protocol", "consent_form", "monitoring_plan", "contract", "sop", "training", "validation", "plan", "submission")
_REQUIRED = (
    "title",
    "authority",
    "jurisdictions",
    "instrument",
    "binding",
    "class",
    "lane",
    "topics",
    "summary",
    "dates",
    "sources",
    "applicability",
    "implications",
    "actions",
    "severity",
)
_OPTIONAL = ("conflicts", "unknown_dates", "documents", "supersedes", "opportunity", "lever")


@dataclass(frozen=True, slots=True)
class ChangeDate:
    """A date of a change. `first` and `last` differ where only a month, quarter or year is known."""

    label: str
    kind: str
    first: date
    last: date
    certainty: str
    say: str
    region: str = ""
    computed: str = ""

    @property
    def is_exact(self) -> bool:
        """Whether the day is known."""
        return self.first == self.last


@dataclass(frozen=True, slots=True)
class Source:
    """Where a statement comes from."""

    name: str
    certainty: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Sources that disagree, all shown, with the view taken and why."""

    about: str
    view: str
    values: tuple[tuple[str, str, str], ...]  # (value, source, certainty)


@dataclass(frozen=True, slots=True)
class Lever:
    """The effect on start-up, as the forecasts and scenarios take it: days per country, low to high, negative is sooner."""

    country: str
    start_up_days_low: float
    start_up_days_high: float
    certainty: str
    say: str
    cost_low: float = 0.0
    cost_high: float = 0.0
    change: str = ""


@dataclass(frozen=True, slots=True)
class ActionTemplate:
    """A proposal for work: on which document, what, how many days, by which role, and how soon."""

    id: str
    title: str
    document: str
    text: str
    effort_days: tuple[float, float]
    per: str  # organisation or trial
    owner_role: str
    due_days: int
    cost_gbp: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the rules, from first draft to its last correction."""

    id: str
    title: str
    authority: str
    jurisdictions: tuple[str, ...]
    instrument: str
    binding: str
    stage: str  # a key of CLASSES
    lane: str
    topics: tuple[str, ...]
    summary: str
    dates: tuple[ChangeDate, ...]
    sources: tuple[Source, ...]
    rule: Rule
    implications: tuple[str, ...]
    actions: tuple[str, ...]
    severity: str
    conflicts: tuple[Conflict, ...] = ()
    unknown_dates: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    supersedes: tuple[str, ...] = ()
    opportunity: bool = False
    lever: Lever | None = None

    @property
    def certainty(self) -> str:
        """The best certainty among its sources: S, T or M."""
        return min((source.certainty for source in self.sources), key="STM".index)


@cache
def load_changes(folder: Path = CHANGES) -> dict[str, Change]:
    """All changes by id, in the order of their ids. Raises BadInput that names file, key and allowed values."""
    return {path.stem: read_change(path) for path in sorted(folder.glob("*.yaml"))}


def get_change(change_id: str) -> Change:
    """One change. Raises NotFound with the known ids."""
    changes = load_changes()
    if change_id not in changes:
        raise NotFound(
            "There is no such change", thing=change_id, allowed=list(changes), next_step="List them with: quarterdeck regulation changes."
        )
    return changes[change_id]


@cache
def load_actions() -> dict[str, ActionTemplate]:
    """The library of action templates."""
    library = {}
    for name, entry in read_yaml(ACTIONS).items():
        where = f"{ACTIONS.name}, {name}"
        entry = check_keys(entry, where, ("title", "document", "text", "effort_days", "per", "owner_role", "due_days"), ("cost_gbp",))
        check_value(entry["document"], where, DOCUMENTS)
        check_value(entry["per"], where, ("organisation", "trial"))
        cost = entry.get("cost_gbp", (0, 0))
        library[name] = ActionTemplate(
            name,
            entry["title"],
            entry["document"],
            entry["text"],
            (float(entry["effort_days"][0]), float(entry["effort_days"][1])),
            entry["per"],
            entry["owner_role"],
            int(entry["due_days"]),
            (float(cost[0]), float(cost[1])),
        )
    return library


def read_change(path: Path) -> Change:
    """A change from its file."""
    entry = check_keys(read_yaml(path), path.name, _REQUIRED, _OPTIONAL)
    where = path.name
    dates = tuple(_read_date(label, value, f"{where}, dates, {label}") for label, value in entry["dates"].items())
    starts: dict[str, date | None] = {day.label: day.first for day in dates}
    if unknown := sorted(set(entry["actions"]) - set(load_actions())):
        raise BadInput("A change names unknown actions", thing=f"{where}: {', '.join(unknown)}", allowed=sorted(load_actions()))
    if unknown := sorted(set(entry["topics"]) - set(load_lexicon().topics)):
        raise BadInput("A change names unknown topics", thing=f"{where}: {', '.join(unknown)}", allowed=sorted(load_lexicon().topics))
    return Change(
        id=path.stem,
        title=entry["title"],
        authority=entry["authority"],
        jurisdictions=tuple(entry["jurisdictions"]),
        instrument=entry["instrument"],
        binding=check_value(entry["binding"], where, BINDING),
        stage=check_value(entry["class"], where, CLASSES),
        lane=check_value(entry["lane"], where, LANES),
        topics=tuple(entry["topics"]),
        summary=entry["summary"],
        dates=dates,
        sources=tuple(_read_source(value, where) for value in entry["sources"]),
        rule=read_rule(entry["applicability"], path.stem, starts),
        implications=tuple(entry["implications"]),
        actions=tuple(entry["actions"]),
        severity=check_value(entry["severity"], where, SEVERITIES),
        conflicts=tuple(_read_conflict(value, where) for value in entry.get("conflicts", ())),
        unknown_dates=tuple(entry.get("unknown_dates", ())),
        documents=tuple(map(str, entry.get("documents", ()))),
        supersedes=tuple(entry.get("supersedes", ())),
        opportunity=bool(entry.get("opportunity", False)),
        lever=_read_lever(entry["lever"], path.stem) if "lever" in entry else None,
    )


def read_span_of_days(value: object, where: str) -> tuple[date, date]:
    """First and last day of '2026-04-28', '2024-09', '2027-Q1' or '2027'. Raises BadInput."""
    if isinstance(value, date):
        return value, value
    text = str(value)
    if match := re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)", text):
        day = date.fromisoformat(text)
        return day, day
    if match := re.fullmatch(r"(\d{4})-Q([1-4])", text):
        year, quarter = int(match[1]), int(match[2])
        return date(year, 3 * quarter - 2, 1), _month_end(year, 3 * quarter)
    if match := re.fullmatch(r"(\d{4})-(\d\d)", text):
        return date(int(match[1]), int(match[2]), 1), _month_end(int(match[1]), int(match[2]))
    if re.fullmatch(r"\d{4}", text):
        return date(int(text), 1, 1), date(int(text), 12, 31)
    raise BadInput("A date cannot be read", thing=f"{where}: {text}", allowed="YYYY-MM-DD, YYYY-MM, YYYY-Q1, YYYY")


def _month_end(year: int, month: int) -> date:
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)


def _read_date(label: str, value: Any, where: str) -> ChangeDate:
    entry = check_keys(value, where, ("kind", "date", "certainty", "say"), ("region", "computed"))
    first, last = read_span_of_days(entry["date"], where)
    kind, certainty = check_value(entry["kind"], where, DATE_KINDS), check_value(entry["certainty"], where, CERTAINTIES)
    return ChangeDate(label, kind, first, last, certainty, entry["say"], entry.get("region", ""), entry.get("computed", ""))


def _read_source(value: Any, where: str) -> Source:
    entry = check_keys(value, f"{where}, sources", ("name", "certainty"), ("url",))
    return Source(entry["name"], check_value(entry["certainty"], f"{where}, sources", CERTAINTIES), entry.get("url", ""))


def _read_conflict(value: Any, where: str) -> Conflict:
    entry = check_keys(value, f"{where}, conflicts", ("about", "view", "values"))
    values = []
    for item in entry["values"]:
        item = check_keys(item, f"{where}, conflicts, values", ("source", "certainty"), ("date", "text"))
        values.append((str(item.get("date", item.get("text", ""))), item["source"], check_value(item["certainty"], where, CERTAINTIES)))
    return Conflict(entry["about"], entry["view"], tuple(values))


def _read_lever(value: Any, change: str) -> Lever:
    entry = check_keys(value, f"{change}, lever", ("country", "start_up_days", "certainty", "say"), ("cost",))
    low, high = entry["start_up_days"]
    cost = entry.get("cost", (0, 0))
    return Lever(
        entry["country"],
        float(low),
        float(high),
        check_value(entry["certainty"], f"{change}, lever", CERTAINTIES),
        entry["say"],
        float(cost[0]),
        float(cost[1]),
        change,
    )
