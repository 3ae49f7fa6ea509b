"""Places calls as scripted people: the asyncio shell that drives one ``Visit`` per call over an endpoint."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voicecore.ports import Endpoint, Tts
from voicecore.simulation.clock import slip_ms, traces_here
from voicecore.simulation.person import Person
from voicecore.simulation.script import Script
from voicecore.simulation.sounds import Sounds
from voicecore.simulation.visit import SpokenLine, Tell, Visit
from voicecore.types import CallEvent

ANSWER_S = 30.0
"""Network deadlines, on the wall clock: an answer, ..."""
MEDIA_S = 5.0
"""... the next sound of an answered call, and the end of one that was hung up, ..."""
FEED_S = 2.0
"""... the feed's account of a call after its end."""


_LAST_WORDS = ("turn", "call.ended")
"""What may still come of a call that was over before ours began."""


@dataclass(frozen=True, slots=True)
class Errand:
    """One call to place: who, where to, and where its recording goes."""

    uri: str
    script: Script
    tts: Tts
    record: Path
    tell: Tell | None = None


@dataclass(frozen=True, slots=True)
class CallerResult:
    """One call as the caller lived it."""

    script: str
    outcome: str
    """"hung-up" (by the script), "agent-hung-up", "too-long", "lost", "too-many-repeats", "rejected",
    "not-answered", "no-media" or "media-died"."""
    lines: tuple[SpokenLine, ...]
    transcript: tuple[tuple[float, str, str], ...]
    """(seconds, "caller" | "agent", words): the script's wording and what the agent said it would say."""
    recording: Path
    seconds: float
    drift_ms: float
    """How much longer the call took on the monotonic clock than its ticks say; lost ticks are 20 ms each."""
    unused: tuple[int, ...]
    """Script lines that were never used."""
    events: tuple[dict[str, Any], ...]
    """The feed's events of this call, in order; ``at`` is when they came, on the caller's clock."""
    detail: dict[str, Any]
    """Code, reason and side of the call's end, as SIP gave them."""

    @property
    def traces(self) -> tuple[dict[str, Any], ...]:
        """The appliance's own account of the turns (``TurnTrace`` as dicts), on the caller's clock."""
        return traces_here(self.events)

    @property
    def slip_ms(self) -> float:
        """Audio that the appliance lost, going by its clock."""
        return slip_ms(self.events)


async def run_caller(
    endpoint: Endpoint,
    uri: str,
    script: Script,
    tts: Tts,
    feed: AsyncIterator[dict[str, Any]] | None,
    record: Path,
    tell: Tell | None = None,
) -> CallerResult:
    """Call ``uri`` as ``script`` says, and hang up at the latest after its ``max_seconds``.

    ``feed`` is what the caller hears the agent say (subscribed before this is called); None leaves
    only the sound of it. The endpoint's events must have no other consumer. The recording is
    stereo at 16 kHz, left what was sent, right what was heard, on the media clock. ``tell`` gets a
    "person.says" event as each line begins: what the caller really says, for a live view.
    """
    return (await run_callers(endpoint, [Errand(uri, script, tts, record, tell)], feed))[0]


async def run_callers(
    endpoint: Endpoint, errands: Sequence[Errand], feed: AsyncIterator[dict[str, Any]] | None
) -> list[CallerResult]:
    """``run_caller`` for several calls at once over one endpoint and one feed, in the order of ``errands``.

    Calls are placed one after the other, each once the feed has named the one before (so that its events
    are known to be its own); from then on they run side by side.
    """
    booth = _Booth(endpoint, errands, feed is not None)
    await booth.prepare()
    try:
        await booth.run(feed)
    finally:
        booth.abandon()
    return booth.results()


_Source = tuple[Callable[[], Coroutine[Any, Any, Any]], Callable[[Any], bool]]
"""Something to wait for, and what takes its result; False when nothing more will come."""


class _Ticket:
    """One errand and how far it has come."""

    def __init__(self, errand: Errand, sounds: Sounds, can_read: bool) -> None:
        self.errand = errand
        self.sounds = sounds
        self.person = Person(errand.script, can_read)
        self.visit: Visit | None = None
        self.deadline = 0.0
        """Event-loop time by which something must have happened."""
        self.feed_id: str | None = None
        self.feed_over = not can_read
        self.events: list[dict[str, Any]] = []

    @property
    def running(self) -> bool:
        return self.visit is not None and not self.visit.over

    @property
    def closed(self) -> bool:
        """Nothing more will come: call over, and the feed too or its deadline passed."""
        return self.visit is not None and self.visit.over and self.feed_over


