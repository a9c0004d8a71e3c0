"""Papers, reviews, signatures, issues; the AI register and model calls."""

from quarterdeck.record.migrations.triggers import make_append_only
from quarterdeck.record.models.papers import AiSystem, ModelCall, PaperRecord, PaperReview, PaperSignature
from alembic import op

revision = "0005_papers"
down_revision = "0004_risks"


def upgrade() -> None:
    for table in (PaperRecord, PaperReview, PaperSignature, ModelCall, AiSystem):
        table.__table__.create(op.get_bind())  # type: ignore[attr-defined]
    for name in ("paper_review", "paper_signature", "model_call", "ai_system"):
        make_append_only(name)
