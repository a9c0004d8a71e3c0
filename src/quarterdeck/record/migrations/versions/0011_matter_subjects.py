"""What a choice about a matter was about, and what doing nothing cost then, so that it comes back when that changes."""

import sqlalchemy
from alembic import op

revision = "0011_matter_subjects"
down_revision = "0010_table_changes"


def upgrade() -> None:
    # A new record has the columns already: step 0004 makes the table as its model stands now.
    there = {column["name"] for column in sqlalchemy.inspect(op.get_bind()).get_columns("matter_choice")}
    if "subject" not in there:
        op.add_column("matter_choice", sqlalchemy.Column("subject", sqlalchemy.String(200), nullable=False, server_default=""))
    if "cost" not in there:
        op.add_column("matter_choice", sqlalchemy.Column("cost", sqlalchemy.Float, nullable=True))
