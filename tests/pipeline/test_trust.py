"""One call's safeguards where there are none, and where the record fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from voicecore.dialogue import Heard, State
from voicecore.errors import StoreError
from voicecore.guardrails import Action
from voicecore.pipeline.approvals import Desk
from voicecore.pipeline.pauses import Pause, Pauses, Scope
from voicecore.pipeline.trust import Known, Nobody, People, Trust, Unrecorded
from voicecore.types import Answer, ApprovalRequest, Transcript

ASKED = ApprovalRequest("call-1", "call-1:t1", "pay", {}, "needs-approval", 60.0)


class Full(Unrecorded):
    """A record that takes nothing."""

    def note(self, *_: Any) -> None:
        raise StoreError("audit-unavailable", "full")


async def test_nothing_is_judged_limited_or_kept_where_nothing_is_asked_for() -> None:
    trust, event = Trust("call-1"), Heard(Transcript("hello"))
    assert await trust.screen(event, State(), 1.0) is None
    trust.taken(1, 1.0)
    assert (await trust.vet("Hello.", State(), 1.0, (), ())).action is Action.ALLOW
    assert trust.screened_ms == 0
    assert trust.guarding(tools := object()) is tools  # type: ignore[arg-type, comparison-overlap]
    assert Unrecorded().keep("call-1", "turn", 0.0, {}).result() is None


async def test_where_nobody_is_there_the_answer_is_no() -> None:
    assert await Nobody().ask(ASKED) == Answer(False, why="nobody-asked")


def test_a_call_goes_on_when_something_without_an_effect_is_not_on_record(
    caplog: pytest.LogCaptureFixture,
) -> None:
    Trust("call-1", audit=Full()).note("turn", 1.0, {})
    assert "audit-unavailable" in caplog.text


def test_what_a_tool_may_depend_on_is_what_the_call_knows_then() -> None:
    known = Known()
    trust = Trust("call-1", known=known)
    trust.knows(State(values={"amount": 3}))
    assert known.facts == {"slots": {"amount": 3}, "risk": {}}


async def test_when_the_call_is_over_nobody_decides_about_it(tmp_path: Path) -> None:
    import asyncio

    desk, pauses = Desk(), Pauses(tmp_path / "pauses.json")
    people = People("call-1", desk, pauses)
    pauses.pause(Pause(Scope.CALL, "call-1", "ann", "odd", ""))
    waiting = asyncio.ensure_future(desk.ask(ASKED))
    await asyncio.sleep(0)
    assert people.deciding
    people.leave()
    assert await waiting == Answer(False, why="call-ended")
    assert not people.deciding
    assert pauses.refusal("call-1", "pay") is None
