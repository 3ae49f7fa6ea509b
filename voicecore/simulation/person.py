"""Decides what a scripted caller does next, from what the agent said, how it sounds, and the time.

Pure: audio is the clock, ``now`` is seconds on the caller's media clock since the answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from voicecore.simulation.script import Line, Script
from voicecore.simulation.words import mentions

SETTLED_S = 0.1
"""The agent counts as silent after so long without sound; shorter gaps lie inside words."""
GAP_S = 0.9
"""Without a feed only silence tells that the agent has finished: this much of it."""


@dataclass(frozen=True, slots=True)
class AgentSays:
    """The agent began an utterance; ``text`` is the whole of it."""

    utterance: tuple[str, str]
    text: str


@dataclass(frozen=True, slots=True)
class AgentHeard:
    """That utterance is over; ``text`` is the part that was audible."""

    utterance: tuple[str, str]
    text: str


@dataclass(frozen=True, slots=True)
class FloorGiven:
    """The agent has finished and waits for the caller."""


@dataclass(frozen=True, slots=True)
class Tick:
    """20 ms of the call passed; ``loud`` tells whether the agent was audible in them."""

    loud: bool


@dataclass(frozen=True, slots=True)
class Done:
    """The last ``Speak`` or ``Press`` has gone out entirely."""


Event = AgentSays | AgentHeard | FloorGiven | Tick | Done


@dataclass(frozen=True, slots=True)
class Speak:
    """Say ``pieces`` (or play the files ``wav``) now. ``interrupts``: the agent is speaking, on purpose."""

    line: int
    pieces: tuple[str, ...]
    wav: tuple[Path, ...] = ()
    interrupts: bool = False


@dataclass(frozen=True, slots=True)
class Press:
    """Press the keys ``digits`` now."""

    line: int
    digits: str


@dataclass(frozen=True, slots=True)
class HangUp:
    """End the call; ``outcome`` is "hung-up", "too-long", "lost" or "too-many-repeats"."""

    outcome: str


Action = Speak | Press | HangUp


class Person:
    """One caller in one call. ``step`` is the only way in; the actions it returns are to be done in order."""

    def __init__(self, script: Script, can_read: bool = True) -> None:
        """``can_read``: agent texts will arrive; else no rule applies and only silence gives the floor."""
        self.script = script
        self.used = [0] * len(script.lines)
        """How often each line of the script was used."""
        self._can_read = can_read
        self._heard: dict[tuple[str, str], str] = {}
        self._past: set[tuple[str, str]] = set()
        self._queued_at = 0.0
        self._loud_since: float | None = None
        self._quiet_since = 0.0
        self._agent_spoke = False
        self._floor = False
        self._story: int | None = None
        self._since_story = ""
        self._last = 0
        self._todo: list[Action] = []
        self._busy = False
        self._active_at = 0.0

    def step(self, event: Event, now: float) -> tuple[Action, ...]:
        """Take in one event at ``now`` (seconds); what to do about it, at most one action."""
        match event:
            case AgentSays(utterance, text):
                self._heard[utterance] = text
                self._floor, self._queued_at = False, now
            case AgentHeard(utterance, text):
                if utterance not in self._past:
                    self._heard[utterance] = text
            case FloorGiven():
                self._floor = True
            case Done():
                self._busy, self._active_at = False, now
                return self._next_step()
            case Tick(loud):
                self._listen(loud, now)
                if now >= self.script.max_seconds:
                    return self._end("too-long")
                if not self._busy:
                    return self._decide(now)
        return ()

    @property
    def agent_text(self) -> str:
        """What the agent has said since the caller last spoke."""
        return " ".join(text for text in self._heard.values() if text)

    def _listen(self, loud: bool, now: float) -> None:
        if loud:
            if self._loud_since is None:
                self._loud_since = now
            self._agent_spoke, self._quiet_since, self._active_at = True, now, now
        elif now - self._quiet_since > SETTLED_S:
            self._loud_since = None

    def _decide(self, now: float) -> tuple[Action, ...]:
        for number, line in enumerate(self.script.lines):
            if line.at is not None and now >= line.at and not self.used[number]:
                return self._use(number, line, now)
        if self._loud_since is not None:
            return self._maybe_interrupt(self._loud_since, now)
        silent_s = now - self._quiet_since
        if self._agent_finished(silent_s):
            return self._answer(silent_s, now)
        return self._give_up(now)

    def _maybe_interrupt(self, loud_since: float, now: float) -> tuple[Action, ...]:
        since = max(loud_since, self._queued_at)
        for number, line in enumerate(self.script.lines):
            if line.interrupt is None or self.used[number] >= (line.times if line.when else 1):
                continue
            if now - since >= line.interrupt / 1000 and self._fits(line):
                return self._use(number, line, now)
        return ()

    def _agent_finished(self, silent_s: float) -> bool:
        if not self._can_read:
            return self._agent_spoke and silent_s >= GAP_S
        return self._floor and bool(self._heard) and silent_s >= SETTLED_S

    def _answer(self, silent_s: float, now: float) -> tuple[Action, ...]:
        """The first rule that fits, else the story, once the time to react is over."""
        fitting = [
            (number, line)
            for number, line in enumerate(self.script.lines)
            if line.when is not None and line.interrupt is None and self._fits(line)
        ]
        fresh = ((number, line) for number, line in fitting if self.used[number] < line.times)
        best = next(chain(fresh, self._next_of_story()), None)
        if best is None:
            return self._end("too-many-repeats") if fitting else self._give_up(now)
        delay_ms = self.script.delay_ms if best[1].delay_ms is None else best[1].delay_ms
        return self._use(*best, now) if silent_s >= delay_ms / 1000 else ()

    def _next_of_story(self) -> Iterator[tuple[int, Line]]:
        """The line whose turn it is: the last one again if it was not understood, else the next."""
        lines = self.script.lines
        if self._story is not None:
            line, heard = lines[self._story], f"{self._since_story} {self.agent_text}"
            missed = line.expect is not None and not re.search(line.expect, heard, re.IGNORECASE)
            if missed and self.used[self._story] < line.times:
                yield self._story, line
        yield from (
            (number, line) for number, line in enumerate(lines) if line.is_story and not self.used[number]
        )

    def _give_up(self, now: float) -> tuple[Action, ...]:
        return self._end("lost") if now - self._active_at >= self.script.patience_s else ()

    def _fits(self, line: Line) -> bool:
        """Whether the agent's words are what ``line`` waits for."""
        heard = line.pattern is None or line.pattern.search(self.agent_text) is not None
        return heard and (bool(line.if_wrong) or self._stated(line))

    def _stated(self, line: Line) -> bool:
        """Whether the agent has stated all facts that ``line`` checks."""
        facts = (self.script.facts[name] for name in line.check)
        return all(any(mentions(self.agent_text, wording) for wording in wordings) for wordings in facts)

    def _use(self, number: int, line: Line, now: float) -> tuple[Action, ...]:
        """Begin ``line``; what it asks for beyond the first action waits for ``Done``."""
        source = self._last if line.repeat else number
        self._todo = self._actions(source, self.script.lines[source], repeated=line.repeat)
        if line.hangup:
            self._todo.append(HangUp("hung-up"))
        self.used[number] += 1
        self._last = source
        self._since_story = "" if line.is_story else f"{self._since_story} {self.agent_text}"
        if line.is_story:
            self._story = number
        self._past |= self._heard.keys()
        self._heard.clear()
        self._floor, self._agent_spoke, self._active_at = False, False, now
        return self._next_step()

    def _actions(self, number: int, line: Line, repeated: bool) -> list[Action]:
        """What ``line`` amounts to at this moment."""
        pieces = line.again if line.again and (repeated or self.used[number]) else line.say
        if line.if_wrong and not self._stated(line) and not repeated:
            pieces = line.if_wrong
        actions: list[Action] = []
        if pieces or line.wav:
            interrupts = line.interrupt is not None and not repeated
            actions.append(Speak(number, self.script.wording(pieces), line.wav, interrupts))
        if line.dtmf:
            actions.append(Press(number, self.script.keys(line)))
        return actions

    def _next_step(self) -> tuple[Action, ...]:
        if not self._todo:
            return ()
        self._busy = True
        return (self._todo.pop(0),)

    def _end(self, outcome: str) -> tuple[Action, ...]:
        self._busy, self._todo = True, []
        return (HangUp(outcome),)
