"""The desk: what every command and page does with papers, in one call each: gather, draft, render, keep, check."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quarterdeck import __version__
from quarterdeck.papers.check import CheckResult, check_document
from quarterdeck.papers.claims import Line
from quarterdeck.papers.draft import draft_paper
from quarterdeck.papers.editing import apply_reviews, as_json
from quarterdeck.papers.facts import FactBase, Value
from quarterdeck.papers.gather import gather_facts
from quarterdeck.papers.manifest import base_manifest, facts_of
from quarterdeck.papers.model import Paper
from quarterdeck.papers.providers.vendors import ChangeOrderProvider, SelectionProvider
from quarterdeck.papers.readers.pieces import ReadDocument
from quarterdeck.papers.readers.read import read_bytes, read_document
from quarterdeck.papers.render import Rendered, render_paper
from quarterdeck.papers.store import PaperStore
from quarterdeck.papers.template import get_template, load_templates
from quarterdeck.vocabulary.errors import BadInput, NotFound
from quarterdeck.vocabulary.reading import Scope
from quarterdeck.vocabulary.settings import Settings

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot
    from quarterdeck.record.database import Record


FIGURE_KINDS = ("targets", "measure", "overview")  # sections that rest on readings alone


@dataclass
class Desk:
    """Papers over one snapshot of one installation. `now` is given, so that any run can be repeated."""

    settings: Settings
    snapshot: Snapshot
    now: datetime
    record: Record | None = None
    is_latest: bool = True
    _facts: dict[str, FactBase] = field(default_factory=dict)

    @property
    def store(self) -> PaperStore:
        """Where papers are kept."""
        return PaperStore(self.settings)

    def facts(self, given: Mapping[str, tuple[Value, str]] | None = None) -> FactBase:
        """The fact base, with what the author stated in person."""
        key = repr(sorted((given or {}).items()))
        if key not in self._facts:
            self._facts[key] = gather_facts(
                self.snapshot, self.settings, self.record, self.now, self.is_latest, given, self.store.find_base
            )
        return self._facts[key]

    def draft(
        self,
        template_id: str,
        about: Scope = Scope(),
        points: Sequence[Line] = (),
        variant: str = "standard",
        given: Mapping[str, tuple[Value, str]] | None = None,
        title: str = "",
        basis: str = "",
    ) -> Paper:
        """A draft compared with the last paper of its kind from another snapshot. `basis` is the fact of the record that it rests on."""
        template = get_template(template_id)
        facts = self.facts(given)
        about = about if template.about == "portfolio" or about.level == template.about else choose_subject(facts, template.about)
        basis = check_basis(facts, basis) or choose_basis(facts, template.rests_on, about)
        previous = self.store.previous(template_id, str(about), self.snapshot.id)
        return self._next_edition(draft_paper(template, facts, about, previous, points, variant, title, basis), facts)

    def _next_edition(self, paper: Paper, facts: FactBase) -> Paper:
        """The draft with its reviews. Where it was issued and the record says more by now, the draft is the next edition: issued is issued."""
        number, found = 1, apply_reviews(paper, self._reviews(paper.id), facts)
        while self._is_sealed(found.id) and self.store.base(found.id)["facts"] != facts_of(found, facts):
            number += 1
            name = f"{paper.id}-{number}"
            found = apply_reviews(replace(paper, id=name), self._reviews(name), facts)
        return found

    def render(
        self,
        paper: Paper,
        formats: Iterable[str] | None = None,
        pptx_template: Path | None = None,
        given: Mapping[str, tuple[Value, str]] | None = None,
        points: Sequence[Line] = (),
    ) -> Rendered:
        """The paper's files, sealed and kept in the store."""
        template = get_template(paper.template)
        if self._is_sealed(paper.id):
            return self._sealed_files(paper, tuple(formats or template.formats))
        rendered = render_paper(paper, self.facts(given), self.now, tuple(formats or template.formats), pptx_template)
        base = {
            **rendered.base,
            "paragraphs": as_json(paper),
            "points": [line.text for line in points],
            "about": str(paper.about),
            "basis": paper.basis,
            "given": {key: [str(value), unit] for key, (value, unit) in (given or {}).items()},
        }
        self.store.keep(paper.id, base, rendered.files, rendered.manifests)
        return rendered

    def keep_figures(self, template_id: str) -> str:
        """Keep the figures of a paper, without its findings and files, so that the next issue has something to be compared with; the paper's id.

        Findings of a whole portfolio take long to gather; the readings of its measures do not.
        """
        template = get_template(template_id)
        plans = tuple(plan for plan in template.sections if plan.kind in FIGURE_KINDS)
        paper = draft_paper(replace(template, sections=plans, answer="targets"), self.facts())
        base = base_manifest(paper, self.facts(), self.now, __version__, {"template_hash": template.hash})
        extra = {
            "paragraphs": as_json(paper),
            "points": [],
            "about": str(paper.about),
            "basis": "",
            "given": {},
            "covers": [plan.id for plan in plans],
        }
        self.store.keep(paper.id, {**base, **extra}, {}, {})
        return paper.id

    def _reviews(self, paper_id: str) -> Sequence[Any]:
        if self.record is None:
            return ()
        from quarterdeck.papers.actions import read_reviews

        return read_reviews(self.record, paper_id)

    def _is_sealed(self, paper_id: str) -> bool:
        if self.record is None:
            return False
        from quarterdeck.papers.workflow import load_states, read_states

        return read_states(self.record).get(paper_id) in load_states()[1]

    def _sealed_files(self, paper: Paper, formats: Sequence[str]) -> Rendered:
        """An issued paper is handed over as it was issued, never written again."""
        base = self.store.base(paper.id)
        known = next(stored for stored in self.store.papers() if stored.id == paper.id).formats
        return Rendered(paper, base, {f: self.store.file(paper.id, f).read_bytes() for f in formats if f in known}, {})

    def check(self, document: ReadDocument, name: str) -> CheckResult:
        """The check of a file that was read back."""
        return check_document(document, name, self.open_facts, self.store.find_manifest, limits_of)

    def open_facts(self, snapshot_id: str) -> FactBase | None:
        """The facts of a snapshot: this one's, or an earlier one's that the installation holds."""
        if snapshot_id in ("", self.snapshot.id):
            return self.facts()
        from quarterdeck.evidence.store import Store

        try:
            earlier = Store(self.settings.evidence_dir, self.settings.choices).open(snapshot_id)
        except NotFound:
            return None
        return gather_facts(earlier, self.settings, self.record, self.now, False, None, self.store.find_base)


