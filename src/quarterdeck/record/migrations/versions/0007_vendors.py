"""Reviews, commitments, surveys, change-order reviews and selections of vendors."""

from quarterdeck.record.models.vendors import ChangeOrderReview, VendorCommitment, VendorReview, VendorSelection, VendorSurvey
from alembic import op

revision = "0007_vendors"
down_revision = "0006_regulation"


def upgrade() -> None:
    for table in (VendorReview, VendorCommitment, VendorSurvey, ChangeOrderReview, VendorSelection):
        table.__table__.create(op.get_bind())  # type: ignore[attr-defined]
