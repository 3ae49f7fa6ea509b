"""The scripted audio caller: hears the agent, says the script's sounds when their moment has come.

Everything is counted in media ticks, so that the same sounds from the agent give the same call.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from benchmarks.duplex.metrics import Kind, Sound
from benchmarks.duplex.script import Clip, Script, Step
from benchmarks.duplex.segments import AUDIBLE, pauses
from voicecore.simulation.recording import Recorder
from voicecore.types import RATE, TICK, TICK_MS, MediaFrame, Pcm

LEAD = 4 * TICK
"""How far ahead of the playout the line is written: 80 ms, so that a late tick makes no hole."""
REPLY_S = 6.8
"""What the agent's replies last at least."""
_TICK_S = TICK_MS / 1000
_SILENT_S = 0.2
"""Silence from which the agent counts as silent."""
_PATIENCE_S = 4.0
"""How long an answer is waited for."""
_BORED_S = 2.2
"""Silence that nobody owes a word for, after which the caller goes on, or hangs up."""
_ROOM_S = {Kind.INTERRUPTION: 2.3}
"""Speech of the agent's that must be left, so that falling silent is no mere end; by kind, or ..."""
_ROOM_ELSE_S = 1.3
_ANSWERED_S = 0.5
"""Speech of the agent's by which an answer is known for one; then the last one may hang up."""
_LONGEST_S = 240.0


@dataclass(frozen=True, slots=True)
class Said:
    """A clip on its way: where it begins in the playout."""

    clip: Clip
    at: int


class Caller:
    """One call's caller. ``step`` gets each media tick and gives what to write to the line."""

    def __init__(self, script: Script, noise: Pcm | None) -> None:
        """``noise``: the background as it is to be sent, repeated for ever; None for none."""
        self.recorder = Recorder()
        self.said: list[Said] = []
        self.over = False
        self._script = script
        self._steps = list(reversed(script.steps))
        self._spares = list(reversed(script.spares))
        self._noise = noise
        self._played: list[int] = []
        self._written = 0
        self._playing = 0
        """Playout position at which the running or last clip ends."""
        self._quiet_s = _SILENT_S
        self._talked_s = 0.0
        """How long the agent has spoken since its reply began."""
        self._owed = True
        """Whether the agent has something to say: the greeting, an answer."""
        self._pause_s = 0.0
        """What must pass after the last clip before the next."""

    @property
    def rest(self) -> Script:
        """What of the script was not come to."""
        steps, spares = tuple(reversed(self._steps)), tuple(reversed(self._spares))
        return replace(self._script, steps=steps, spares=spares)

    def step(self, frame: MediaFrame) -> Pcm:
        """One tick of the call, in order; returns what is to be written to it."""
        self.recorder.add(frame)
        self._played.append(frame.played)
        self._hear(frame.caller)
        if self.recorder.samples > _LONGEST_S * RATE:
            self.over = True
        clip = self._due(frame.played)
        if clip is not None:
            self.said.append(Said(clip, self._written))
            self._playing = self._written + len(clip.pcm)
        return self._line(max(0, frame.played + LEAD - self._written))

    def sounds(self) -> list[Sound]:
        """What was said, placed in the recording; what the call's end cut short is left out."""
        return [
            Sound(
                said.clip.kind,
                start,
                start + len(said.clip.pcm),
                said.clip.name,
                said.clip.voice,
                said.clip.human,
                tuple((start + a, start + b) for a, b in pauses(said.clip.pcm)),
            )
            for said in self.said
            if (start := self._recorded(said.at)) is not None
            and start + len(said.clip.pcm) <= self.recorder.samples
        ]

    def _hear(self, pcm: Pcm) -> None:
        speaking = bool(np.abs(pcm.astype(np.int32)).max() >= AUDIBLE)
        if speaking and self._quiet_s >= _SILENT_S and self._owed:
            self._owed, self._talked_s = False, 0.0
        self._quiet_s = 0.0 if speaking else self._quiet_s + _TICK_S
        if self._quiet_s < _SILENT_S:
            self._talked_s += _TICK_S

    def _due(self, played: int) -> Clip | None:
        """The clip that begins now, if one does."""
        since = (played - self._playing) / RATE
        if since < 0 or (self.said and since < self._pause_s):
            return None
        silent_s = min(since, self._quiet_s)
        patience_s = _PATIENCE_S if self._owed else _BORED_S
        if not self._steps:
            self.over |= silent_s >= patience_s or (not self._owed and self._talked_s >= _ANSWERED_S)
            return None
        step = self._steps[-1]
        if self._ripe(step, silent_s):
            self._steps.pop()
            return self._begin(step.clip, step.during == "speech")
        if step.during == "speech" and silent_s >= patience_s:
            if self._spares:
                return self._begin(self._spares.pop(), False)
            self.over = True
        return None

    def _ripe(self, step: Step, silent_s: float) -> bool:
        if step.during == "silence":
            cut_short = self._script.question == "open" and self._talked_s < REPLY_S
            return silent_s >= (_PATIENCE_S if self._owed else _BORED_S if cut_short else step.after_s)
        room_s = _ROOM_S.get(step.clip.kind, _ROOM_ELSE_S) + LEAD / RATE
        in_reply = step.after_s <= self._talked_s <= REPLY_S - room_s
        return self._quiet_s < _TICK_S and not self._owed and in_reply

    def _begin(self, clip: Clip, over_speech: bool) -> Clip:
        if clip.kind.is_turn:
            self._owed, self._pause_s = True, 0.0
        else:
            self._pause_s = 1.2 if over_speech else 2.3
        return clip

    def _line(self, samples: int) -> Pcm:
        """The next samples of clip and background."""
        at, self._written = self._written, self._written + samples
        out = np.zeros(samples, np.int32)
        if self._noise is not None:
            out += self._noise[np.arange(at, at + samples) % len(self._noise)]
        if self.said and at < self._playing:
            clip = self.said[-1]
            piece = clip.clip.pcm[at - clip.at : at - clip.at + samples]
            out[: len(piece)] += piece
        return np.clip(out, -32768, 32767).astype(np.int16)

    def _recorded(self, position: int) -> int | None:
        """Where in the recording playout ``position`` was sent."""
        tick = int(np.searchsorted(self._played, position, side="right"))
        if tick == len(self._played):
            return None
        before = self._played[tick - 1] if tick else 0
        return tick * TICK + position - before
