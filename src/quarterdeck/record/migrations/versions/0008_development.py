"""Role models, assessments, plans, conversations and evidence."""

from quarterdeck.record.models.development import (
    AssessmentAnswer,
    ConversationRow,
    EvidenceItem,
    LearnerProfile,
    PlanRow,
    ReviewCard,
    RoleModelRow,
    SignOff,
)
from alembic import op

revision = "0008_development"
down_revision = "0007_vendors"


def upgrade() -> None:
    # Not append-only: the learner owns this store and may delete it. The audit chain keeps the hashes.
    for table in (RoleModelRow, LearnerProfile, AssessmentAnswer, PlanRow, ReviewCard, ConversationRow, EvidenceItem, SignOff):
        table.__table__.create(op.get_bind())  # type: ignore[attr-defined]
