"""Evidence: kinds and weights, the five questions (valid, authentic, current, sufficient, reliable), and the status of a competency."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from quarterdeck.development.roles.model import RoleModel
from quarterdeck.vocabulary import wording

KINDS = ("work_product", "witness", "observation", "external_cert", "discussion", "practice", "self_statement")
WEIGHTS: Mapping[str, float] = {
    "work_product": 1.0,
    "witness": 1.0,
    "observation": 1.0,
    "external_cert": 0.8,
    "discussion": 0.7,
    "practice": 0.3,
    "self_statement": 0.2,
}
PERFORMANCE = ("work_product", "witness", "observation")  # practice never becomes performance evidence
COUNTED = (*PERFORMANCE, "discussion", "external_cert")  # what answers the five questions; practice and one's own word never do
CURRENT_YEARS = 3
ENOUGH_ITEMS, ENOUGH_OCCASIONS, ENOUGH_KINDS = 2, 2, 2
STATUSES = ("not started", "practising", "claimed", "evidenced", "assessed")
# From which status to which, and by what. Software stops at "evidenced"; only a named person moves on.
TRANSITIONS = (
    ("not started", "practising", "a practice conversation is kept"),
    ("not started", "claimed", "the learner claims the competency or adds work, a discussion about work, or a certificate"),
    ("practising", "claimed", "the learner claims the competency or adds work, a discussion about work, or a certificate"),
    ("claimed", "evidenced", "two performance items, two occasions, two kinds, current and authentic"),
    ("evidenced", "assessed", "a named assessor decides"),
)
VACSR = ("valid", "authentic", "current", "sufficient", "reliable")


@dataclass(frozen=True, slots=True)
class Item:
    """A piece of evidence. `authentic_by` names the audit event or the witness; `written_by_model` text never counts."""

    id: str
    kind: str
    title: str
    happened_on: date
    competencies: tuple[str, ...]
    criteria: tuple[str, ...] = ()
    job: str = ""
    text: str = ""
    own_action: str = ""
    result: str = ""
    lesson: str = ""
    authentic_by: str = ""
    is_confirmed: bool = False
    written_by_model: bool = False
    artefact: str = ""
    conversation: str = ""
    score: float | None = None
    sha256: str = ""
    replaces: str = ""
    withdrawn_on: str = ""
    withdrawn_because: str = ""

    @property
    def weight(self) -> float:
        """Weight by kind; nothing for text that a model wrote. A discussion that names no piece of work weighs as practice."""
        is_practice = self.kind == "discussion" and not self.artefact
        return 0.0 if self.written_by_model else WEIGHTS["practice" if is_practice else self.kind]

    @property
    def counts(self) -> bool:
        """Whether it may answer the five questions."""
        return self.kind in COUNTED and not self.written_by_model and (self.kind != "discussion" or bool(self.artefact))


@dataclass(frozen=True, slots=True)
class Signature:
    """A named witness's or assessor's word on an item (by id) or a competency (by id)."""

    kind: str
    subject: str
    signed_by: str
    decision: str
    signed_on: date
    remark: str = ""


@dataclass(frozen=True)
class Row:
    """One line of the competency matrix."""

    competency: str
    name: str
    target: int
    level: float
    interval: tuple[float, float]
    best_practice: float | None
    counts: Mapping[str, int]
    vacsr: Mapping[str, bool]
    criteria: tuple[str, ...]
    status: str
    assessed_by: str = ""
    missing: tuple[str, ...] = field(default=())


def judge_item(item: Item, signatures: Iterable[Signature], today: date) -> dict[str, bool]:
    """Valid, authentic, current and reliable for one item ("sufficient" belongs to the competency)."""
    own = [s for s in signatures if s.subject == item.id]
    confirmed = any(s.kind == "witness" and s.decision == "confirmed" for s in own)
    assessor = any(s.kind == "assessor" for s in own)
    return {
        "valid": bool(item.competencies)
        and item.is_confirmed
        and not item.written_by_model
        and (item.kind not in PERFORMANCE or bool(item.own_action)),
        "authentic": bool(item.authentic_by) or confirmed,
        "current": is_current(item.happened_on, today),
        "reliable": confirmed or assessor or item.kind == "external_cert",
    }


def is_current(happened_on: date, today: date) -> bool:
    """Not in the future and at most three years old."""
    return happened_on <= today and (today - happened_on).days <= CURRENT_YEARS * 365.25


def judge_competency(
    competency: str, items: Sequence[Item], signatures: Sequence[Signature], today: date
) -> tuple[dict[str, bool], str, tuple[str, ...]]:
    """The five answers for a competency, its status, and what is missing for "evidenced"."""
    own = [i for i in items if competency in i.competencies and not i.written_by_model]
    counted = [i for i in own if i.counts]
    judged = {i.id: judge_item(i, signatures, today) for i in counted}
    sound = [i for i in counted if i.kind in PERFORMANCE and all(judged[i.id][q] for q in ("valid", "authentic", "current"))]
    beside = [i for i in counted if i.kind not in PERFORMANCE and all(judged[i.id][q] for q in ("valid", "authentic", "current"))]
    missing = _missing(sound, beside, signatures)
    vacsr = {
        "valid": any(judged[i.id]["valid"] for i in counted),
        "authentic": bool(sound),
        "current": any(judged[i.id]["current"] for i in counted),
        "sufficient": not missing,
        "reliable": any(judged[i.id]["reliable"] for i in counted),
    }
    decided = [s for s in signatures if s.kind == "assessor" and s.subject == competency]
    status = "practising" if own else "not started"
    if any(i.counts or i.kind == "self_statement" for i in own):
        status = "claimed"
    if not missing:
        status = "evidenced"
        if decided and max(decided, key=lambda s: s.signed_on).decision == "competent":
            status = "assessed"
    return vacsr, status, missing


def _missing(sound: Sequence[Item], beside: Sequence[Item], signatures: Sequence[Signature]) -> tuple[str, ...]:
    # What is short of "evidenced": items, occasions, kinds. A witness to a piece of work is a kind of its own.
    confirmed = {s.subject for s in signatures if s.kind == "witness" and s.decision == "confirmed"}
    kinds = {i.kind for i in (*sound, *beside)} | {"witness" for i in sound if i.id in confirmed}
    missing = []
    if len(sound) < ENOUGH_ITEMS:
        missing.append(f"{wording.plural(ENOUGH_ITEMS - len(sound), 'more authentic item')} of work or witness")
    if len({i.happened_on for i in sound}) < ENOUGH_OCCASIONS:
        missing.append("a second occasion")
    if len(kinds) < ENOUGH_KINDS:
        missing.append("a second kind of evidence, such as a witness")
    return tuple(missing)


def build_matrix(
    role: RoleModel, levels: Mapping[str, tuple[float, float, float]], items: Sequence[Item], signatures: Sequence[Signature], today: date
) -> list[Row]:
    """The competency matrix. `levels` holds mean and the two ends of the 80% interval by competency."""
    rows = []
    for competency in role.competencies:
        own = [i for i in items if competency.id in i.competencies]
        vacsr, status, missing = judge_competency(competency.id, items, signatures, today)
        practice = [i.score for i in own if i.kind == "practice" and i.score is not None]
        mean, low, high = levels.get(competency.id, (0.0, 0.0, 0.0))
        assessor = [s for s in signatures if s.kind == "assessor" and s.subject == competency.id and s.decision == "competent"]
        rows.append(
            Row(
                competency.id, competency.name, competency.target, mean, (low, high), max(practice, default=None),
                {kind: sum(i.kind == kind for i in own) for kind in KINDS if any(i.kind == kind for i in own)},
                vacsr, tuple(sorted({c for i in own if i.counts for c in i.criteria})), status,
                assessor[-1].signed_by if status == "assessed" and assessor else "", missing,
            )
        )  # fmt: skip
    return rows
