"""Alembic's entry: the connection comes from `record.database.migrate`."""

from alembic import context

from quarterdeck.record.models.base import Base

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