class _Booth:
    """All errands of one run, and the loop around them."""

    def __init__(self, endpoint: Endpoint, errands: Sequence[Errand], can_read: bool) -> None:
        self._endpoint = endpoint
        self._errands = errands
        self._can_read = can_read
        self._tickets: list[_Ticket] = []

    async def prepare(self) -> None:
        """Synthesise every line of every script beforehand."""
        for errand in self._errands:
            sounds = await asyncio.to_thread(Sounds, errand.script, errand.tts)
            self._tickets.append(_Ticket(errand, sounds, self._can_read))

    async def run(self, feed: AsyncIterator[dict[str, Any]] | None) -> None:
        """Place the calls and serve them until all are closed."""
        sources: list[_Source] = [
            (self._endpoint.next_event, self._on_event),
            (self._endpoint.tick, self._on_tick),
        ]
        if feed is not None:
            sources.insert(0, (lambda: _next(feed), self._on_feed))
        waiting = {asyncio.ensure_future(ask()): (ask, take) for ask, take in sources}
        try:
            self._dial_next()
            while not all(ticket.closed for ticket in self._tickets):
                left_s = min(t.deadline for t in self._tickets if t.visit and not t.closed) - _loop_time()
                done, _ = await asyncio.wait(
                    waiting, timeout=max(0.0, left_s), return_when=asyncio.FIRST_COMPLETED
                )
                for task in [task for task in waiting if task in done]:
                    ask, take = waiting.pop(task)
                    if take(task.result()):
                        waiting[asyncio.ensure_future(ask())] = (ask, take)
                self._watch_deadlines()
                self._dial_next()
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)

    def abandon(self) -> None:
        """Hang up whatever is still up (we were cancelled, or something broke)."""
        for ticket in self._tickets:
            if ticket.running and ticket.visit is not None:
                ticket.visit.give_up("abandoned")

    def results(self) -> list[CallerResult]:
        """Save the recordings and sum up."""
        results = []
        for ticket in self._tickets:
            visit, errand = ticket.visit, ticket.errand
            assert visit is not None
            visit.recorder.save(errand.record)
            results.append(
                CallerResult(
                    script=errand.script.name,
                    outcome=visit.outcome,
                    lines=tuple(visit.lines),
                    transcript=tuple(visit.transcript),
                    recording=errand.record,
                    seconds=visit.now,
                    drift_ms=visit.recorder.drift_ms,
                    unused=tuple(i for i, used in enumerate(ticket.person.used) if not used),
                    events=tuple(ticket.events),
                    detail=visit.detail,
                )
            )
        return results

    def _dial_next(self) -> None:
        placed = [ticket for ticket in self._tickets if ticket.visit is not None]
        if any(ticket.running and ticket.feed_id is None and not ticket.feed_over for ticket in placed):
            return
        for ticket in self._tickets[len(placed) :]:
            call = self._endpoint.dial(ticket.errand.uri)
            ticket.visit = Visit(call, ticket.person, ticket.sounds, ticket.errand.tell)
            ticket.deadline = _loop_time() + ANSWER_S
            if self._can_read:
                return

    def _on_event(self, event: CallEvent) -> bool:
        self._on_tick()
        for ticket in self._tickets:
            visit = ticket.visit
            if visit is None or visit.call.info.id != event.call_id:
                continue
            visit.on_event(event)
            if visit.over or visit.outcome == "answered":
                ticket.deadline = _loop_time() + (FEED_S if visit.over else MEDIA_S)
        return True

    def _on_tick(self, _: None = None) -> bool:
        for ticket in self._tickets:
            visit = ticket.visit
            if visit is None or visit.over:
                continue
            for frame in visit.call.read():
                visit.on_frame(frame)
                if visit.outcome == "answered":
                    ticket.deadline = _loop_time() + MEDIA_S
        return True

    def _on_feed(self, event: dict[str, Any] | None) -> bool:
        """Returns whether the feed goes on."""
        if event is None:
            for ticket in self._tickets:
                ticket.feed_over = True
            return False
        owner = self._whose(event)
        if owner is not None and owner.visit is not None:
            owner.events.append({**event, "at": owner.visit.now})
            owner.visit.on_feed(event)
            owner.feed_over |= event["type"] == "call.ended"
        return True

    def _whose(self, event: dict[str, Any]) -> _Ticket | None:
        """The errand that an event belongs to; the first event of a call unheard of names the newest call."""
        known = {ticket.feed_id: ticket for ticket in self._tickets if ticket.feed_id is not None}
        if event["call"] in known or event["type"] in _LAST_WORDS:
            return known.get(event["call"])
        for ticket in self._tickets:
            if ticket.feed_id is None and ticket.running:
                ticket.feed_id = event["call"]
                return ticket
        return None

    def _watch_deadlines(self) -> None:
        for ticket in self._tickets:
            if ticket.visit is None or ticket.closed or _loop_time() < ticket.deadline:
                continue
            if ticket.visit.over:
                ticket.feed_over = True
            else:
                answered = ticket.visit.outcome != "not-answered"
                ticket.visit.give_up("no-media" if answered else "not-answered")
                ticket.visit.over = True
                ticket.deadline = _loop_time() + FEED_S


def _loop_time() -> float:
    return asyncio.get_running_loop().time()


async def _next(feed: AsyncIterator[dict[str, Any]]) -> dict[str, Any] | None:
    """The feed's next event, None when it is over."""
    with suppress(StopAsyncIteration):
        return await anext(feed)
    return None
