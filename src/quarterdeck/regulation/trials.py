"""Trials as rules see them: read from a plain file, with names and values brought to one form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from quarterdeck.regulation.applicability import Attribute, Trial, load_attributes
from quarterdeck.vocabulary.errors import BadInput

COUNTRY_WORDS = {"UK": "GB", "USA": "US", "EL": "GR"}
DEVICE_WORDS = {"device": "device", "ivd": "ivd", "diagnostic": "ivd", "samd": "device", "software": "device"}
ATMP_WORDS = ("atmp", "gene therapy", "gene_therapy", "cell therapy", "cell_therapy", "car-t", "car_t", "aav", "tissue")
CARRIED = (
    "id",
    "name",
    "title",
    "nickname",
    "note",
    "ta",
    "therapeutic_area",
    "modality",
    "device",
    "medicine",
    "closed_world",
    "combination",
    "sponsor",
    "indication",
    "arms",
    "description",
)


@dataclass(frozen=True, slots=True)
class TrialsFile:
    """Trials from a plain file. `closed_world` is what the file declares: None where it declares nothing."""

    trials: tuple[Trial, ...]
    closed_world: bool | None
    unread: dict[str, tuple[str, ...]]


def read_trials_file(path: Path) -> TrialsFile:
    """Trials from JSON: {"trials": {id: {...}}}, {id: {...}}, or a list of {...} with an id.

    A top-level `closed_world` (true or false), or a note that says "closed-world", declares how silence reads. Raises BadInput.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BadInput(
            "The file of trials cannot be read", thing=f"{path}: {error}", allowed='JSON such as {"trials": {"T1": {"countries": ["GB"]}}}'
        ) from error
    except OSError as error:
        raise BadInput("The file of trials cannot be opened", thing=str(path), next_step="Check the path.") from error
    head = content if isinstance(content, dict) else {}
    entries = head.get("trials", content)
    if isinstance(entries, list):
        entries = {
            str(entry.get("id") or entry.get("trial") or f"trial {n}"): entry
            for n, entry in enumerate(entries, 1)
            if isinstance(entry, dict)
        }
    if not isinstance(entries, dict) or not entries or not all(isinstance(entry, dict) for entry in entries.values()):
        raise BadInput("The file holds no trials", thing=str(path), allowed='{"trials": {"T1": {"countries": ["GB"], "phase": "3"}}}')
    read = {name: derive_trial(name, entry) for name, entry in entries.items()}
    closed = head.get("closed_world")
    if closed is None and "closed-world" in str(head.get("note", "")).lower().replace("closed world", "closed-world"):
        closed = True
    return TrialsFile(tuple(trial for trial, _ in read.values()), closed, {name: unread for name, (_, unread) in read.items() if unread})


def derive_trial(name: str, entry: Mapping[str, Any]) -> tuple[Trial, tuple[str, ...]]:
    """A trial from loosely named attributes, and the names that no rule reads. Values that cannot be read raise BadInput."""
    attributes = load_attributes()
    by_name = {alias.lower(): attribute for attribute in attributes.values() for alias in (attribute.name, *attribute.aliases)}
    facts: dict[str, Any] = {}
    unread = []
    for key, value in entry.items():
        attribute = by_name.get(str(key).lower())
        if attribute is None:
            if key not in CARRIED:
                unread.append(str(key))
            continue
        if value is not None:
            facts[attribute.name] = read_value(attribute, value, f"{name}, {key}")
    product = derive_product(entry, facts.get("product"))
    if product:
        facts["product"] = product
    _read_elements(facts)
    if "submissions" not in facts and str(entry.get("ind", "")).lower() in ("true", "yes", "1"):
        facts["submissions"] = ["IND"]
    return Trial(name, facts), tuple(unread)


def _read_elements(facts: dict[str, Any]) -> None:
    """Some files list artificial intelligence or features of the design among the elements: they count where rules look for them."""
    words = {str(word).lower() for word in facts.get("elements", ())}
    if words & {"ai", "ml", "machine_learning", "artificial_intelligence"} and "uses_ai" not in facts:
        facts["uses_ai"] = True
    if features := sorted(words & {"adaptive", "bayesian", "borrowing", "seamless"}):
        facts["design"] = [*facts.get("design", ()), *features]


def derive_product(entry: Mapping[str, Any], named: list[str] | None) -> list[str]:
    """Kinds of investigational product from its various names; empty where nothing says so.

    A modality names the kind of medicine unless `device` is true.
    """
    words = [word.lower() for word in named or []]
    modality = str(entry.get("modality") or "").lower()
    kinds: list[str] = []
    if any("combination" in word or "drug-device" in word for word in (*words, modality)) or entry.get("combination") is True:
        kinds.append("combination")
    for word in words:
        kinds += [kind for key, kind in DEVICE_WORDS.items() if key in word] + (
            ["medicine"] if word in ("medicine", "drug", "imp", "biologic", "atmp", "vaccine") else []
        )
    is_device = entry.get("device") is True
    if is_device:
        kinds.append("ivd" if "ivd" in modality or "diagnostic" in modality else "device")
    elif modality:
        device_words = [kind for key, kind in DEVICE_WORDS.items() if modality == key or modality.startswith(key)]
        kinds += device_words or ["medicine"]
    elif not kinds and entry.get("device") is False:
        kinds.append("medicine")
    if any(word in text for word in ATMP_WORDS for text in (*words, modality)) and not is_device:
        kinds += ["atmp", "medicine"]
    return list(dict.fromkeys(kinds))


def read_value(attribute: Attribute, value: Any, where: str) -> Any:
    """A value in the form its attribute has. Raises BadInput that names the trial and what is allowed."""
    if attribute.type == "flag":
        words: dict[str, bool] = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
        if str(value).lower() not in words:
            raise BadInput("An attribute is yes or no", thing=f"{where}: {value!r}", allowed="true, false")
        return words[str(value).lower()]
    if attribute.type == "date":
        try:
            return value if isinstance(value, date) else date.fromisoformat(_whole_day(str(value)))
        except ValueError as error:
            raise BadInput("An attribute is a date", thing=f"{where}: {value!r}", allowed="YYYY-MM-DD") from error
    if attribute.type in ("list", "countries"):
        entries = value if isinstance(value, list | tuple) else str(value).split(",")
        texts = [str(entry).strip() for entry in entries if str(entry).strip()]
        return [COUNTRY_WORDS.get(text.upper(), text.upper()) for text in texts] if attribute.type == "countries" else texts
    return str(value).removeprefix("Phase ").removeprefix("phase ")


def _whole_day(text: str) -> str:
    # A month or a year alone reads as its first day.
    return text[:10] if len(text) >= 10 else f"{text}-01" if len(text) == 7 else f"{text}-01-01" if len(text) == 4 else text
