"""How one person likes to read: single switches, each of them a behaviour. Private to that person."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from sqlalchemy import delete, select

from quarterdeck.record.database import Record
from quarterdeck.record.models.accounts import Preference
from quarterdeck.vocabulary.errors import BadInput

CHOICES: dict[str, tuple[str, ...]] = {
    "theme": ("device", "light", "dark", "calm"),
    "reading": ("ordinary", "spaced"),
    "quiet": ("off", "on"),
    "chunks": ("ordinary", "short", "long"),
    "view": ("full", "text"),
}
ROWS_A_PAGE = {"short": 10, "ordinary": 25, "long": 100}


@dataclass(frozen=True, slots=True)
class Preferences:
    """The switches. `device` follows the light or dark setting of the reader's device."""

    theme: str = "device"
    reading: str = "ordinary"
    quiet: str = "off"
    chunks: str = "ordinary"
    view: str = "full"

    @property
    def rows_a_page(self) -> int:
        """How many rows of a table come at once."""
        return ROWS_A_PAGE[self.chunks]


def read_preferences(record: Record, person_id: str) -> Preferences:
    """This person's switches; what was never set is as the house has it."""
    with record.session() as session:
        rows = session.scalars(select(Preference).where(Preference.person_id == person_id)).all()
    known = {row.name: row.value for row in rows if row.value in CHOICES.get(row.name, ())}
    return replace(Preferences(), **known)


def set_preferences(record: Record, person_id: str, **chosen: str) -> None:
    """Keeps the switches. Deliberately without an audit event: how a person reads is nobody else's business."""
    for name, value in chosen.items():
        if value not in CHOICES.get(name, ()):
            raise BadInput(
                "There is no such preference", thing=f"{name} = {value}", allowed=CHOICES.get(name, [f.name for f in fields(Preferences)])
            )
    with record.transaction() as session:
        for name, value in chosen.items():
            session.merge(Preference(person_id=person_id, name=name, value=value))


def forget_preferences(record: Record, person_id: str) -> None:
    """As if this person had never chosen."""
    with record.transaction() as session:
        session.execute(delete(Preference).where(Preference.person_id == person_id))
