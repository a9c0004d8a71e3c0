"""Signals, actions, tolerance limits and the register."""

from quarterdeck.record.migrations.triggers import make_append_only
from quarterdeck.record.models.risks import (
    LimitDeviation,
    MatterChoice,
    RegisterHistory,
    RegisterItem,
    RiskAction,
    Signal,
    SignalMove,
)
from alembic import op

revision = "0004_risks"
down_revision = "0003_forecasts"


def upgrade() -> None:
    for table in (Signal, SignalMove, RiskAction, RegisterItem, RegisterHistory, LimitDeviation, MatterChoice):
        table.__table__.create(op.get_bind())  # type: ignore[attr-defined]
    for name in ("signal_move", "register_history", "limit_deviation", "matter_choice"):
        make_append_only(name)
