"""Accounts, sessions, preferences, saved views, jobs."""

revision = "0002_accounts"
down_revision = "0001_record"


def upgrade() -> None:
    pass  # filled by the room that owns these tables
