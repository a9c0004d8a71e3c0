"""What a person says, read into scenarios of one trial: by the grammar, else by the language model and confirmed; rules filled in, values checked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.record.database import Record
from quarterdeck.record.permissions import Actor
from quarterdeck.regulation.queries import list_answers
from quarterdeck.scenarios.free_text import restate
from quarterdeck.scenarios.grammar import parse_scenario
from quarterdeck.scenarios.model import Scenario
from quarterdeck.scenarios.prepare import check_scenario, describe_scenario
from quarterdeck.scenarios.rules import Answers, is_named_rule, read_effects, resolve_rules
from quarterdeck.vocabulary.errors import BadInput
from quarterdeck.vocabulary.settings import Settings


@dataclass(frozen=True, slots=True)
class ReadBack:
    """What a model made of a free text: who read it, the levers in words, and what no lever could take."""

    author: str
    description: str
    unread: tuple[str, ...]


def read_scenarios(say: Sequence[str], snapshot: Snapshot, study_id: str, answers: Answers | None = None) -> list[Scenario]:
    """One scenario a sentence, named by it. Raises BadInput or NotFound naming what cannot be read or does not fit the trial."""
    return [
        check_scenario(Scenario(text, resolve_rules(parse_scenario(text, snapshot.data_cut), snapshot, study_id, answers), study_id))
        for text in say
    ]


def read_for_all(say: Sequence[str], snapshot: Snapshot, studies: Sequence[str], answers: Answers | None = None) -> list[Scenario]:
    """Each sentence for each trial; a rule that does not touch a trial leaves it as it is. Raises as `read_scenarios` otherwise."""
    touched = {(effect.change.id, effect.study_id) for effect in read_effects(snapshot, answers)}
    found = []
    for text in say:
        uses = parse_scenario(text, snapshot.data_cut)
        for study in studies:
            mine = [use for use in uses if not is_named_rule(use) or (str(use.values["rule"]), study) in touched]
            found.append(check_scenario(Scenario(text, resolve_rules(mine, snapshot, study, answers), study)))
    return found


def read_free_text(
    say: Sequence[str],
    snapshot: Snapshot,
    study_id: str,
    settings: Settings,
    record: Record,
    actor: Actor,
    now: datetime,
    confirm: Callable[[Sequence[ReadBack]], bool],
) -> list[Scenario]:
    """As `read_scenarios`; what the grammar cannot read goes to the language model, where one is set, and is shown back first.

    Raises BadInput where the person does not confirm it: nothing is run.
    """
    names = list_names(snapshot)
    restated = [restate(text, snapshot.data_cut, settings, record, actor, now, names) for text in say]
    scenarios = read_scenarios([found.sentence for found in restated], snapshot, study_id, list_answers(record))
    by_model = [
        ReadBack(found.author, describe_scenario(scenario), found.unread)
        for found, scenario in zip(restated, scenarios, strict=True)
        if found.author != "grammar"
    ]
    if by_model and not confirm(by_model):
        raise BadInput(
            "Nothing was run",
            thing="what was read is not what was meant",
            next_step="Say it in the words that `quarterdeck scenario levers` lists.",
        )
    return scenarios


def list_names(snapshot: Snapshot) -> list[str]:
    """Proper names that must not leave with a free text."""
    rows = snapshot.query("SELECT name FROM vendor UNION SELECT nickname FROM study UNION SELECT product FROM study").to_pylist()
    return sorted(str(row["name"]) for row in rows if row["name"])
