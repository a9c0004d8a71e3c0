"""Append-only by trigger, and changes counted by trigger, in the words of each engine."""

from alembic import op


def make_append_only(table: str) -> None:
    """UPDATE and DELETE on `table` fail in the database itself, whoever asks."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_append_only()"
        )
        op.execute(f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} EXECUTE FUNCTION {table}_append_only()")
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )


def count_changes(table: str) -> None:
    """Every change to the rows of `table` adds to its count in `table_change`, in the same transaction, whoever makes it."""
    op.execute(f"INSERT INTO table_change (name, changes) VALUES ('{table}', 0)")
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE OR REPLACE FUNCTION count_change() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN UPDATE table_change SET changes = changes + 1 WHERE name = TG_TABLE_NAME; RETURN NULL; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {table}_counted AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION count_change()"
        )
        return
    for verb in ("INSERT", "UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_counted_{verb.lower()} AFTER {verb} ON {table} "
            f"BEGIN UPDATE table_change SET changes = changes + 1 WHERE name = '{table}'; END"
        )
