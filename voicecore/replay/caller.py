"""A scripted caller at the far end of a call in memory: whole conversations without a network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from sip.memory import PLAYOUT_SAMPLES, MemoryCall
from sip.playout import Playout
from voicecore.ports import Call, Tts
from voicecore.replay.decisions import Decision
from voicecore.simulation.person import Person
from voicecore.simulation.script import Script
from voicecore.simulation.sounds import Sounds
from voicecore.simulation.visit import Visit
from voicecore.types import CallEvent, CallEventKind, CallInfo, MediaFrame, Pcm


class ScriptedCaller:
    """``FarEnd``: hears the agent without delay and reads its feed, as a script's person does over SIP."""

    def __init__(self, script: Script, tts: Tts) -> None:
        """Raises ConfigError for a recording of the script that can't be used."""
        self._person = Person(script)
        self._sounds = Sounds(script, tts)
        self._line: _Line | None = None
        self._visit: Visit | None = None

    @property
    def outcome(self) -> str:
        """How the call ended, as ``CallerResult.outcome``."""
        return self._visit.outcome if self._visit is not None else "not-answered"

    def tick(self, call: MemoryCall, news: Sequence[Decision]) -> None:
        if self._line is None or self._visit is None:
            self._line = _Line(call)
            self._visit = Visit(cast(Call, self._line), self._person, self._sounds)
            self._visit.on_event(CallEvent(CallEventKind.ANSWERED, call.info.id))
        for decision in news:
            self._visit.on_feed({"type": decision.kind, **decision.data})
        if self._line.over:
            call.far_hangup()
        else:
            self._visit.on_frame(self._line.tick())


class _Line:
    """What ``Visit`` needs of its own end of the call."""

    def __init__(self, call: MemoryCall) -> None:
        self.over = False
        self._call = call
        self._playout = Playout(PLAYOUT_SAMPLES)

    @property
    def info(self) -> CallInfo:
        return self._call.info

    @property
    def written(self) -> int:
        return self._playout.written

    def write(self, pcm: Pcm) -> int:
        return self._playout.write(pcm)

    def send_dtmf(self, digits: str) -> None:
        self._call.far_press(digits)

    def hangup(self) -> None:
        """From the next tick on."""
        self.over = True

    def tick(self) -> MediaFrame:
        sent = self._playout.tick()
        heard = self._call.hear(sent)
        return MediaFrame(heard, sent, self._playout.played, round(self._call.seconds * 1e9))
