"""The state machine of the floor: who may speak, when a turn ends, when the agent yields.

One table ``{(state, event): (next state, actions)}``. Events come from numbers on the audio clock
(speech probability, level, echo, silence) and from the shell (a reply starts, a reply is over).
The floor never sees samples, words or engines.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from voicecore.config import TurnSettings
from voicecore.errors import UnexpectedEvent
from voicecore.turns.endpointing import Wait, silence_to_wait
from voicecore.types import TICK_MS

_ONSET_WINDOW_MS = 200
_VOICED_OVER_NOISE_DB = 6.0
_LOUDEST_NOISE_DB = -35.0
"""A floor above this is speech without a pause, not noise; then the probability decides alone."""


class State(Enum):
    """Who has the floor."""

    LISTENING = "listening"
    """The caller's floor, nobody speaks."""
    HEARING = "hearing"
    """The caller speaks."""
    SOFT_END = "soft-end"
    """The caller paused; early work runs, nothing is promised yet."""
    THINKING = "thinking"
    """The turn is committed; the reply is not audible yet."""
    SPEAKING = "speaking"
    DUCKING = "ducking"
    """The caller makes a sound while we speak, quieter now; not decided yet."""
    INTERRUPTED = "interrupted"
    """We fell silent for the caller, who is speaking."""


class Event(Enum):
    """What can happen to the floor."""

    ONSET = auto()
    """The caller has been voiced for ``start_ms``."""
    PAUSE = auto()
    """Silence has lasted ``soft_end_ms``."""
    VOICE = auto()
    """Voice again after a pause that was not yet an end."""
    END = auto()
    """Silence has lasted as long as endpointing asked for."""
    OVERLAP = auto()
    """The caller has been voiced for ``start_ms`` while we speak."""
    OVERLAP_OVER = auto()
    """That sound stopped before it was long enough to be an interruption."""
    INTERRUPTION = auto()
    """That sound lasted ``interrupt_ms``."""
    KEYED = auto()
    """DTMF: the caller acts without speaking."""
    REPLY = auto()
    """The first sample of a reply was queued."""
    DELIVERED = auto()
    """Everything queued was played."""
    NOTHING_TO_SAY = auto()
    """The committed turn has no spoken reply."""
    MORE_TO_COME = auto()
    """What was queued was played, but the reply goes on when a tool answers."""
    NO_INPUT = auto()
    """Nobody spoke for ``no_input_ms``."""


class Act(Enum):
    """What the shell must do."""

    OPEN_TURN = auto()
    """Start recognising, from the pre-roll on."""
    START_EARLY_WORK = auto()
    DISCARD_EARLY_WORK = auto()
    COMMIT_TURN = auto()
    DUCK = auto()
    UNDUCK = auto()
    STOP_PLAYOUT = auto()
    DROP_TURN = auto()
    """Forget the sound that was not a turn."""
    ASK_AGAIN = auto()
    """The caller said nothing for too long."""


S, E, A = State, Event, Act

TABLE: dict[tuple[State, Event], tuple[State, tuple[Act, ...]]] = {
    (S.LISTENING, E.ONSET): (S.HEARING, (A.OPEN_TURN,)),
    (S.LISTENING, E.REPLY): (S.SPEAKING, ()),
    (S.LISTENING, E.NO_INPUT): (S.THINKING, (A.ASK_AGAIN,)),
    (S.LISTENING, E.KEYED): (S.THINKING, ()),
    (S.HEARING, E.PAUSE): (S.SOFT_END, (A.START_EARLY_WORK,)),
    (S.HEARING, E.KEYED): (S.THINKING, (A.DROP_TURN,)),
    (S.SOFT_END, E.VOICE): (S.HEARING, (A.DISCARD_EARLY_WORK,)),
    (S.SOFT_END, E.END): (S.THINKING, (A.COMMIT_TURN,)),
    (S.SOFT_END, E.KEYED): (S.THINKING, (A.DROP_TURN,)),
    # The caller goes on after the commit, before a sound of ours: the same turn continues.
    (S.THINKING, E.ONSET): (S.HEARING, (A.DISCARD_EARLY_WORK,)),
    (S.THINKING, E.REPLY): (S.SPEAKING, ()),
    (S.THINKING, E.NOTHING_TO_SAY): (S.LISTENING, ()),
    (S.THINKING, E.KEYED): (S.THINKING, ()),
    (S.SPEAKING, E.OVERLAP): (S.DUCKING, (A.DUCK, A.OPEN_TURN)),
    (S.SPEAKING, E.DELIVERED): (S.LISTENING, ()),
    (S.SPEAKING, E.MORE_TO_COME): (S.THINKING, ()),
    (S.SPEAKING, E.KEYED): (S.THINKING, (A.STOP_PLAYOUT,)),
    (S.DUCKING, E.OVERLAP_OVER): (S.SPEAKING, (A.UNDUCK, A.DROP_TURN)),
    (S.DUCKING, E.INTERRUPTION): (S.INTERRUPTED, (A.STOP_PLAYOUT, A.UNDUCK)),
    (S.DUCKING, E.DELIVERED): (S.HEARING, (A.UNDUCK,)),
    (S.DUCKING, E.MORE_TO_COME): (S.HEARING, (A.UNDUCK,)),
    (S.DUCKING, E.KEYED): (S.THINKING, (A.UNDUCK, A.DROP_TURN, A.STOP_PLAYOUT)),
    (S.INTERRUPTED, E.PAUSE): (S.SOFT_END, (A.START_EARLY_WORK,)),
    (S.INTERRUPTED, E.KEYED): (S.THINKING, (A.DROP_TURN,)),
}


