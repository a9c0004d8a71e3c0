"""Role models, assessments, plans, conversations and evidence."""

revision = "0008_development"
down_revision = "0007_vendors"


def upgrade() -> None:
    pass  # filled by the room that owns these tables
