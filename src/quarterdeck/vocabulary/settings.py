"""The settings of one installation: a folder, a database, a currency. Read from quarterdeck.toml and the environment.

Every field is documented in docs/reference/settings.md; a test insists on it.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path

from quarterdeck.vocabulary.choices import Choices
from quarterdeck.vocabulary.errors import BadInput, NotFound

ENVIRONMENT_PREFIX = "QUARTERDECK_"
FILE_NAME = "quarterdeck.toml"


@dataclass(frozen=True, slots=True)
class Settings:
    """What an installation may choose. Every field may stand in quarterdeck.toml or, in capitals with the prefix, in the environment."""

    home: Path = Path("quarterdeck-home")
    database_url: str = ""  # empty: SQLite at home/record.sqlite
    organisation: str = "Our organisation"
    base_currency: str = "GBP"
    fiscal_year_start_month: int = 1
    minimum_cell: int = 5  # no survey result below this many responses
    random_seed: int = 20261122
    offline: bool = True  # no request leaves the machine unless this is false
    language_model: str = ""  # empty: none; e.g. openai:gpt-5 or openai-compatible:llama3
    language_model_url: str = ""
    language_model_budget: float = 5.0  # in US dollars a day

    @property
    def evidence_dir(self) -> Path:
        """Where parts, snapshots and quarantine lie."""
        return self.home / "evidence"

    @property
    def choices(self) -> Choices:
        """Those that change what is computed; a store of evidence is opened with them."""
        return Choices(self.base_currency, self.minimum_cell, self.fiscal_year_start_month, self.random_seed)

    @property
    def record_url(self) -> str:
        """SQLAlchemy address of the record."""
        return self.database_url or f"sqlite:///{(self.home / 'record.sqlite').absolute()}"


def read_settings(home: Path | None = None, environment: Mapping[str, str] = os.environ) -> Settings:
    """Settings from `home`/quarterdeck.toml, then the environment, then the argument. Unknown keys are refused by name."""
    chosen: dict[str, object] = {}
    where = home or Path(environment.get(f"{ENVIRONMENT_PREFIX}HOME", Settings().home))
    path = where / FILE_NAME
    if path.exists():
        try:
            chosen |= {key: (value, str(path)) for key, value in tomllib.loads(path.read_text(encoding="utf-8")).items()}
        except tomllib.TOMLDecodeError as error:
            raise BadInput("The settings file cannot be read", thing=f"{path}: {error}") from error
    names = {field.name for field in fields(Settings)}
    for name in sorted(names):
        if (key := f"{ENVIRONMENT_PREFIX}{name.upper()}") in environment:
            chosen[name] = (environment[key], key)
    chosen["home"] = (str(where), "home")
    if unknown := sorted(set(chosen) - names):
        raise NotFound("Unknown setting", thing=f"{', '.join(unknown)} in {path}", allowed=sorted(names))
    return replace(Settings(), **{name: _read(name, *pair) for name, pair in chosen.items()})  # type: ignore[arg-type, misc]


def _read(name: str, value: object, where: str) -> object:
    default = getattr(Settings(), name)
    try:
        if isinstance(default, bool):
            return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[str(value).lower()]
        return type(default)(value) if not isinstance(default, Path) else Path(str(value))
    except (KeyError, ValueError) as error:
        raise BadInput("A setting has the wrong type", thing=f"{name} = {value!r} in {where}", allowed=type(default).__name__) from error
