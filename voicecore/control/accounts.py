"""Accounts, sessions and API tokens: passwords as argon2 hashes, secrets as digests, in one file."""

from __future__ import annotations

import re
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from voicecore import durable
from voicecore.control.roles import ALLOWED, Permission, Role
from voicecore.errors import AccessError

SHORTEST, LONGEST = 12, 256
"""Characters of a password."""
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_TOUCH_S = 60.0
"""A session's last use is kept this exactly."""
_TABLES = """
create table if not exists accounts (
    name text primary key, role text not null, password text not null, made real not null
) strict;
create table if not exists sessions (
    digest text primary key, name text not null references accounts on delete cascade,
    began real not null, used real not null
) strict;
create table if not exists tokens (
    name text primary key, role text not null, digest text not null unique, made real not null,
    expires real not null
) strict;
"""


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks: an account that logged in, or a token."""

    name: str
    role: Role

    @property
    def permissions(self) -> frozenset[Permission]:
        return ALLOWED[self.role]


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """Seconds."""

    session_s: float
    idle_s: float


class Accounts:
    """Safe from any thread; every change is durable. A secret is shown once, when it is made.

    Raises AccessError: ``bad-login``, ``not-authenticated``, ``bad-name``, ``weak-password``, ``name-taken``,
    ``unknown-account``, ``unknown-token``; and StoreError.
    """

    def __init__(
        self,
        path: Path,
        lifetimes: Lifetimes,
        hasher: PasswordHasher | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``path`` is made if missing; ``clock``: seconds since 1970."""
        self._path = path
        self._lifetimes = lifetimes
        self._hasher = hasher or PasswordHasher()
        self._clock = clock
        self._lock = threading.Lock()
        self._nobody = self._hasher.hash(secrets.token_urlsafe())
        """Checked where there is no account, so that the time taken does not tell."""
        self._db = durable.connect(path)
        with durable.errors(path):
            self._db.executescript(_TABLES)

    def close(self) -> None:
        self._db.close()

    # Accounts

    def add(self, name: str, role: Role, password: str) -> None:
        """Make an account."""
        values = (_checked(name), role, self._hashed(name, password), self._clock())
        with self._writing("name-taken", name) as db:
            db.execute("insert into accounts values (?, ?, ?, ?)", values)

    def change(self, name: str, role: Role | None = None, password: str | None = None) -> None:
        """Give an account another role or password; its sessions end."""
        hashed = None if password is None else self._hashed(name, password)
        with self._writing() as db:
            query = "role = coalesce(?, role), password = coalesce(?, password) where name = ?"
            if db.execute(f"update accounts set {query}", (role, hashed, name)).rowcount == 0:
                raise AccessError("unknown-account", repr(name))
            db.execute("delete from sessions where name = ?", (name,))

    def remove(self, name: str) -> None:
        """An account and its sessions."""
        with self._writing() as db:
            if db.execute("delete from accounts where name = ?", (name,)).rowcount == 0:
                raise AccessError("unknown-account", repr(name))

    def everybody(self) -> list[tuple[str, Role, str]]:
        """Name, role and when it was made (ISO 8601, UTC)."""
        rows = self._rows("select name, role, made from accounts order by name")
        return [(name, Role(role), _iso(made)) for name, role, made in rows]

    # Sessions

    def login(self, name: str, password: str) -> tuple[str, Person]:
        """A session's secret, and whose it is. Slow on purpose: not on an event loop."""
        rows = self._rows("select role, password from accounts where name = ?", name)
        role, hashed = rows[0] if rows else (None, self._nobody)
        try:
            self._hasher.verify(hashed, password[:LONGEST])
        except (VerificationError, InvalidHashError):
            role = None
        if role is None:
            raise AccessError("bad-login", "no such name and password")
        secret, now = f"vcs_{secrets.token_urlsafe(32)}", self._clock()
        with self._writing("bad-login", name) as db:
            db.execute("delete from sessions where began < ?", (now - self._lifetimes.session_s,))
            db.execute("insert into sessions values (?, ?, ?, ?)", (_digest(secret), name, now, now))
        return secret, Person(name, Role(role))

    def logout(self, secret: str) -> None:
        """End a session; what is none does not matter."""
        with self._writing() as db:
            db.execute("delete from sessions where digest = ?", (_digest(secret),))

    # Tokens

    def issue(self, name: str, role: Role, days: float) -> str:
        """A new token's secret."""
        secret, now = f"vct_{secrets.token_urlsafe(32)}", self._clock()
        values = (_checked(name), role, _digest(secret), now, now + days * 86_400)
        with self._writing("name-taken", name) as db:
            db.execute("delete from tokens where expires < ?", (now,))
            db.execute("insert into tokens values (?, ?, ?, ?, ?)", values)
        return secret

    def revoke(self, name: str) -> None:
        """A token ends."""
        with self._writing() as db:
            if db.execute("delete from tokens where name = ?", (name,)).rowcount == 0:
                raise AccessError("unknown-token", repr(name))

    def tokens(self) -> list[tuple[str, Role, str]]:
        """Name, role and when it expires (ISO 8601, UTC)."""
        rows = self._rows("select name, role, expires from tokens order by name")
        return [(name, Role(role), _iso(expires)) for name, role, expires in rows]

    # Everybody

    def person(self, secret: str) -> Person:
        """Whose secret it is."""
        digest, now = _digest(secret), self._clock()
        if secret.startswith("vct_"):
            rows = self._rows("select name, role from tokens where digest = ? and expires > ?", digest, now)
            if rows:
                return Person(f"token:{rows[0][0]}", Role(rows[0][1]))
        else:
            query = """select name, role, used from sessions join accounts using (name)
                       where digest = ? and began > ? and used > ?"""
            oldest = (now - self._lifetimes.session_s, now - self._lifetimes.idle_s)
            for name, role, used in self._rows(query, digest, *oldest):
                if now - used > min(_TOUCH_S, self._lifetimes.idle_s / 2):
                    with self._writing() as db:
                        db.execute("update sessions set used = ? where digest = ?", (now, digest))
                return Person(name, Role(role))
        raise AccessError("not-authenticated", "a valid session or token is needed")

    def _hashed(self, name: str, password: str) -> str:
        if not SHORTEST <= len(password) <= LONGEST or name.lower() in password.lower():
            message = f"a password has {SHORTEST} to {LONGEST} characters and does not contain the name"
            raise AccessError("weak-password", message)
        return self._hasher.hash(password)

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self._lock, durable.errors(self._path):
            return self._db.execute(query, values).fetchall()

    @contextmanager
    def _writing(self, taken: str = "", name: str = "") -> Iterator[sqlite3.Connection]:
        """One transaction; a key that exists already is the error ``taken``."""
        with self._lock, durable.errors(self._path):
            try:
                with durable.transaction(self._db):
                    yield self._db
            except sqlite3.IntegrityError as exc:
                raise AccessError(taken, repr(name)) from exc


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise AccessError("bad-name", "a name is lower-case letters, digits and . _ -, at most 64 characters")
    return name


def _digest(secret: str) -> str:
    """Secrets have 256 random bits: a plain hash can't be searched."""
    return sha256(secret.encode()).hexdigest()


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
