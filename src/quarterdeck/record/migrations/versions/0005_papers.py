"""Papers, reviews, signatures, issues; the AI register and model calls."""

revision = "0005_papers"
down_revision = "0004_risks"


def upgrade() -> None:
    pass  # filled by the room that owns these tables