def open_desk(settings: Settings, as_of: str | None = None, record: Record | None = None, now: datetime | None = None) -> Desk:
    """The desk of an installation on its latest or an earlier snapshot. Raises NotFound where nothing is loaded."""
    from quarterdeck.evidence.store import Store

    store = Store(settings.evidence_dir, settings.choices)
    snapshot = store.open(as_of)
    latest = store.latest()
    return Desk(settings, snapshot, now or datetime.now(UTC), record, latest is None or latest.id == snapshot.id)


def choose_subject(facts: FactBase, level: str) -> Scope:
    """The subject of most concern at a level, where the author named none: of the gravest finding, else of the first reading of concern."""
    for finding in facts.findings:
        if finding.scope.level == level:
            return finding.scope
        if level == "study" and finding.scope.level in ("site", "country"):
            return Scope("study", finding.scope.key.split("/")[0])
    for measure in facts.readings.measures():
        for reading in facts.readings.of(measure, level):
            if reading.verdict is not None and reading.verdict.value == "concern":
                return reading.scope
    scopes = facts.providers.get("scope")
    first = next((f.scope for f in (scopes.facts() if scopes else ()) if f.scope.level == level), None)
    if first is None:
        raise NotFound(
            f"No {'trial' if level == 'study' else level} is in this snapshot",
            thing=facts.state.id[:12],
            next_step="Load one, or choose another paper.",
        )
    return first


def check_basis(facts: FactBase, basis: str) -> str:
    """The fact of the record that a paper is to rest on. Raises NotFound."""
    if basis and facts.find(basis) is None:
        raise NotFound("The record holds nothing of this name for a paper to rest on", thing=basis[:80])
    return basis


def choose_basis(facts: FactBase, kind: str, about: Scope) -> str:
    """The newest of the record about the subject, where the author named none: a reviewed change order, a selection."""
    provider = facts.providers.get(kind)
    if isinstance(provider, ChangeOrderProvider):
        return provider.of_vendor(about.key)
    if isinstance(provider, SelectionProvider):
        named = facts.find(f"scope:vendor/{about.key}")
        return provider.of_vendor(about.key, str(named.value) if named else "")
    return ""


def read_scope(text: str | None) -> Scope:
    """'study:QD-007' as a scope; nothing is the portfolio. Raises BadInput."""
    if not text:
        return Scope()
    level, _, key = text.partition(":")
    level = {"trial": "study"}.get(level, level)
    if level not in ("study", "vendor", "portfolio") or (level != "portfolio" and not key):
        raise BadInput("What the paper is about cannot be read", thing=repr(text), allowed="study:ID, vendor:ID, portfolio")
    return Scope(level, key)


def limits_of(template_id: str) -> Mapping[str, Any]:
    """Caps of a template; none where it is unknown (a paper of another version)."""
    template = load_templates().get(template_id)
    return template.limits() if template else {}


def check_path(
    path: Path, settings: Settings, as_of: str | None = None, record: Record | None = None, now: datetime | None = None
) -> CheckResult:
    """Check any file against this installation; where it holds no evidence, against the manifest in the file alone."""
    document = read_document(path)
    return check_read(document, path.name, settings, as_of, record, now)


def check_read(
    document: ReadDocument,
    name: str,
    settings: Settings,
    as_of: str | None = None,
    record: Record | None = None,
    now: datetime | None = None,
) -> CheckResult:
    """The same for a document read already. Without a record in hand, the installation's own is read where it has one."""
    own = _find_record(settings) if record is None else None
    try:
        desk = _find_desk(settings, as_of, record or own, now)
        if desk is not None:
            return desk.check(document, name)
        nothing: Callable[[str], FactBase | None] = lambda snapshot: None  # noqa: E731
        return check_document(document, name, nothing, PaperStore(settings).find_manifest, limits_of)
    finally:
        if own is not None:
            own.close()


def _find_desk(settings: Settings, as_of: str | None, record: Record | None, now: datetime | None) -> Desk | None:
    try:
        return open_desk(settings, as_of, record, now)
    except NotFound:
        if as_of:
            raise
        return None


def _find_record(settings: Settings) -> Record | None:
    from quarterdeck.record.database import open_record

    # A check only reads: it makes no record where there is none.
    is_there = not settings.record_url.startswith("sqlite") or (settings.home / "record.sqlite").exists()
    return open_record(settings) if is_there else None


def check_content(content: bytes, name: str, settings: Settings, as_of: str | None = None) -> CheckResult:
    """The same for bytes in hand (an upload, pasted text)."""
    return check_read(read_bytes(content, name), name, settings, as_of)
