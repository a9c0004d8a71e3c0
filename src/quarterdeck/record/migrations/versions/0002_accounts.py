"""Accounts, sessions, preferences, saved views, jobs."""

from quarterdeck.record.models.accounts import Account, Job, LoginAttempt, Preference, SavedView, Visit, WebSecret, WebSession
from alembic import op

revision = "0002_accounts"
down_revision = "0001_record"


def upgrade() -> None:
    for table in (Account, WebSession, LoginAttempt, Preference, SavedView, Visit, Job, WebSecret):
        table.__table__.create(op.get_bind())  # type: ignore[attr-defined]
