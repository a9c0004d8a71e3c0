"""Signing in: argon2, the same words whatever was wrong, a limit on attempts, sessions that can be ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from quarterdeck.record import accounts
from quarterdeck.record.audit import verify_chain
from quarterdeck.record.database import Record, open_record_at
from quarterdeck.record.models.accounts import Account, WebSession
from quarterdeck.vocabulary.errors import BadInput, NotPermitted, Unavailable
from quarterdeck.vocabulary.reading import Scope

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
PASSWORD = "a long and quiet password"


@pytest.fixture
def record(tmp_path: Path):  # type: ignore[no-untyped-def]
    opened = open_record_at(f"sqlite:///{tmp_path / 'record.sqlite'}")
    accounts.open_account(opened, accounts.INSTALLER, "ada", "Ada", PASSWORD, NOW)
    accounts.grant_role(opened, accounts.INSTALLER, "ada", "director", Scope(), NOW)
    yield opened
    opened.close()


def test_the_right_password_opens_a_session_with_todays_roles(record: Record) -> None:
    actor = accounts.actor_of_session(record, accounts.sign_in(record, "ada", PASSWORD, "10.0.0.1", NOW), NOW)
    assert actor is not None
    assert (actor.id, actor.grants[0].role) == ("ada", "director")


def test_a_password_is_kept_as_an_argon2_hash_and_a_token_as_a_digest(record: Record) -> None:
    token = accounts.sign_in(record, "ada", PASSWORD, "10.0.0.1", NOW)
    with record.session() as session:
        assert session.scalars(select(Account.password_hash)).one().startswith("$argon2id$")
        assert session.scalars(select(WebSession.token_hash)).one() != token


def test_an_unknown_name_and_a_wrong_password_get_the_same_words(record: Record) -> None:
    messages = []
    for name in ("ada", "nobody"):
        with pytest.raises(NotPermitted) as refused:
            accounts.sign_in(record, name, "wrong wrong wrong", "10.0.0.1", NOW)
        messages.append(str(refused.value))
    assert messages[0] == messages[1]


def test_the_sixth_attempt_in_a_quarter_of_an_hour_must_wait_even_with_the_right_password(record: Record) -> None:
    for _ in range(5):
        with pytest.raises(NotPermitted):
            accounts.sign_in(record, "ada", "wrong", "10.0.0.1", NOW)
    with pytest.raises(Unavailable, match="Too many attempts"):
        accounts.sign_in(record, "ada", PASSWORD, "10.0.0.2", NOW)
    assert accounts.sign_in(record, "ada", PASSWORD, "10.0.0.2", NOW + timedelta(minutes=16))


def test_one_address_cannot_try_many_names(record: Record) -> None:
    for i in range(20):
        with pytest.raises(NotPermitted):
            accounts.sign_in(record, f"name{i}", "wrong", "10.0.0.1", NOW)
    with pytest.raises(Unavailable):
        accounts.sign_in(record, "another", "wrong", "10.0.0.1", NOW)


def test_a_session_ends_when_idle_when_old_when_revoked_and_when_signed_out(record: Record) -> None:
    def open_one() -> str:
        return accounts.sign_in(record, "ada", PASSWORD, "10.0.0.1", NOW)

    assert accounts.actor_of_session(record, open_one(), NOW + timedelta(hours=3)) is None
    assert accounts.actor_of_session(record, open_one(), NOW + timedelta(hours=13)) is None
    token = open_one()
    accounts.end_sessions(record, accounts.INSTALLER, "ada", NOW)
    assert accounts.actor_of_session(record, token, NOW) is None
    token = open_one()
    accounts.end_session(record, token)
    assert accounts.actor_of_session(record, token, NOW) is None


def test_a_closed_account_is_out_at_once_and_cannot_return(record: Record) -> None:
    token = accounts.sign_in(record, "ada", PASSWORD, "10.0.0.1", NOW)
    accounts.close_account(record, accounts.INSTALLER, "ada", NOW)
    assert accounts.actor_of_session(record, token, NOW) is None
    with pytest.raises(NotPermitted):
        accounts.sign_in(record, "ada", PASSWORD, "10.0.0.1", NOW)


def test_short_passwords_unknown_roles_and_wrong_scopes_are_refused(record: Record) -> None:
    with pytest.raises(BadInput, match="too short"):
        accounts.open_account(record, accounts.INSTALLER, "bob", "Bob", "short", NOW)
    with pytest.raises(BadInput, match="Unknown role"):
        accounts.grant_role(record, accounts.INSTALLER, "ada", "captain", Scope(), NOW)
    with pytest.raises(BadInput, match="portfolio, programme:NAME, study:ID"):
        accounts.grant_role(record, accounts.INSTALLER, "ada", "reader", Scope("site", "A/1"), NOW)


def test_an_account_without_a_role_cannot_sign_in(record: Record) -> None:
    accounts.open_account(record, accounts.INSTALLER, "eve", "Eve", PASSWORD, NOW)
    with pytest.raises(NotPermitted, match="no role"):
        accounts.sign_in(record, "eve", PASSWORD, "10.0.0.1", NOW)


def test_all_of_it_is_in_the_audit_chain(record: Record) -> None:
    accounts.sign_in(record, "ada", PASSWORD, "10.0.0.1", NOW)
    assert verify_chain(record) == 3
