"""What a composer works with: the facts, what the paper is about, the last issue, and the author's points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from quarterdeck.papers.claims import Line, Slot, claim, quoted, shown
from quarterdeck.papers.derived import derived_id
from quarterdeck.papers.facts import FactBase
from quarterdeck.papers.model import Missing
from quarterdeck.papers.template import SectionPlan, Template
from quarterdeck.vocabulary.errors import QuarterdeckError
from quarterdeck.vocabulary.finding import Finding
from quarterdeck.vocabulary.reading import Reading, Scope


@dataclass
class Drafting:
    """One draft in the making. `missing` collects what could not be said; `written` the claims so far, for the comparison with the last issue."""

    facts: FactBase
    template: Template
    about: Scope
    previous: Mapping[str, Any] | None = None
    points: Sequence[Line] = ()
    basis: str = ""
    missing: list[Missing] = field(default_factory=list)
    written: list[tuple[str, Line]] = field(default_factory=list)

    @property
    def subject(self) -> Slot:
        """What the paper is about, as a slot."""
        return Slot("scope:portfolio" if self.about.level == "portfolio" else f"scope:{self.about.level}/{self.about.key}", "name")

    def say(self, pattern: str, name: str, likely: str = "", /, **slots: Slot | str) -> Line | None:
        """A claim, or None (and a line in `missing`) where a fact it needs is not there."""
        try:
            return claim(self.facts, pattern, name, likely, **slots)
        except QuarterdeckError as error:
            self.lack(name.partition("/")[0], name, error.what)
            return None

    def lack(self, section: str, what: str, why: str) -> None:
        """Note what a section could not show."""
        entry = Missing(section, what, why)
        if entry not in self.missing:
            self.missing.append(entry)

    def cut(self, plan: SectionPlan, shown: Sequence[str], total: str, words: str) -> list[Line]:
        """ "8 of 43 …" where a table shows fewer rows than there are: ids of those shown, and the fact that counts all."""
        if len(shown) >= float(self.facts.fact(total).value):  # type: ignore[arg-type]
            return []
        slots = {"shown": Slot(derived_id("count", shown), "number"), "total": Slot(total, "number")}
        line = self.say(f"{{shown}} of {{total}} {words}.", f"{plan.id}/cut", **slots)
        return [line] if line else []

    def no_basis(self, why: str) -> Line | None:
        """The answer of a paper whose own matter is not there: another matter in its place would answer another question."""
        return self.say(f"No basis yet: {why}.", "front/answer", **({"subject": self.subject} if "{subject}" in why else {}))

    def cell(self, fact_id: str, form: str = "value", noun: str = "", otherwise: str = "not collected") -> Line:
        """One fact in a table cell, or the word for its absence."""
        return shown(self.facts, fact_id, form, noun) if fact_id in self.facts else Line(otherwise)

    def concerns(self, reading: Reading) -> bool:
        """Whether a reading belongs to what the paper is about."""
        return self.about.level == "portfolio" or reading.scope == self.about or reading.scope.key.split("/")[0] == self.about.key

    def findings(self, plan: SectionPlan) -> list[Finding]:
        """Findings that the section asks for, about the paper's subject."""
        from quarterdeck.papers.providers.findings import finding_fits

        where = self.wanted(plan)
        return [finding for finding in self.facts.findings if finding_fits(finding, where)]

    def wanted(self, plan: SectionPlan) -> dict[str, str]:
        """The kind of findings that the section asks for, as `finding_fits` and the tally of them take it."""
        where = {key: str(plan.options[key]) for key in ("verdict", "level") if key in plan.options}
        for one, several in (("source", "sources"), ("detector", "detectors")):
            if several in plan.options:
                where[one] = "|".join(plan.options[several])
        if "opportunity" in plan.options:
            where["opportunity"] = "yes" if plan.options["opportunity"] else "no"
        if self.about.level != "portfolio":
            where["key"] = self.about.key
        return where

    def readings(self, measure: str, level: str) -> list[Reading]:
        """Readings of a measure at a level that belong to the paper's subject, worst verdict first."""
        order = {"concern": 0, "ordinary": 1, "better": 2}
        found = [r for r in self.facts.readings.of(measure, level) if self.concerns(r)]
        return sorted(
            found,
            key=lambda r: (
                not r.is_assessed,
                order.get(r.verdict.value if r.verdict else "", 1),
                -self.facts.readings.badness(r) if r.is_assessed else 0.0,
                r.scope.key,
            ),
        )


def headline(finding: Finding) -> Line:
    """A finding's headline, bound to the finding."""
    return quoted(f"finding:{finding.id}", finding.headline.removesuffix("."))


def reading_id(reading: Reading, part: str = "") -> str:
    """The fact id of a reading or of one of its parts."""
    return f"reading:{reading.id}{f'#{part}' if part else ''}"


def scope_line(drafting: Drafting, scope: Scope) -> Line:
    """A scope's name as a bound cell."""
    if scope.level == "portfolio":
        return Line("Portfolio")
    fact_id = f"scope:{scope.level}/{scope.key}"
    return shown(drafting.facts, fact_id, "name") if fact_id in drafting.facts else Line(scope.key)


INTERVAL = " The true value lies "


def without_interval(line: Line) -> Line:
    """A title or a table cell keeps its finding; the interval stands in the sentence of the text."""
    cut = line.text.find(INTERVAL)
    if cut < 0:
        return line
    return Line(line.text[:cut], tuple(b for b in line.bounds if b.end <= cut), line.claim, line.author)
