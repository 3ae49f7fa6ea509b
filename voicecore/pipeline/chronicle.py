"""Tells what happens in a call to feed, store and record, without private data; keeps each turn's trace."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from copy import deepcopy
from dataclasses import asdict
from typing import Any

from voicecore.pipeline.feed import Feed
from voicecore.pipeline.mouth import Delivery, Speech
from voicecore.pipeline.pages import Page, Pages
from voicecore.pipeline.reply import ToolRun
from voicecore.pipeline.trust import Trust
from voicecore.pipeline.work import Lane
from voicecore.ports import Store
from voicecore.turns import Wait
from voicecore.turns.overlap import Judgement
from voicecore.types import CallInfo, Expectation, ToolTrace, Transcript, TurnTrace

log = logging.getLogger(__name__)


class Chronicle:
    """The record of one call. Times are seconds on its audio clock. A turn's trace is kept until
    the next turn begins, because the caller may still interrupt its reply."""

    def __init__(self, info: CallInfo, feed: Feed, store: Store, lane: Lane, trust: Trust) -> None:
        self.turn = TurnTrace(0, by="start")
        self._info = info
        self._feed = feed
        self._store = store
        self._lane = lane
        self._trust = trust
        self._privacy = trust.privacy
        self._pages = Pages(trust.privacy, self._revised)
        self._now = 0.0
        self._before: TurnTrace | None = None
        """The turn before, until what followed it proves to be one."""

    def started(self, codec: str, labels: dict[str, str]) -> None:
        """``labels``: the agent's name under "agent", and which engine stands behind which port."""
        info = self._info
        self._keep(lambda: self._store.begin_call(info, labels["agent"], labels))
        self._publish("call.started", 0.0, **{"from": info.remote_uri, "to": info.local_uri, "codec": codec})
        self._trust.note("call.started", 0.0, {"labels": labels, "codec": codec})

    async def ended(self, outcome: dict[str, Any], recording: str | None, now: float) -> None:
        """Return when the record is kept; watchers are told afterwards."""
        self.close_turn(now)
        self._trust.note("call.ended", now, {"outcome": outcome})
        await self._lane.submit(lambda: self._store.end_call(self._info.id, outcome, recording))
        self._publish("call.ended", now, outcome=outcome)

    def failed(self, code: str, now: float) -> None:
        self._publish("error", now, code=code)
        self._trust.note("failure", now, {"turn": self.turn.index, "code": code})

    def leaving(self, how: str, now: float) -> None:
        """The call is about to be ended, or passed on to a person."""
        self._trust.note(how, now, {"turn": self.turn.index})

    def begin_turn(self, by: str, now: float) -> None:
        """Open a turn that began at ``now``; the one before is closed when this one is certain."""
        self._close_before(now)
        self._before = self.turn
        self.turn = TurnTrace(self.turn.index + 1, by=by, times={"speech_start": round(now, 3)})

    def resumed(self) -> None:
        """The interruption was none: the turn that it cut off goes on."""
        if self._before is not None:
            self.turn, self._before = self._before, None
        self.turn.interrupted = False

    def close_turn(self, now: float) -> None:
        """Keep the turn in progress and the one before."""
        self._close_before(now)
        self._close(self.turn, now)

    def _close_before(self, now: float) -> None:
        before, self._before = self._before, None
        if before is not None:
            self._close(before, now)

    def _close(self, trace: TurnTrace, now: float) -> None:
        """Keep a turn, if anything happened in it."""
        if trace.caller_text or trace.agent_text or trace.by == "dtmf":
            self._pages.of(trace).kept = True
            self._keep_turn(trace)
            self._publish("turn", now, trace=asdict(trace))
            self._trust.note("turn", now, self._decided(trace))

    def _keep_turn(self, trace: TurnTrace) -> None:
        """As it reads now."""
        kept = deepcopy(trace)
        self._keep(lambda: self._store.add_turn(self._info.id, kept))

    def _decided(self, trace: TurnTrace) -> dict[str, Any]:
        """What was heard in a turn, on which signals it was taken, and what was said to it."""
        return {
            "turn": trace.index,
            "by": trace.by,
            "heard": trace.caller_text,
            "confidence": trace.confidence,
            "intent": trace.intent,
            "waited_ms": trace.wait_ms,
            "because": list(trace.wait_reasons),
            "said": trace.agent_text,
            "interrupted": trace.interrupted,
        }

    def _revised(self, page: Page) -> None:
        """More of the call has made a turn private that was told of before."""
        trace = page.trace
        if page.kept:
            self._keep_turn(trace)
        texts = {"text": trace.caller_text, "said": trace.agent_text, "heard": trace.heard_text}
        self._publish("turn.revised", self._now, turn=trace.index, **texts)
        self._trust.note("turn.revised", self._now, {"turn": trace.index, **texts})

    def mark(self, stage: str, now: float) -> None:
        """``stage`` was done at ``now``; the latest counts (a withdrawn end is done again)."""
        self.turn.times.pop(stage, None)
        self.turn.times[stage] = round(now, 3)

    def mark_once(self, stage: str, now: float) -> None:
        """``stage`` was first done at ``now``."""
        self.turn.times.setdefault(stage, round(now, 3))

    def committed(self, wait: Wait, now: float) -> None:
        """The caller's turn was taken, after that much silence."""
        self.mark("commit", now)
        self.turn.wait_ms, self.turn.wait_reasons = wait.ms, wait.reasons

    def judged(self, judgement: Judgement, now: float) -> None:
        """A sound over the agent's speech was taken for what it is."""
        if judgement.kind is not None:
            self._publish("overlap", now, sound=judgement.kind.value, reasons=judgement.reasons)
            facts = {"turn": self.turn.index, "sound": judgement.kind.value}
            self._trust.note("overlap", now, {**facts, "because": list(judgement.reasons)})

    def cost(self, stage: str, ms: float) -> None:
        """Add wall-clock work to a compute stage."""
        self.turn.work_ms[stage] = round(self.turn.work_ms.get(stage, 0.0) + ms, 2)

    def floor(self, state: str, now: float) -> None:
        self._publish("floor", now, state=state)

    def listening(self, expectation: Expectation, now: float) -> None:
        self._publish("listening", now, expects=expectation.kind.value)

    def partial(self, transcript: Transcript, now: float) -> None:
        self._publish("caller.partial", now, text=self._privacy.so_far(transcript.text))

    def said(self, transcript: Transcript, intent: str, slot: str, now: float) -> None:
        """The caller's turn was committed with this reading; ``slot``: what was asked for, if anything."""
        self._close_before(now)
        trace, self._now = self.turn, now
        self._pages.said(trace, transcript, slot, now)
        trace.confidence = round(transcript.confidence, 3)
        trace.intent = intent
        self._said(now)

    def pressed(self, now: float) -> None:
        """A key was pressed."""
        self._privacy.pressed(now)

    def keyed(self, digits: str, slot: str, now: float) -> None:
        """The caller's turn was made on the keypad."""
        self._close_before(now)
        self.turn.caller_text = self._privacy.keyed(digits, slot)
        self._said(now)

    def _said(self, now: float) -> None:
        trace = self.turn
        facts = {"turn": trace.index, "text": trace.caller_text, "confidence": trace.confidence}
        self._publish("caller.said", now, **facts, by=trace.by)

    def queued(self, speech: Speech, now: float) -> None:
        """An utterance waits for its playout."""
        self._close_before(now)
        self._now = now
        if not (speech.resumed or speech.filler):
            self._pages.queued(self.turn, speech)
        self.mark_once("queued", now)

    def begun(self, speech: Speech, now: float) -> None:
        """The first sample of an utterance was played."""
        self.mark_once("played", now)
        text = self._pages.begun(speech, now)
        self._publish("agent.says", now, turn=self.turn.index, utterance=speech.id, text=text)

    def delivered(self, delivery: Delivery, now: float) -> None:
        """The playout of an utterance is over."""
        trace, self._now = self.turn, now
        text = self._pages.delivered(trace, delivery, now)
        trace.interrupted |= not delivery.complete
        facts = {"utterance": delivery.id, "text": text, "complete": delivery.complete}
        self._publish("agent.heard", now, turn=trace.index, **facts)

    def tool(self, run: ToolRun, now: float) -> None:
        """A tool answered. ``start`` is placed by its wall-clock duration."""
        start = round(now - run.ms / 1000, 3)
        self.mark_once("tool_start", start)
        self.mark("tool_end", now)
        self.cost("tool", run.ms)
        given, answer = self._privacy.data(run.arguments), self._privacy.data(run.result)
        trace = ToolTrace(self.turn.index, run.name, given, run.ok, answer, start, round(now, 3))
        self._keep(lambda: self._store.add_tool(self._info.id, trace))
        facts = {"name": run.name, "ok": run.ok, "arguments": given, "result": answer}
        self._publish("tool", now, **facts, ms=round(run.ms, 1))

    def _keep(self, write: Callable[[], None]) -> None:
        self._lane.submit(write).add_done_callback(self._kept)

    def _kept(self, write: asyncio.Future[None]) -> None:
        if not write.cancelled() and (exc := write.exception()) is not None:
            log.error("a part of a call's record was not kept", exc_info=exc, extra={"call": self._info.id})

    def _publish(self, kind: str, now: float, **data: Any) -> None:
        self._feed.publish(kind, self._info.id, now, **data)
