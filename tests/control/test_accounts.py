"""Accounts, sessions, tokens: who is let in, for how long, and what a thief of the file would find."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from tests.control.conftest import PASSWORD, QUICK, Clock
from voicecore.control.accounts import Accounts, Lifetimes, Person
from voicecore.control.roles import Role
from voicecore.errors import AccessError

DAY = 86_400.0


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def accounts(tmp_path: Path, clock: Clock) -> Accounts:
    made = Accounts(tmp_path / "control.db", Lifetimes(12 * 3600, 1800), QUICK, clock)
    made.add("mona", Role.SUPERVISOR, PASSWORD)
    return made


def refused(code: str) -> pytest.RaisesExc[AccessError]:
    return pytest.raises(AccessError, match=f"^{code}")


def test_a_session_begins_with_the_password_and_ends_with_the_logout(accounts: Accounts) -> None:
    secret, person = accounts.login("mona", PASSWORD)
    assert person == Person("mona", Role.SUPERVISOR) == accounts.person(secret)
    accounts.logout(secret)
    with refused("not-authenticated"):
        accounts.person(secret)


@pytest.mark.parametrize(
    ("name", "password"), [("mona", PASSWORD + "x"), ("mona", ""), ("nobody", PASSWORD), ("", "")]
)
def test_who_is_wrong_is_not_told_what_is_wrong(accounts: Accounts, name: str, password: str) -> None:
    with pytest.raises(AccessError) as caught:
        accounts.login(name, password)
    assert str(caught.value) == "bad-login: no such name and password"


def test_a_session_ends_by_itself(accounts: Accounts, clock: Clock) -> None:
    secret, _ = accounts.login("mona", PASSWORD)
    for _ in range(20):
        clock.now += 1700
        accounts.person(secret)
    clock.now += 1801
    with refused("not-authenticated"):
        accounts.person(secret)
    secret, _ = accounts.login("mona", PASSWORD)
    for _ in range(25):
        clock.now += 1700
        accounts.person(secret)
    clock.now += 1700
    with refused("not-authenticated"):
        accounts.person(secret)


def test_a_change_acts_at_once(accounts: Accounts) -> None:
    secret, _ = accounts.login("mona", PASSWORD)
    accounts.change("mona", role=Role.VIEWER)
    with refused("not-authenticated"):
        accounts.person(secret)
    accounts.change("mona", password="another good one")
    with refused("bad-login"):
        accounts.login("mona", PASSWORD)
    secret, person = accounts.login("mona", "another good one")
    assert person.role is Role.VIEWER
    accounts.remove("mona")
    with refused("not-authenticated"):
        accounts.person(secret)
    assert accounts.everybody() == []


def test_a_token_lives_until_it_expires_or_is_revoked(accounts: Accounts, clock: Clock) -> None:
    secret = accounts.issue("ci", Role.VIEWER, days=2)
    assert accounts.person(secret) == Person("token:ci", Role.VIEWER)
    clock.now += 2 * DAY + 1
    with refused("not-authenticated"):
        accounts.person(secret)
    secret = accounts.issue("ci", Role.VIEWER, days=2)
    assert [(name, role) for name, role, _ in accounts.tokens()] == [("ci", Role.VIEWER)]
    accounts.revoke("ci")
    with refused("not-authenticated"):
        accounts.person(secret)


def test_what_is_wrong_is_refused(accounts: Accounts) -> None:
    with refused("name-taken"):
        accounts.add("mona", Role.ADMIN, PASSWORD)
    for name in ("", "Mona", "a b", "../x", "x" * 65):
        with refused("bad-name"):
            accounts.add(name, Role.VIEWER, PASSWORD)
    for password in ("short", "x" * 257, "mona-mona-mona"):
        with refused("weak-password"):
            accounts.change("mona", password=password)
    accounts.issue("ci", Role.VIEWER, 1)
    with refused("name-taken"):
        accounts.issue("ci", Role.VIEWER, 1)
    for act in (lambda: accounts.remove("x"), lambda: accounts.change("x", role=Role.ADMIN)):
        with refused("unknown-account"):
            act()
    with refused("unknown-token"):
        accounts.revoke("x")


def test_the_file_holds_no_secret_and_is_private(tmp_path: Path, accounts: Accounts) -> None:
    session, _ = accounts.login("mona", PASSWORD)
    token = accounts.issue("ci", Role.VIEWER, 1)
    accounts.close()
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"$argon2id$" in content
    for secret in (PASSWORD, session, token, session[4:], token[4:]):
        assert secret.encode() not in content
    assert stat.S_IMODE((tmp_path / "control.db").stat().st_mode) == 0o600


def test_passwords_are_hashed_as_rfc_9106_recommends(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path / "control.db", Lifetimes(1, 1))
    hasher = accounts._hasher
    assert isinstance(hasher, PasswordHasher)
    assert (hasher.memory_cost, hasher.time_cost, hasher.type.name) == (65_536, 3, "ID")
    accounts.close()
