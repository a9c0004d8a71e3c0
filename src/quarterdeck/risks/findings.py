"""All that this room finds in a snapshot: risks and opportunities, each with what doing nothing is expected to cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.vocabulary.finding import Finding

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot


def findings(snapshot: Snapshot) -> list[Finding]:
    """Every finding, in order of its id. Kept with the snapshot."""
    return snapshot.cached("risks.findings", lambda: _detect(snapshot))


def _detect(snapshot: Snapshot) -> list[Finding]:
    from quarterdeck.risks.detectors import enrolment, limits, market, money, oversight, quality, sites

    found: dict[str, Finding] = {}
    for detector in (quality, enrolment, money, oversight, limits, sites, market):
        for finding in detector.detect(snapshot):
            found.setdefault(finding.id, finding)
    return [found[key] for key in sorted(found)]
