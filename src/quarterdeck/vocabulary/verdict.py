"""The three verdicts, their words and shapes. Never red, amber, green: a word and a shape always stand beside the colour."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """What a reading means for the reader."""

    CONCERN = "concern"
    BETTER = "better"
    ORDINARY = "ordinary"

    @property
    def word(self) -> str:
        """The word shown beside the shape."""
        return {"concern": "Concern", "better": "Better", "ordinary": "No change"}[self.value]

    @property
    def shape(self) -> str:
        """The shape that carries the meaning without colour."""
        return {"concern": "▲", "better": "●", "ordinary": "–"}[self.value]


class NotAssessed(StrEnum):
    """Why a value is missing. Written out in words, never as a blank or 0."""

    NOT_COLLECTED = "not collected"
    NOT_YET_DUE = "not yet due"
    TOO_FEW = "too few to show"
    NO_DENOMINATOR = "nothing to count against"
    STALE = "the source is out of date"
    SUPPRESSED = "hidden to protect people"
    UNDEFINED = "undefined"
    NOT_APPLICABLE = "does not apply"
