"""The routes for people themselves: logging in, accounts, tokens."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import Field, SecretStr

from voicecore.config import Section
from voicecore.control.access import Anybody, Needs, secret_of
from voicecore.control.accounts import Person
from voicecore.control.oversee import At
from voicecore.control.roles import Permission, Role
from voicecore.errors import AccessError

router = APIRouter(prefix="/v1")

Known = Annotated[Person, Depends(Needs(None))]
Manager = Annotated[Person, Depends(Needs(Permission.MANAGE))]


class Login(Section):
    """A name and its password."""

    name: str = Field(max_length=64)
    password: SecretStr = Field(max_length=256)


class NewAccount(Login):
    """An account to be made."""

    role: Role


class Change(Section):
    """What is to be different about an account."""

    role: Role | None = None
    password: SecretStr | None = Field(None, max_length=256)


class NewToken(Section):
    """A token to be made."""

    name: str = Field(max_length=64)
    role: Role
    days: float = Field(90.0, gt=0, le=730)


class Me(Section):
    """Who one is, and may what."""

    name: str
    role: Role
    permissions: list[Permission]


class Session(Me):
    """A login; ``secret`` goes into the header ``Authorization: Bearer``."""

    secret: str


class Entry(Section):
    """An account or token; ``at``: when it was made, or ends (ISO 8601, UTC)."""

    name: str
    role: Role
    at: str


class Issued(Section):
    """A new token's secret: it is told only here."""

    secret: str


@router.post("/login", summary="Begin a session", dependencies=[Depends(Anybody())])
async def login(wanted: Login, request: Request, at: At) -> Session:
    address = request.client.host if request.client else ""
    try:
        secret, person = await at.access.login(wanted.name, wanted.password.get_secret_value(), address)
    except AccessError as exc:
        await at.record("login.refused", wanted.name, address=address, code=exc.code)
        raise
    await at.record("login", person, address=address)
    return Session(secret=secret, **_me(person))


@router.post("/logout", summary="End this session", status_code=204)
async def logout(person: Known, request: Request, at: At) -> None:
    await asyncio.to_thread(at.access.accounts.logout, secret_of(request) or "")
    await at.record("logout", person)


@router.get("/me", summary="Who am I, and what may I do")
async def me(person: Known) -> Me:
    return Me(**_me(person))


def _me(person: Person) -> dict[str, object]:
    return {"name": person.name, "role": person.role, "permissions": sorted(person.permissions)}


@router.get("/accounts", summary="All accounts")
async def accounts(_person: Manager, at: At) -> list[Entry]:
    rows = await asyncio.to_thread(at.access.accounts.everybody)
    return [Entry(name=name, role=role, at=made) for name, role, made in rows]


@router.post("/accounts", summary="Make an account", status_code=201)
async def add_account(new: NewAccount, person: Manager, at: At) -> None:
    await at.record("account.add", person, account=new.name, role=new.role)
    secret = new.password.get_secret_value()
    await asyncio.to_thread(at.access.accounts.add, new.name, new.role, secret)


@router.patch("/accounts/{name}", summary="Give an account another role or password; its sessions end")
async def change_account(name: str, change: Change, person: Manager, at: At) -> None:
    password = change.password.get_secret_value() if change.password else None
    facts = {"account": name, "role": change.role, "password": change.password is not None}
    await at.record("account.change", person, **facts)
    await asyncio.to_thread(at.access.accounts.change, name, change.role, password)


@router.delete("/accounts/{name}", summary="Remove an account and its sessions", status_code=204)
async def remove_account(name: str, person: Manager, at: At) -> None:
    await at.record("account.remove", person, account=name)
    await asyncio.to_thread(at.access.accounts.remove, name)


@router.get("/tokens", summary="All tokens")
async def tokens(_person: Manager, at: At) -> list[Entry]:
    rows = await asyncio.to_thread(at.access.accounts.tokens)
    return [Entry(name=name, role=role, at=expires) for name, role, expires in rows]


@router.post("/tokens", summary="Make a token", status_code=201)
async def issue_token(new: NewToken, person: Manager, at: At) -> Issued:
    await at.record("token.issue", person, token=new.name, role=new.role, days=new.days)
    secret = await asyncio.to_thread(at.access.accounts.issue, new.name, new.role, new.days)
    return Issued(secret=secret)


@router.delete("/tokens/{name}", summary="Revoke a token", status_code=204)
async def revoke_token(name: str, person: Manager, at: At) -> None:
    await at.record("token.revoke", person, token=name)
    await asyncio.to_thread(at.access.accounts.revoke, name)
