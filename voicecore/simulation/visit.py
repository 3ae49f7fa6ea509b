"""One scripted caller in one call: media ticks and feed events go in, what the person decides is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from voicecore.ports import Call
from voicecore.simulation.person import (
    Action,
    AgentHeard,
    AgentSays,
    Done,
    Event,
    FloorGiven,
    HangUp,
    Person,
    Press,
    Speak,
    Tick,
)
from voicecore.simulation.recording import Recorder
from voicecore.simulation.sounds import Sounds, voiced_span
from voicecore.types import RATE, CallEvent, CallEventKind, MediaFrame, Pcm

Tell = Callable[[dict[str, Any]], None]

AUDIBLE = 164
"""Peak from which a tick of the agent counts as heard: -46 dBFS."""
_SIDES = {"agent": "person", "caller": "appliance"}
"""An endpoint calls itself the agent, but in this call it is the person."""
KEY_SAMPLES = RATE // 5
"""From one DTMF key to the next: 160 ms of tone and 40 ms of pause, as pjsua2 sends them."""


@dataclass(frozen=True, slots=True)
class SpokenLine:
    """Something the caller did. Positions are samples on the caller's media clock (the recording's)."""

    line: int
    """Index into the script's lines."""
    kind: str
    """"speech", "interruption" or "dtmf"."""
    text: str
    """The words spoken, or the keys pressed."""
    start: int
    """First voiced sample, or the first key going down."""
    end: int
    """One past the last voiced sample, or the last key going down."""
    cue: str = ""
    """What the agent had said just before."""


@dataclass(slots=True)
class _Playing:
    """A line on its way through the playout ring."""

    action: Speak
    pcm: Pcm
    cue: str
    at: int
    """Playout position of its first sample."""
    sent: int = 0
    began: int | None = None


class Visit:
    """The caller's end of one call. ``over`` once the call has ended, ``outcome`` says how."""

    def __init__(self, call: Call, person: Person, sounds: Sounds, tell: Tell | None = None) -> None:
        """``tell`` is told when the caller begins a line: {"type": "person.says", "t", "kind", "text"}."""
        self.call = call
        self.recorder = Recorder()
        self.lines: list[SpokenLine] = []
        self.transcript: list[tuple[float, str, str]] = []
        """(seconds, "caller" | "agent", words) in the order they were begun."""
        self.over = False
        self.outcome = "not-answered"
        self.detail: dict[str, Any] = {}
        self._person = person
        self._sounds = sounds
        self._tell = tell
        self._playing: _Playing | None = None
        self._keys_done: int | None = None
        self._played = 0

    @property
    def now(self) -> float:
        """Seconds on the caller's media clock."""
        return self.recorder.samples / RATE

    def on_event(self, event: CallEvent) -> None:
        """Signalling of this call."""
        if event.kind is CallEventKind.ANSWERED:
            self.outcome = "answered"
        elif event.kind is CallEventKind.ENDED:
            self.over = True
            self.detail = {
                **event.detail,
                "by": _SIDES.get(str(event.detail.get("by")), event.detail.get("by")),
            }
            if event.detail.get("by") == "media-died":
                self.outcome = "media-died"
            elif self.outcome == "not-answered":
                self.outcome = "rejected"
            elif self.outcome == "answered":
                self.outcome = "agent-hung-up"

    def on_feed(self, event: dict[str, Any]) -> None:
        """What the appliance reports of this call: the caller's perfect hearing."""
        utterance = (str(event.get("turn")), str(event.get("utterance")))
        match event["type"]:
            case "agent.says":
                self.transcript.append((self.now, "agent", event["text"]))
                self._notice(AgentSays(utterance, event["text"]))
            case "agent.heard":
                self._notice(AgentHeard(utterance, event["text"]))
            case "listening":
                self._notice(FloorGiven())

    def on_frame(self, frame: MediaFrame) -> None:
        """One media tick, in order."""
        before, self._played = self._played, frame.played
        tick_start = self.recorder.samples
        self.recorder.add(frame)
        self._follow_playout(tick_start, before)
        if self._keys_done is not None and self.recorder.samples >= self._keys_done:
            self._keys_done = None
            self._notice(Done())
        self._notice(Tick(int(np.abs(frame.caller.astype(np.int32)).max(initial=0)) >= AUDIBLE))

    def give_up(self, outcome: str) -> None:
        """End the call from outside the script."""
        if self.outcome in ("answered", "not-answered"):
            self.outcome = outcome
        self.call.hangup()

    def _notice(self, event: Event) -> None:
        cue = self._person.agent_text
        for action in self._person.step(event, self.now):
            self._do(action, cue)

    def _do(self, action: Action, cue: str) -> None:
        match action:
            case Speak(_, pieces, wav):
                self._playing = _Playing(action, self._sounds.of(pieces, wav), cue, self.call.written)
                self._begin("interruption" if action.interrupts else "speech", self._words(action))
                self._feed_ring(self._playing)
            case Press(line, digits):
                self.call.send_dtmf(digits)
                start = self.recorder.samples
                end = start + (len(digits) - 1) * KEY_SAMPLES
                self.lines.append(SpokenLine(line, "dtmf", digits, start, end, cue))
                self._begin("dtmf", digits)
                self._keys_done = end + KEY_SAMPLES
            case HangUp(outcome):
                self.give_up(outcome)

    def _begin(self, kind: str, words: str) -> None:
        self.transcript.append((self.now, "caller", words))
        if self._tell is not None:
            self._tell({"type": "person.says", "t": round(self.now, 3), "kind": kind, "text": words})

    def _words(self, action: Speak) -> str:
        return self._person.script.lines[action.line].text if action.wav else " ".join(action.pieces)

    def _feed_ring(self, playing: _Playing) -> None:
        if playing.sent < len(playing.pcm):
            playing.sent += self.call.write(playing.pcm[playing.sent :])

    def _follow_playout(self, tick_start: int, before: int) -> None:
        """Find on the recording's clock the sample at which the playing line began and ended."""
        playing = self._playing
        if playing is None:
            return
        self._feed_ring(playing)
        if playing.began is None and self._played > playing.at:
            playing.began = tick_start + playing.at - before
        over = playing.at + len(playing.pcm)
        if playing.began is None or self._played < over:
            return
        first, last = voiced_span(playing.pcm)
        end = tick_start + over - before - (len(playing.pcm) - last)
        kind = "interruption" if playing.action.interrupts else "speech"
        words = self._words(playing.action)
        self.lines.append(
            SpokenLine(playing.action.line, kind, words, playing.began + first, end, playing.cue)
        )
        self._playing = None
        self._notice(Done())
