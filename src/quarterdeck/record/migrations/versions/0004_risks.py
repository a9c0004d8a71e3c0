"""Signals, actions, tolerance limits and the register."""

revision = "0004_risks"
down_revision = "0003_forecasts"


def upgrade() -> None:
    pass  # filled by the room that owns these tables
