"""A floor on which a peer decides: its decisions become events of our table, the rest is the product."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.peers.link import Decision, Link
from voicecore.config import TurnSettings
from voicecore.turns import Act, Features, Floor
from voicecore.turns.floor import Event, State
from voicecore.turns.overlap import Judgement, Kind, Overlap

_AUDIBLE = (State.SPEAKING, State.DUCKING)
_OVERDUE = (Event.NO_INPUT, Event.LATE)
_EVENTS: dict[str, tuple[Event, ...]] = {
    "vad-start": (Event.VOICE,),
    "turn-start": (Event.ONSET,),
    "interruption": (Event.OVERLAP, Event.INTERRUPTION),
    "vad-stop": (Event.PAUSE,),
    "turn-stop": (Event.PAUSE, Event.END),
}
"""The events of our table that a peer's decision amounts to; those that the state does not take are moot."""

_SURELY_WORDS_S = 0.7


@dataclass(frozen=True, slots=True)
class Applied:
    """A peer's decision and when it took effect, in seconds on the call's audio clock."""

    decision: Decision
    now: float


class PeerFloor(Floor):
    """Our table, moved by what a peer decides; a decision takes effect in the tick after it was made.

    Early work starts when the peer's voice activity stops. What only time decides stays the product's:
    who says nothing is asked again, a late reply is announced.
    """

    def __init__(self, settings: TurnSettings, link: Link) -> None:
        super().__init__(settings)
        self.applied: list[Applied] = []
        self._link = link
        vad = link.hello["settings"]["vad"]
        self._start_s: float = vad["start_secs"]
        self._stop_s: float = vad["stop_secs"]
        self._turn_began = self._voice_ended = 0.0
        self._audible = False

    @property
    def onset(self) -> float:
        """When the peer's turn of the caller began."""
        return self._turn_began

    @property
    def last_voiced(self) -> float:
        """When the caller was last voiced, by the peer's voice activity."""
        return self._voice_ended

    @property
    def sound_ticks(self) -> int:
        """None: the peer does not ask what kind of sound it is."""
        return 0

    def meant(self, sounds: Sequence[Overlap], words: str, *, text: str, cut_in: bool) -> Judgement:
        """Whether a turn that ended was meant for us: the peer takes every one in which there are words.

        What is too long for a cough is taken to have some: a recogniser of the caller's language would.
        """
        del sounds, words, cut_in
        spoken = text or self.last_voiced - self.onset >= _SURELY_WORDS_S
        return Judgement(Kind.ANSWER if spoken else Kind.NOISE)

    def step(self, features: Features, now: float) -> list[Act]:
        """Do what the peer has decided since the last tick; of the ``features``, only time has a say."""
        acts: list[Act] = []
        for decision in self._link.decisions():
            self.applied.append(Applied(decision, now))
            acts += self._apply(decision)
        return acts + super().step(features, now)

    def on(self, event: Event) -> list[Act]:
        """As our own floor; the peer learns when the agent is heard and when no longer."""
        acts = super().on(event)
        if (audible := self.state in _AUDIBLE) is not self._audible:
            self._audible = audible
            self._link.agent_speaks(audible)
        return acts

    def _event(self, f: Features) -> Event | None:
        event = super()._event(f) if self.state in (State.LISTENING, State.THINKING) else None
        return event if event in _OVERDUE else None

    def _beginning(self, by_peer: float) -> float:
        """The peer's volume is smoothed, so it starts late: the sound that is on may have begun before."""
        return min(by_peer, self.voicing.onset) if self.voicing.run_ms else by_peer

    def _apply(self, decision: Decision) -> list[Act]:
        match decision.event:
            case "turn-start":
                self._turn_began = self._beginning(decision.at - self._start_s)
            case "vad-stop":
                self._voice_ended = decision.at - self._stop_s
        acts: list[Act] = []
        for event in _EVENTS.get(decision.event, ()):
            if self.takes(event):
                acts += self.on(event)
        return acts
