"""Sources, documents, changes, impacts and assessments."""

from quarterdeck.record.migrations.triggers import make_append_only
from quarterdeck.record.models.regulation import (
    AcceptedAction,
    Assessment,
    DocumentVersion,
    RegulatoryDocument,
    Retrieval,
    SourceHealth,
    StatedDate,
    TriageLabel,
    TrialAnswer,
)
from alembic import op

revision = "0006_regulation"
down_revision = "0005_papers"


def upgrade() -> None:
    for table in (
        SourceHealth,
        Retrieval,
        RegulatoryDocument,
        DocumentVersion,
        StatedDate,
        TriageLabel,
        Assessment,
        AcceptedAction,
        TrialAnswer,
    ):
        table.__table__.create(op.get_bind())  # type: ignore[attr-defined]
    for name in ("regulation_triage", "regulation_trial_answer", "regulation_version"):
        make_append_only(name)
