"""People, the audit chain, decisions and acknowledgements."""

from quarterdeck.record.migrations.triggers import make_append_only
from quarterdeck.record.models.base import Acknowledgement, AuditEvent, Decision, Grant, Person
from alembic import op

revision = "0001_record"
down_revision = None


def upgrade() -> None:
    for table in (Person, Grant, AuditEvent, Decision, Acknowledgement):
        table.__table__.create(op.get_bind())  # type: ignore[attr-defined]
    for name in ("audit_event", "decision", "acknowledgement"):
        make_append_only(name)
