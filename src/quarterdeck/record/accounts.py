"""Who may sign in: argon2 passwords, sessions kept on the server and revocable, and a limit on failed attempts."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Select, delete, func, or_, select
from sqlalchemy.orm import Session

from quarterdeck.record import audit
from quarterdeck.record.database import Record
from quarterdeck.record.models.accounts import Account, LoginAttempt, WebSession
from quarterdeck.record.models.base import Grant, Person
from quarterdeck.record.permissions import ROLES, Actor, GrantedRole
from quarterdeck.vocabulary.errors import BadInput, NotFound, NotPermitted, Unavailable
from quarterdeck.vocabulary.reading import Scope

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SESSION_LASTS = timedelta(hours=12)
IDLE_ENDS = timedelta(hours=2)
ATTEMPTS, ADDRESS_ATTEMPTS, LOOK_BACK = 5, 20, timedelta(minutes=15)  # per name, per address: enough for slips, too few for guessing
MINIMUM_PASSWORD = 12  # NIST SP 800-63B-4 asks for length rather than for kinds of letters
SCOPE_LEVELS = ("portfolio", "programme", "study")
INSTALLER = Actor("installer", "Command line", tuple(GrantedRole(role) for role in ROLES))


@dataclass(frozen=True, slots=True)
class AccountInfo:
    """An account as a list shows it."""

    id: str
    name: str
    is_active: bool
    grants: tuple[GrantedRole, ...]


def has_accounts(record: Record) -> bool:
    """Whether anyone has an account, so that pages ask who reads."""
    with record.session() as session:
        return session.scalar(select(func.count()).select_from(Account)) != 0


def open_account(
    record: Record, by: Actor, person_id: str, name: str, password: str, now: datetime, sso_subject: str | None = None
) -> None:
    """A new account, or the way back in for a person who has one: the password is replaced and every session ended."""
    if not person_id.strip() or not name.strip():
        raise BadInput("An account needs an identifier and a name", thing=repr(person_id))
    if sso_subject is None or password:
        _check_password(password)
    with audit.write(record, by, audit.Act("account.manage", "account", person_id, detail={"what": "opened"}), now) as session:
        if session.get(Person, person_id) is None:
            session.add(Person(id=person_id, name=name, kind="person", created_at=now))
            session.flush()
        account = session.get(Account, person_id) or Account(person_id=person_id, created_at=now)
        account.password_hash = _hasher().hash(password) if password else ""
        account.sso_subject, account.is_active = sso_subject, True
        session.merge(account)
        session.execute(delete(WebSession).where(WebSession.person_id == person_id))


def close_account(record: Record, by: Actor, person_id: str, now: datetime) -> None:
    """The person can no longer sign in, and their sessions end now. What they did stays in the record."""
    with audit.write(record, by, audit.Act("account.manage", "account", person_id, detail={"what": "closed"}), now) as session:
        _get_account(session, person_id).is_active = False
        session.execute(delete(WebSession).where(WebSession.person_id == person_id))


def grant_role(record: Record, by: Actor, person_id: str, role: str, scope: Scope, now: datetime) -> None:
    """A role for the portfolio, a programme or one trial."""
    _check_grant(role, scope)
    act = audit.Act("account.manage", "account", person_id, detail={"what": "role given", "role": role, "scope": str(scope)})
    with audit.write(record, by, act, now) as session:
        _get_account(session, person_id)
        if not session.scalars(_matching(person_id, role, scope)).first():
            session.add(Grant(person_id=person_id, role=role, scope_level=scope.level, scope_key=scope.key))


def withdraw_role(record: Record, by: Actor, person_id: str, role: str, scope: Scope, now: datetime) -> None:
    """The role ends with the next request."""
    _check_grant(role, scope)
    act = audit.Act("account.manage", "account", person_id, detail={"what": "role withdrawn", "role": role, "scope": str(scope)})
    with audit.write(record, by, act, now) as session:
        grant = session.scalars(_matching(person_id, role, scope)).first()
        if grant is None:
            raise NotFound("The person does not hold this role", thing=f"{person_id}: {role} on {scope}")
        session.delete(grant)


def list_accounts(record: Record) -> list[AccountInfo]:
    """All accounts by name."""
    with record.session() as session:
        people = session.execute(select(Account, Person).join(Person, Person.id == Account.person_id).order_by(Person.name)).all()
        return [AccountInfo(p.id, p.name, a.is_active, _grants(session, p.id)) for a, p in people]


def sign_in(record: Record, person_id: str, password: str, address: str, now: datetime) -> str:
    """The token of a new session. Raises NotPermitted (the same words whatever was wrong) or Unavailable after too many attempts."""
    _check_rate(record, person_id, address, now)
    with record.session() as session:
        account = session.get(Account, person_id)
        known = account.password_hash if account and account.is_active and account.password_hash else ""
    # The hash is computed for an unknown name too, so that the time taken tells nobody which names exist.
    if not _verify(known or _decoy(), password) or not known:
        with record.transaction() as session:
            session.add(LoginAttempt(name=person_id[:120], address=address[:60], attempted_at=now))
        raise NotPermitted("The name or the password is not right", next_step="Try again, or ask an administrator for a new password.")
    return start_session(record, person_id, now)


def find_by_sso(record: Record, subject: str) -> str | None:
    """The person whose account carries this subject of the single sign-on."""
    with record.session() as session:
        account = session.scalars(select(Account).where(Account.sso_subject == subject, Account.is_active)).first()
        return account.person_id if account else None


def start_session(record: Record, person_id: str, now: datetime) -> str:
    """A new session's token, for a person whose identity has been established. Old and idle sessions are swept."""
    token = secrets.token_urlsafe(32)
    actor = _actor(record, person_id)
    if actor is None or not actor.grants:
        raise NotPermitted("The account has no role yet", thing=person_id, next_step="Ask an administrator for a role.")
    # A role for one trial may sign in too, so the act takes place where the role holds.
    act = audit.Act("account.sign_in", "account", person_id, scope=actor.grants[0].scope)
    with audit.write(record, actor, act, now) as session:
        session.execute(delete(WebSession).where(or_(WebSession.expires_at < now, WebSession.seen_at < now - IDLE_ENDS)))
        session.execute(delete(LoginAttempt).where(or_(LoginAttempt.attempted_at < now - LOOK_BACK, LoginAttempt.name == person_id)))
        session.add(WebSession(token_hash=_digest(token), person_id=person_id, created_at=now, seen_at=now, expires_at=now + SESSION_LASTS))
    return token


