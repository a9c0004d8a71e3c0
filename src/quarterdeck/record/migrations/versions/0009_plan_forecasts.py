"""Forecasts that were sealed with a scenario when it became the plan."""

from quarterdeck.record.migrations.triggers import make_append_only
from quarterdeck.record.models.forecasts import PlanForecast
from alembic import op

revision = "0009_plan_forecasts"
down_revision = "0008_development"


def upgrade() -> None:
    PlanForecast.__table__.create(op.get_bind())  # type: ignore[attr-defined]
    make_append_only(PlanForecast.__tablename__)
