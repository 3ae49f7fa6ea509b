"""What stands between one call and all that it could tell, do or lead to."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from voicecore.dialogue import Heard, State, Steered
from voicecore.errors import StoreError
from voicecore.guardrails import Action, Verdict
from voicecore.pipeline.approvals import Desk
from voicecore.pipeline.guard import Guard
from voicecore.pipeline.pauses import Pauses
from voicecore.pipeline.privacy import Privacy
from voicecore.ports import Audit, Tools
from voicecore.types import Answer, ApprovalRequest

log = logging.getLogger(__name__)

Now = Callable[[], float]
"""Seconds on a call's audio clock."""


class Unrecorded:
    """``ports.Audit`` of an appliance that keeps no record."""

    def note(self, call_id: str, kind: str, at: float, data: Mapping[str, Any]) -> None:
        """Nothing is kept."""

    def keep(self, call_id: str, kind: str, at: float, data: Mapping[str, Any]) -> Future[Any]:
        """Done at once."""
        del call_id, kind, at, data
        done: Future[Any] = Future()
        done.set_result(None)
        return done


class Nobody:
    """``ports.Approvals`` of an appliance without a control process: nobody is there to say yes."""

    async def ask(self, request: ApprovalRequest) -> Answer:
        """No."""
        del request
        return Answer(False, why="nobody-asked")


@dataclass(frozen=True, slots=True)
class People:
    """Those who oversee one call."""

    call_id: str = ""
    desk: Desk | None = None
    pauses: Pauses | None = None

    @property
    def deciding(self) -> bool:
        """Whether the call waits for one of them."""
        return self.desk is not None and self.desk.waits(self.call_id)

    def leave(self) -> None:
        """The call is over: nobody decides about it any more."""
        if self.desk is not None:
            self.desk.end_call(self.call_id)
        if self.pauses is not None:
            self.pauses.end_call(self.call_id)


@dataclass(slots=True)
class Known:
    """What the call has come to know, for conditions of the policy."""

    slots: Mapping[str, Any] = field(default_factory=dict)
    risk: Mapping[str, Any] = field(default_factory=dict)

    @property
    def facts(self) -> Mapping[str, Any]:
        """By root."""
        return {"slots": self.slots, "risk": self.risk}


class Trust:
    """One call's. Without arguments nothing is private, judged, limited or recorded."""

    def __init__(
        self,
        call_id: str = "",
        *,
        privacy: Privacy | None = None,
        guard: Guard | None = None,
        audit: Audit | None = None,
        people: People | None = None,
        known: Known | None = None,
        tools: Callable[[Tools], Tools] = lambda tools: tools,
    ) -> None:
        """``tools``: puts the policy before the back-end; it reads ``known``."""
        self.privacy = privacy or Privacy()
        self.guarding = tools
        self._call_id = call_id
        self._guard = guard
        self._audit = audit or Unrecorded()
        self.people = people or People()
        self._known = known or Known()
        self._judged: tuple[Heard, Verdict] | None = None

    def knows(self, state: State) -> None:
        """A tool is about to be called along ``state``."""
        self._known.slots = state.values

    async def screen(self, event: Heard, state: State, now: float) -> Steered | None:
        """What is to be done in place of what the caller said; None: nothing is. Has no effect yet."""
        self._judged = None
        if self._guard is None:
            return None
        verdict = await self._guard.heard(event, state, now)
        self._judged = (event, verdict)
        if verdict.action is Action.ALLOW:
            return None
        return Steered(verdict.text, hand_off=verdict.action is Action.HAND_OFF)

    @property
    def screened_ms(self) -> float:
        """What it took to judge the turn that was screened last."""
        return 0.0 if self._judged is None else self._judged[1].ms

    def taken(self, turn: int, now: float) -> None:
        """The turn that was screened last is certain."""
        if self._guard is None or self._judged is None:
            return
        event, verdict = self._judged
        self._judged = None
        self._guard.take(event, verdict)
        after = verdict.after
        if after is not None:
            pressure = max(after.pressure.values(), default=0.0)
            self._known.risk = {"pressure": pressure, "interventions": after.interventions}
        self.note("guard.heard", now, {"turn": turn, **told(verdict)})

    async def vet(
        self, sentence: str, state: State, now: float, passages: Sequence[str], said: Sequence[str]
    ) -> Verdict:
        """What is to be done about a sentence before its synthesis."""
        if self._guard is None:
            return Verdict()
        verdict = await self._guard.about_to_say(sentence, state, passages, said)
        if verdict.action is not Action.ALLOW:
            instead = self.privacy.shown("agent", verdict.text)
            self.note("guard.sentence", now, {**told(verdict), "instead": instead})
        return verdict

    def note(self, kind: str, now: float, data: Mapping[str, Any]) -> None:
        """Put something on record. What must not happen without one goes through ``tools``."""
        try:
            self._audit.note(self._call_id, kind, now, data)
        except StoreError as exc:
            log.error("%s is not on record: %s", kind, exc.code, extra={"call": self._call_id})


def told(verdict: Verdict) -> dict[str, Any]:
    """A verdict as it goes on record: action, reasons with scores, what each check took (ms)."""
    return {
        "action": verdict.action.value,
        "reasons": [
            f"{finding.check}: {finding.reason} ({finding.score:.2f})" for finding in verdict.findings
        ],
        "ms": {cost.check: round(cost.ms, 3) for cost in verdict.costs},
    }