def actor_of_session(record: Record, token: str, now: datetime) -> Actor | None:
    """Who this token belongs to, with today's roles; None where it has ended, was revoked or never was."""
    with record.session() as session:
        row = session.get(WebSession, _digest(token))
        if row is None or row.expires_at < now or row.seen_at < now - IDLE_ENDS:
            return None
        person_id, seen_at = row.person_id, row.seen_at
    if now - seen_at > timedelta(minutes=5):  # a write per page would make every reader a writer
        with record.transaction() as session:
            if row := session.get(WebSession, _digest(token)):
                row.seen_at = now
    return _actor(record, person_id)


def end_session(record: Record, token: str) -> None:
    """Signing out."""
    with record.transaction() as session:
        session.execute(delete(WebSession).where(WebSession.token_hash == _digest(token)))


def end_sessions(record: Record, by: Actor, person_id: str, now: datetime) -> int:
    """All sessions of a person end with their next request. Returns how many there were."""
    with audit.write(record, by, audit.Act("account.manage", "account", person_id, detail={"what": "sessions ended"}), now) as session:
        ended = session.scalars(select(WebSession).where(WebSession.person_id == person_id)).all()
        for row in ended:
            session.delete(row)
        return len(ended)


def _actor(record: Record, person_id: str) -> Actor | None:
    with record.session() as session:
        person, account = session.get(Person, person_id), session.get(Account, person_id)
        if person is None or account is None or not account.is_active:
            return None
        return Actor(person.id, person.name, _grants(session, person.id))


def _grants(session: Session, person_id: str) -> tuple[GrantedRole, ...]:
    rows = session.scalars(select(Grant).where(Grant.person_id == person_id).order_by(Grant.id))
    return tuple(GrantedRole(row.role, Scope(row.scope_level, row.scope_key)) for row in rows)


def _get_account(session: Session, person_id: str) -> Account:
    account = session.get(Account, person_id)
    if account is None:
        raise NotFound("There is no such account", thing=person_id, next_step="See `quarterdeck accounts list`.")
    return account


def _matching(person_id: str, role: str, scope: Scope) -> Select[Grant]:
    return select(Grant).where(
        Grant.person_id == person_id, Grant.role == role, Grant.scope_level == scope.level, Grant.scope_key == scope.key
    )


def _check_grant(role: str, scope: Scope) -> None:
    if role not in ROLES:
        raise BadInput("Unknown role", thing=role, allowed=ROLES)
    if scope.level not in SCOPE_LEVELS or (scope.level == "portfolio") != (scope.key == ""):
        raise BadInput(
            "A role holds for the portfolio, a programme or a trial", thing=str(scope), allowed="portfolio, programme:NAME, study:ID"
        )


def _check_password(password: str) -> None:
    if len(password) < MINIMUM_PASSWORD:
        raise BadInput(
            "The password is too short", thing=f"{len(password)} characters", allowed=f"{MINIMUM_PASSWORD} or more; a few words do well"
        )
    if len(password) > 1000:
        raise BadInput("The password is too long", allowed="up to 1,000 characters")


def _check_rate(record: Record, name: str, address: str, now: datetime) -> None:
    with record.session() as session:
        recent = select(func.count()).select_from(LoginAttempt).where(LoginAttempt.attempted_at > now - LOOK_BACK)
        by_name = session.scalar(recent.where(LoginAttempt.name == name)) or 0
        by_address = session.scalar(recent.where(LoginAttempt.address == address)) or 0
    if by_name >= ATTEMPTS or by_address >= ADDRESS_ATTEMPTS:
        raise Unavailable("Too many attempts to sign in", next_step="Wait 15 minutes and try again.")


def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher()  # RFC 9106, low-memory profile: 64 MiB, 3 passes, 4 lanes


def _verify(known: str, password: str) -> bool:
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return bool(_hasher().verify(known, password))
    except (VerificationError, InvalidHashError):
        return False


_kept_decoy = ""


def _decoy() -> str:
    global _kept_decoy
    _kept_decoy = _kept_decoy or _hasher().hash(secrets.token_urlsafe(16))
    return _kept_decoy


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
