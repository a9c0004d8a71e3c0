"""A batch: canonical rows of one table, on the way from a source file to a sealed part."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from quarterdeck.evidence.delimited import Malformed


@dataclass(frozen=True, slots=True)
class ColumnRule:
    """How one column of a source is read. Every field may stand in a mapping file.

    `source` is the header in the file; `constant` stands for every row instead. `date_format` is one of strptime's patterns, several, or
    `excel` / `excel1904` for serial numbers. `partial` says which day a month or year without one means: first, middle, last; else refused.
    `multiply` converts units and signs. `codes` translates values. `missing` are the values that mean "no value".
    `decimal` and `thousands` are the separators of numbers; without them a point is the decimal sign. `doubts_point` (not of a mapping) says
    that a point may as well part thousands here: 50.000 is then refused, for nobody but the sender knows whether it is fifty.
    """

    source: str = ""
    constant: str | None = None
    date_format: tuple[str, ...] = ()
    partial: str = ""
    multiply: float | None = None
    codes: dict[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    decimal: str = ""
    thousands: str = ""
    doubts_point: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether values stand as the contract wants them."""
        return self == ColumnRule(source=self.source)


PLAIN = ColumnRule()


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one table in the workbench: `relation` has columns named as in the contract, as text or in the contract's own types.

    It also has `_file`, `_sheet` and `_line`. `rules` say how text columns are read. `keep_last` lets a later row win over an earlier one
    with the same key, where a source is a log of changes.
    """

    table: str
    relation: str
    source: str
    rules: dict[str, ColumnRule] = field(default_factory=dict)
    keep_last: bool = False
    is_correction: bool = False
    malformed: tuple[tuple[str, str, Malformed], ...] = ()  # (file, sheet, line that has too many or too few fields)


@dataclass(frozen=True, slots=True)
class FileRead:
    """One source file (or sheet) as read: where it lies, what it holds, and what of it has no place."""

    name: str
    sha256: str
    size: int
    location: str
    sheet: str = ""
    given: int = 0
    tables: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    used: bool = True
    is_correction: bool = False


@dataclass(frozen=True, slots=True)
class SourceExtract:
    """What a connector makes of the files of one source.

    `extent` is "changes" (rows are added or replaced by key; nothing disappears) or "full" (rows of this source that are not in it vanish).
    `cut` is the source's own data cut, where it states one. `rhythm_days` is how often an extract is expected.
    """

    source: str
    connector: str
    batches: tuple[Batch, ...]
    files: tuple[FileRead, ...]
    extent: str = "changes"
    cut: date | None = None
    rhythm_days: float | None = None
    notices: tuple[str, ...] = ()