@dataclass(frozen=True, slots=True)
class Features:
    """What one 20 ms tick sounded like."""

    speech: float
    """Speech probability 0..1."""
    level_db: float
    """RMS, dBFS."""
    noise_db: float
    """Tracked noise floor, dBFS."""
    echo: float = 0.0
    """Correlation 0..1 with what we transmitted."""
    turn_probability: float | None = None
    answered: bool | None = None
    """See ``silence_to_wait``."""


class Floor:
    """The floor of one call. ``now`` is seconds on the call's audio clock, after the tick."""

    def __init__(self, settings: TurnSettings) -> None:
        self.state = State.LISTENING
        self.last_voiced = 0.0
        """When the caller was last voiced."""
        self.onset = 0.0
        """When the sound that began the current turn or overlap began."""
        self.wait = Wait(settings.commit_ms, ())
        """The silence that the running pause is measured against."""
        self._settings = settings
        self._voiced = False
        self._run_ms = 0
        self._gap_ms = 0
        self._idle_ms = 0

    def step(self, features: Features, now: float) -> list[Act]:
        """Advance by one tick; at most one event fires per tick."""
        self._idle_ms += TICK_MS
        self._track_voice(features, now)
        event = self._event(features)
        return self.on(event) if event is not None else []

    def on(self, event: Event) -> list[Act]:
        """Apply an event. Raises UnexpectedEvent where the table has no row for it."""
        try:
            self.state, acts = TABLE[self.state, event]
        except KeyError:
            raise UnexpectedEvent(self.state, event) from None
        if self.state is State.LISTENING or event is Event.REPLY:
            self._idle_ms = 0
            self._run_ms = 0
        return list(acts)

    def takes(self, event: Event) -> bool:
        """Whether the table lists ``event`` for the present state."""
        return (self.state, event) in TABLE

    def _track_voice(self, f: Features, now: float) -> None:
        """Hysteresis on the probability; the level tells the end of a word sooner than the VAD."""
        s = self._settings
        threshold = s.silence_probability if self._voiced else s.speech_probability
        audible = f.level_db > min(f.noise_db, _LOUDEST_NOISE_DB) + _VOICED_OVER_NOISE_DB
        ours = f.echo >= s.echo_correlation and self.state in (State.SPEAKING, State.DUCKING)
        self._voiced = f.speech >= threshold and audible and not ours
        if self._voiced:
            if self._run_ms == 0:
                self.onset = now - TICK_MS / 1000
            self._run_ms += TICK_MS
            self._gap_ms = 0
            self.last_voiced = now
        else:
            self._gap_ms += TICK_MS
            if self._gap_ms >= _ONSET_WINDOW_MS:
                self._run_ms = 0

    def _event(self, f: Features) -> Event | None:
        s, silence_ms = self._settings, self._gap_ms
        started = self._voiced and self._run_ms >= s.start_ms
        match self.state:
            case State.LISTENING if started:
                return Event.ONSET
            case State.LISTENING if self._idle_ms >= s.no_input_ms:
                return Event.NO_INPUT
            case State.HEARING | State.INTERRUPTED if silence_ms >= s.soft_end_ms:
                return Event.PAUSE
            case State.SOFT_END if self._voiced:
                return Event.VOICE
            case State.SOFT_END:
                self.wait = silence_to_wait(s, f.turn_probability, f.answered)
                return Event.END if silence_ms >= self.wait.ms else None
            case State.THINKING if started:
                return Event.ONSET
            case State.SPEAKING if started:
                return Event.OVERLAP
            case State.DUCKING if self._run_ms >= s.interrupt_ms:
                return Event.INTERRUPTION
            case State.DUCKING if self._gap_ms >= _ONSET_WINDOW_MS:
                return Event.OVERLAP_OVER
        return None
