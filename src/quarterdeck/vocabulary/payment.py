"""Ways in which a contract pays for a unit: by time, at a fixed price, passed through, or by the piece."""

from __future__ import annotations

# A unit type is read by its first words, so that "month", "monthly fee" and "per month" all count as time.
PAID_BY_TIME = ("month", "per month", "time", "fte", "day rate", "hour", "week")
PAID_FIXED = ("milestone", "fixed", "lump")
PASS_THROUGH = ("pass",)


def way_of_paying(unit_type: str | None) -> str:
    """'time', 'fixed', 'pass_through' or 'unit'.

    >>> way_of_paying("Monthly fee"), way_of_paying("visit"), way_of_paying(None)
    ('time', 'unit', 'unit')
    """
    kind = (unit_type or "").lower().replace("_", " ").strip()
    for way, starts in (("time", PAID_BY_TIME), ("fixed", PAID_FIXED), ("pass_through", PASS_THROUGH)):
        if kind.startswith(starts):
            return way
    return "unit"
