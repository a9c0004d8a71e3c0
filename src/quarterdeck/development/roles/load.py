"""Loading a role model and the codes of occupational standards: references, targets and kinds of work are checked."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from quarterdeck.development.definitions import HERE, check_keys, check_known, read_definitions
from quarterdeck.development.roles.model import Competency, Group, Job, Level, Milestone, RoleModel, Standard
from quarterdeck.vocabulary.errors import BadInput

DIRECTOR = HERE / "roles" / "director.yaml"
FRAMEWORKS = HERE / "roles" / "frameworks.yaml"
PARTS = (
    ("meta", "scale", "target_rules", "groups", "competencies"),
    ("kpis", "responsibilities", "traits", "decision_ladder", "jobs", "evidence_rules", "milestones", "career"),
)
COMPETENCY = (
    ("id", "group", "name", "word", "target"),
    ("stages", "kpi", "resp", "jtf", "nos", "cmi", "jobs", "sentence", "override_reason"),
)
DUE = ("now", "m6", "m12", "always", "quick")


@cache
def load_role(path: Path = DIRECTOR) -> RoleModel:
    """A role model from its file. Raises BadInput naming file, entry and what is allowed."""
    return build_role(read_definitions(path), path.name)


def build_role(content: Any, where: str) -> RoleModel:
    """A role model from plain data, checked: references exist, every target follows from its word or gives a reason."""
    check_keys(content, where, *PARTS)
    groups = tuple(Group(**check_keys(g, f"{where}, group {g.get('id')}", ("id", "name", "kind"))) for g in content["groups"])
    jobs = tuple(Job(**check_keys(j, f"{where}, job {j.get('id')}", ("id", "name", "room", "per_year"))) for j in content.get("jobs", ()))
    competencies = tuple(_competency(c, f"{where}, {c.get('id', '?')}") for c in content["competencies"])
    role = RoleModel(
        id=str(content["meta"]["id"]),
        version=str(content["meta"].get("version", "1")),
        role=str(content["meta"]["role"]),
        scale=tuple(Level(s["n"], s["name"], s["anchor"]) for s in content["scale"]),
        groups=groups,
        competencies=competencies,
        kpis={k["id"]: k["name"] for k in content.get("kpis", ())},
        quantitative=tuple(k["id"] for k in content.get("kpis", ()) if k.get("kind") == "quantitative"),
        measures={k["id"]: tuple(k["measures"]) for k in content.get("kpis", ()) if k.get("measures")},
        responsibilities={r["id"]: r["name"] for r in content.get("responsibilities", ())},
        jobs=jobs,
        milestones=tuple(Milestone(**m) for m in content.get("milestones", ())),
        evidence_weights=content.get("evidence_rules", {}).get("kinds", {}),
        career=content.get("career", {}),
        status=str(content["meta"].get("status", "proposed")),
    )
    check_role(role, content["target_rules"], where)
    return role


def check_role(role: RoleModel, rules: Mapping[str, int], where: str) -> None:
    """Raises BadInput where a reference leads nowhere or a target does not follow from its word."""
    ids = [c.id for c in role.competencies]
    if len(set(ids)) != len(ids):
        raise BadInput("A competency id occurs twice", thing=f"{where}: {sorted({i for i in ids if ids.count(i) > 1})}")
    if [level.n for level in role.scale] != list(range(6)):
        raise BadInput("The scale needs the six levels 0 to 5", thing=where)
    check_known([m.group for m in role.milestones], [g.id for g in role.groups], f"{where}, milestones")
    check_known([m.due for m in role.milestones], DUE, f"{where}, milestones")
    for c in role.competencies:
        at = f"{where}, {c.id}"
        check_known([c.group], [g.id for g in role.groups], f"{at}, group")
        check_known(c.kpi, role.kpis, f"{at}, kpi")
        check_known(c.resp, role.responsibilities, f"{at}, resp")
        check_known(c.jobs, [j.id for j in role.jobs], f"{at}, jobs")
        check_known([c.word], rules, f"{at}, word")
        if c.target != rules[c.word] and not c.override_reason:
            raise BadInput(
                "The target does not follow from its word",
                thing=f"{at}: '{c.word}' gives {rules[c.word]}, not {c.target}",
                next_step="Change the target or give override_reason.",
            )
        if c.stages and list(c.stages.values()) != sorted(c.stages.values()):
            raise BadInput("Stages must rise", thing=at)


@cache
def load_standards(path: Path = FRAMEWORKS) -> dict[str, Standard]:
    """Codes of occupational standards by code; `verified` says whether code and title were confirmed."""
    content = read_definitions(path)
    frameworks = [name for name in content if name != "checked_on"]
    standards = {}
    for framework in frameworks:
        for entry in content[framework]:
            check_keys(entry, f"{path.name}, {framework}", ("code", "title", "verified"))
            code = str(entry["code"]) if framework != "jtf" else f"JTF-{entry['code']}"
            standards[code] = Standard(framework, code, entry["title"], bool(entry["verified"]), str(content.get("checked_on", "")))
    return standards


def _competency(entry: Any, where: str) -> Competency:
    check_keys(entry, where, *COMPETENCY)
    lists = {key: tuple(entry.get(key, ())) for key in ("kpi", "resp", "jtf", "nos", "cmi", "jobs")}
    if not isinstance(entry["target"], int) or not 0 <= entry["target"] <= 5:
        raise BadInput("A target is a level from 0 to 5", thing=f"{where}: {entry['target']!r}")
    return Competency(
        id=str(entry["id"]),
        group=str(entry["group"]),
        name=str(entry["name"]),
        word=str(entry["word"]),
        target=entry["target"],
        stages=entry.get("stages", {}),
        sentence=str(entry.get("sentence", "")),
        override_reason=str(entry.get("override_reason", "")),
        **lists,
    )
