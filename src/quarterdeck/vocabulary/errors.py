"""The error family: what happened, to which thing, what is allowed, what to do next.

Each family has the exit code that the command line ends with. A user's mistake shows the message and no traceback.
"""

from __future__ import annotations

from collections.abc import Iterable


class QuarterdeckError(Exception):
    """A message for a person. Build it from parts, so that none of the four is forgotten.

    >>> print(BadInput("The date cannot be read", thing="sites.csv line 4: '31/02/2026'", next_step="Correct the file."))
    The date cannot be read: sites.csv line 4: '31/02/2026'. Correct the file.
    """

    exit_code = 1

    def __init__(self, what: str, *, thing: str | None = None, allowed: Iterable[str] | str | None = None, next_step: str = "") -> None:
        self.what, self.thing, self.next_step = what, thing, next_step
        self.allowed = allowed if isinstance(allowed, str) or allowed is None else ", ".join(allowed)
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """The whole message as one paragraph."""
        head = self.what if self.thing is None else f"{self.what}: {self.thing}"
        parts = [head.rstrip(".") + "."]
        if self.allowed:
            parts.append(f"Allowed: {self.allowed.rstrip('.')}.")
        if self.next_step:
            parts.append(self.next_step)
        return " ".join(parts)

    def __str__(self) -> str:
        return self.message


class FindingsRemain(QuarterdeckError):
    """A check ran to its end and found something: the answer is "no", not a failure of the program."""

    exit_code = 1


class BadInput(QuarterdeckError):
    """A file, value or option that the user gave cannot be used."""

    exit_code = 3


class NotFound(QuarterdeckError):
    """A named thing does not exist."""

    exit_code = 4


class IntegrityBroken(QuarterdeckError):
    """Sealed content, a chain or a signature does not match what was recorded."""

    exit_code = 5


class NotPermitted(QuarterdeckError):
    """The actor may not do this, or not in this state."""

    exit_code = 6


class PartMissing(QuarterdeckError):
    """An optional part (an extra, Chromium, PostgreSQL) is not installed."""

    exit_code = 7


class Unavailable(QuarterdeckError):
    """A service or file is busy or out of reach now; the same call may succeed later."""

    exit_code = 8
