"""Sources, documents, changes, impacts and assessments."""

revision = "0006_regulation"
down_revision = "0005_papers"


def upgrade() -> None:
    pass  # filled by the room that owns these tables
