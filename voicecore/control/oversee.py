"""The routes by which people see what the agent does, approve it, stop it and take it back."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field

from voicecore.config import Section
from voicecore.control.access import Needs
from voicecore.control.accounts import Person
from voicecore.control.office import Office
from voicecore.control.roles import Permission

router = APIRouter(prefix="/v1")

Watcher = Annotated[Person, Depends(Needs(Permission.WATCH))]
Reader = Annotated[Person, Depends(Needs(Permission.READ))]
Decider = Annotated[Person, Depends(Needs(Permission.DECIDE))]
Pauser = Annotated[Person, Depends(Needs(Permission.PAUSE))]
Taker = Annotated[Person, Depends(Needs(Permission.TAKE_OVER))]
Undoer = Annotated[Person, Depends(Needs(Permission.UNDO))]

Why = Annotated[str, Field(min_length=1, max_length=500, pattern=r"\S")]


class Reason(Section):
    """Why a person does it; it goes on record."""

    why: Why


class Verdict(Reason):
    """A decision about what waits under ``key``."""

    key: str
    approved: bool = Field(strict=True)


class Held(Reason):
    """What is to be paused, or to go on: ``name`` is a call's id or a tool's name, and empty for the box."""

    scope: Literal["call", "tool", "box"]
    name: str = ""


class Back(Reason):
    """The executed step that is to be taken back."""

    key: str


def office(request: Request) -> Office:
    found: Office = request.app.state.office
    return found


At = Annotated[Office, Depends(office)]


@router.get("/calls", summary="Calls that are up")
async def calls(_person: Watcher, at: At) -> list[dict[str, Any]]:
    return list((await at.ask("look"))["calls"])


@router.post("/calls/{call}/hand-over", summary="Have a call handed over to a person")
async def hand_over(call: str, reason: Reason, person: Taker, at: At) -> dict[str, Any]:
    return dict(await at.ask("hand-over", call=call, who=person.name, why=reason.why))


@router.get("/approvals", summary="What waits for a decision, oldest first")
async def approvals(_person: Reader, at: At) -> list[dict[str, Any]]:
    return list((await at.ask("look"))["approvals"])


@router.post("/approvals", summary="Approve or deny")
async def decide(verdict: Verdict, person: Decider, at: At) -> dict[str, Any]:
    fields = {"key": verdict.key, "approved": verdict.approved, "who": person.name, "why": verdict.why}
    return dict(await at.ask("answer", **fields))


@router.get("/pauses", summary="What is paused, oldest first")
async def pauses(_person: Watcher, at: At) -> list[dict[str, Any]]:
    return list((await at.ask("look"))["pauses"])


@router.post("/pauses", summary="Pause a call, a tool, or the box")
async def pause(held: Held, person: Pauser, at: At) -> dict[str, Any]:
    return dict(await at.ask("pause", scope=held.scope, name=held.name, who=person.name, why=held.why))


@router.post("/pauses/lift", summary="Let it go on")
async def resume(held: Held, person: Pauser, at: At) -> dict[str, Any]:
    return dict(await at.ask("resume", scope=held.scope, name=held.name, who=person.name, why=held.why))


@router.get("/steps", summary="The latest executed steps that can be taken back")
async def steps(_person: Reader, at: At, call: Annotated[str | None, Query()] = None) -> list[dict[str, Any]]:
    return list(await at.ask("steps", call=call))


@router.post("/steps/undo", summary="Take an executed step back")
async def undo(back: Back, person: Undoer, at: At) -> dict[str, Any]:
    return dict(await at.ask("undo", key=back.key, who=person.name, why=back.why))
