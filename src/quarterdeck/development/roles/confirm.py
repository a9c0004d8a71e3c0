"""From a proposal to a role model: a person has read it, perhaps corrected it, and puts their name to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quarterdeck.development.roles.load import DIRECTOR, build_role
from quarterdeck.development.roles.model import RoleModel
from quarterdeck.development.roles.propose import NO_WORD, load_layout


def to_role(proposal: Mapping[str, Any], status: str = "proposed") -> RoleModel:
    """The role model of a proposal, on the common scale, with the kinds of work and the evidence rules of the product.

    Raises BadInput where the proposal does not hold together.
    """
    return build_role(to_content(proposal, status), str(proposal.get("id", "role")))


def to_content(proposal: Mapping[str, Any], status: str) -> dict[str, Any]:
    """The plain data of a role file."""
    from quarterdeck.development.definitions import read_definitions

    base = read_definitions(DIRECTOR)
    keys = ("id", "group", "name", "word", "target", "stages", "sentence", "override_reason")
    return {
        "meta": {"id": proposal["id"], "version": "1", "role": proposal["role"], "status": status},
        "scale": base["scale"],
        "target_rules": {**load_layout()["target_words"], NO_WORD: 3},
        "groups": [dict(group) for group in proposal["groups"]],
        "kpis": [
            {"id": f"M{n}", "name": metric["name"], "kind": metric["kind"]} for n, metric in enumerate(proposal.get("metrics", ()), 1)
        ],
        "responsibilities": [{"id": f"P{n}", "name": r["name"]} for n, r in enumerate(proposal.get("responsibilities", ()), 1)],
        "jobs": base["jobs"],
        "evidence_rules": base["evidence_rules"],
        "competencies": [{key: c[key] for key in keys if c.get(key)} | {"jobs": ["decision_log"]} for c in proposal["competencies"]],
        "milestones": [
            {"group": e["group"], "due": e["due"], "name": e["name"]}
            for e in proposal.get("emerging_skills", ())
            if e.get("kind") == "step" and any(g["id"] == e["group"] for g in proposal["groups"])
        ],
    }
