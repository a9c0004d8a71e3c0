"""Reviews, commitments, bids, allocations and surveys."""

revision = "0007_vendors"
down_revision = "0006_regulation"


def upgrade() -> None:
    pass  # filled by the room that owns these tables
