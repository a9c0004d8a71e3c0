"""How often each table changed, so that what is kept of the record knows what it is older than."""

from quarterdeck.record.migrations.triggers import count_changes
from quarterdeck.record.models.base import TableChange
from alembic import op

revision = "0010_table_changes"
down_revision = "0009_plan_forecasts"

# Named here and not read from the models: this step must stay what it was when it ran. A later table is counted by its own migration.
COUNTED = (
    "account", "acknowledgement", "ai_system", "audit_event", "change_order_review", "decision", "development_answer", "development_card",
    "development_conversation", "development_evidence", "development_plan", "development_profile", "development_role",
    "development_sign_off", "forecast_override", "kept_scenario", "limit_deviation", "matter_choice", "model_call", "paper", "paper_review",
    "paper_signature", "person", "plan_forecast", "preference", "promoted_plan", "register_history", "register_item", "regulation_action",
    "regulation_assessment", "regulation_date", "regulation_document", "regulation_retrieval", "regulation_source_health",
    "regulation_triage", "regulation_trial_answer", "regulation_version", "risk_action", "role_grant", "saved_view", "sealed_forecast",
    "signal", "signal_move", "vendor_commitment", "vendor_review", "vendor_selection", "vendor_survey", "visit",
)  # fmt: skip


def upgrade() -> None:
    TableChange.__table__.create(op.get_bind())  # type: ignore[attr-defined]
    for table in COUNTED:
        count_changes(table)
