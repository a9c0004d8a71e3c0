"""The ledger of sealed forecasts, overrides, scenarios and plans."""

from quarterdeck.record.migrations.triggers import make_append_only
from quarterdeck.record.models.forecasts import ForecastOverride, KeptScenario, PromotedPlan, SealedForecast
from alembic import op

revision = "0003_forecasts"
down_revision = "0002_accounts"


def upgrade() -> None:
    for table in (SealedForecast, ForecastOverride, KeptScenario, PromotedPlan):
        table.__table__.create(op.get_bind())  # type: ignore[attr-defined]
        make_append_only(table.__tablename__)
