"""The ledger of sealed forecasts, overrides, scenarios and plans."""

revision = "0003_forecasts"
down_revision = "0002_accounts"


def upgrade() -> None:
    pass  # filled by the room that owns these tables
