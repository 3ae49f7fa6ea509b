"""The state machine of the floor: who may speak, when a turn ends, when the agent yields.

One table ``{(state, event): (next state, actions)}``. Events come from numbers on the audio clock
(speech probability, level, echo, silence) and from the shell (a reply starts, a reply is over).
The floor never sees samples, words or engines.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto

from voicecore.config import TurnSettings
from voicecore.errors import UnexpectedEvent
from voicecore.turns.endpointing import UNFIT, Evidence, SlotFit, Wait, silence_to_wait
from voicecore.turns.overlap import Judgement, Kind, Overlap, for_us, judge
from voicecore.turns.pace import Pace
from voicecore.turns.syntax import Ending
from voicecore.turns.voicing import Voicing
from voicecore.types import TICK_MS

_ON_ITS_WAY_MS = 240
"""What a reply that is being synthesised gets on top: it is all but there."""
_LEAST_THINKING_MS = 200
"""However long the caller has been silent, a reply gets this long."""


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
    """The caller has been voiced for ``duck_ms`` while we speak."""
    OVERLAP_GOES_ON = auto()
    """... again, so soon after a sound that was dismissed that both may be one turn."""
    LIKELY = auto()
    """That sound is rather an interruption, though that is not decided yet."""
    UNLIKELY = auto()
    """... and now it is not any more."""
    DISMISSED = auto()
    """That sound is judged to be nothing to stop for."""
    INTERRUPTION = auto()
    """That sound is judged to be one."""
    FORGOTTEN = auto()
    """A dismissed sound is so long ago that it can't be the beginning of a turn."""
    ONSET_GOES_ON = auto()
    """ONSET so soon after a dismissed sound that both are one turn."""
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
    """Nobody spoke for ``no_input_ms``, or as long as a caller who said "hold on" is given."""
    LATE = auto()
    """The reply to a committed turn lets the caller wait."""


class Act(Enum):
    """What the shell must do."""

    OPEN_TURN = auto()
    """Start recognising, from the pre-roll on."""
    START_EARLY_WORK = auto()
    DISCARD_EARLY_WORK = auto()
    COMMIT_TURN = auto()
    DUCK = auto()
    HUSH = auto()
    """Fall silent for the moment that deciding takes."""
    UNDUCK = auto()
    STOP_PLAYOUT = auto()
    DROP_TURN = auto()
    """Forget the sound that was not a turn."""
    ASK_AGAIN = auto()
    """The caller said nothing for too long."""
    FILL = auto()
    """Tell the caller that the reply takes time."""


S, E, A = State, Event, Act

TABLE: dict[tuple[State, Event], tuple[State, tuple[Act, ...]]] = {
    (S.LISTENING, E.ONSET): (S.HEARING, (A.OPEN_TURN,)),
    (S.LISTENING, E.ONSET_GOES_ON): (S.HEARING, ()),
    (S.LISTENING, E.FORGOTTEN): (S.LISTENING, (A.DROP_TURN,)),
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
    (S.THINKING, E.LATE): (S.THINKING, (A.FILL,)),
    (S.SPEAKING, E.OVERLAP): (S.DUCKING, (A.DUCK, A.OPEN_TURN)),
    (S.SPEAKING, E.OVERLAP_GOES_ON): (S.DUCKING, (A.DUCK,)),
    (S.SPEAKING, E.FORGOTTEN): (S.SPEAKING, (A.DROP_TURN,)),
    (S.SPEAKING, E.DELIVERED): (S.LISTENING, ()),
    (S.SPEAKING, E.MORE_TO_COME): (S.THINKING, ()),
    (S.SPEAKING, E.KEYED): (S.THINKING, (A.STOP_PLAYOUT,)),
    (S.DUCKING, E.LIKELY): (S.DUCKING, (A.HUSH,)),
    (S.DUCKING, E.UNLIKELY): (S.DUCKING, (A.DUCK,)),
    (S.DUCKING, E.DISMISSED): (S.SPEAKING, (A.UNDUCK,)),
    (S.DUCKING, E.INTERRUPTION): (S.INTERRUPTED, (A.STOP_PLAYOUT, A.UNDUCK)),
    (S.DUCKING, E.DELIVERED): (S.HEARING, (A.UNDUCK,)),
    (S.DUCKING, E.MORE_TO_COME): (S.HEARING, (A.UNDUCK,)),
    (S.DUCKING, E.KEYED): (S.THINKING, (A.UNDUCK, A.DROP_TURN, A.STOP_PLAYOUT)),
    (S.INTERRUPTED, E.PAUSE): (S.SOFT_END, (A.START_EARLY_WORK,)),
    (S.INTERRUPTED, E.KEYED): (S.THINKING, (A.DROP_TURN,)),
}


@dataclass(frozen=True, slots=True)
class Features:
    """What one 20 ms tick sounded like, and what is known besides."""

    speech: float
    """Speech probability 0..1."""
    level_db: float
    """RMS, dBFS."""
    noise_db: float
    """Tracked noise floor, dBFS."""
    echo: float = 0.0
    """Correlation 0..1 with what we transmitted."""
    turn_probability: float | None = None
    ending: Ending = Ending.UNKNOWN
    slot: SlotFit = UNFIT
    read: bool = True
    """What the turn model, the words and the slot say about an end (see ``Evidence``)."""
    kinds: tuple[float, ...] | None = None
    """See ``Overlap``; wanted while ``Floor.sound_ticks`` is not zero."""
    words: str = ""
    """The partial reading of the sound."""
    agent_remaining_ms: float = math.inf
    """What is left to play of everything the agent has to say; infinite while that is not known."""
    agent_into_ms: float = 0.0
    """How long the present utterance has been playing."""
    on_its_way: bool = False
    """The reply is being synthesised; a filler would only hold it up."""


class Floor:
    """The floor of one call. ``now`` is seconds on the call's audio clock, after the tick."""

    def __init__(self, settings: TurnSettings) -> None:
        self.state = State.LISTENING
        self.wait = Wait(settings.wait_max_ms, ())
        """The silence that the running pause is measured against."""
        self.judgement = Judgement(None)
        """What the latest sound over the agent's speech was taken for."""
        self.patience_ms = settings.no_input_ms
        """Silence after which the caller is asked again; the shell gives more to one who said "hold on"."""
        self.voicing = Voicing(settings)
        self._pace = Pace(settings)
        self._snr_db = math.inf
        self._level_db = math.nan
        """Of the latest sound of the turn."""
        self._settings = settings
        self._state_ms = 0
        """Time since the floor last changed hands."""
        self.told_to_wait = False
        """Whether the last that the agent said explains the silence behind it."""
        self._quiet_ms = 0
        """Silence of both sides."""
        self._now = 0.0
        self._began = (math.inf, 0.0)
        """``agent_remaining_ms`` and ``agent_into_ms`` at the onset of the latest sound."""
        self._kept = False
        """Whether the sound of a dismissed overlap is still kept, in case it began a turn."""

    @property
    def onset(self) -> float:
        """When the sound that began the current turn or overlap began."""
        return self.voicing.onset

    @property
    def last_voiced(self) -> float:
        """When the caller was last voiced."""
        return self.voicing.last_voiced

    @property
    def sound_ticks(self) -> int:
        """Ticks since the onset of the sound that is on or just over, the present tick included."""
        return round((self._now - self.onset) * 1000 / TICK_MS) + 1 if self.voicing.run_ms else 0

    def sound(self, kinds: tuple[float, ...] | None, words: str = "", echo: float = 0.0) -> Overlap:
        """What is known of the latest sound; the arguments as in ``Overlap``."""
        voicing = self.voicing
        remaining_ms, into_ms = self._began
        return Overlap(
            kinds=kinds,
            run_ms=voicing.run_ms,
            gap_ms=voicing.gap_ms,
            speech=voicing.speech,
            over_usual_db=voicing.over_usual_db,
            echo=echo,
            words=words,
            agent_remaining_ms=remaining_ms,
            agent_into_ms=into_ms,
        )

    def step(self, features: Features, now: float) -> list[Act]:
        """Advance by one tick; at most one event fires per tick."""
        f, voicing, self._now = features, self.voicing, now
        self._state_ms += TICK_MS
        speaking = self.state in (State.SPEAKING, State.DUCKING)
        ours = speaking and f.echo >= self._settings.echo_correlation
        voicing.step(0.0 if ours else f.speech, f.level_db, f.noise_db, now, quick=speaking and not ours)
        if voicing.voiced and voicing.run_ms == TICK_MS:
            self._began = (f.agent_remaining_ms, f.agent_into_ms)
            self.judgement = Judgement(None)
        self._quiet_ms = 0 if speaking or voicing.voiced else self._quiet_ms + TICK_MS
        event = self._event(f)
        return self.on(event) if event is not None else []

    def on(self, event: Event) -> list[Act]:
        """Apply an event. Raises UnexpectedEvent where the table has no row for it."""
        before = self.state
        try:
            self.state, acts = TABLE[before, event]
        except KeyError:
            raise UnexpectedEvent(before, event) from None
        if self.state is not before or event is Event.LATE:
            self._state_ms = 0
        if event is Event.REPLY or (self.state is State.LISTENING and before is not State.LISTENING):
            self.voicing.forget_sound()
        self._kept = event is Event.DISMISSED or (self._kept and event is Event.DELIVERED)
        match event:
            case Event.LATE:
                self.told_to_wait, self._quiet_ms = True, 0
            case Event.PAUSE:
                self._level_db = self.voicing.level_db
            case Event.END | Event.KEYED | Event.NO_INPUT:
                self.told_to_wait = False
                self.patience_ms = self._settings.no_input_ms
        if event in (Event.KEYED, Event.NO_INPUT):
            self._quiet_ms = 0
        return list(acts)

    def meant(self, sounds: Sequence[Overlap], words: str, *, text: str, cut_in: bool) -> Judgement:
        """Whether a turn made of ``sounds`` is for us: ANSWER, else what it was.

        ``text``: how it was read; ``words``: the same if the recogniser was sure, else "". ``cut_in``: it
        silenced the agent. One without a word then has to sound like an interruption, or the agent goes on.
        """
        if cut_in and not text and all(sound.sounds_like is not Kind.INTERRUPTION for sound in sounds):
            return Judgement(Kind.NOISE, ("no words, and it does not sound like an interruption",))
        judged = [for_us(self._settings, replace(sound, words=words)) for sound in sounds]
        answer = next((j for j in judged if j.kind is Kind.ANSWER), None)
        if answer is None:
            return judged[-1]
        self.voicing.learn(self._level_db)
        return answer

    def takes(self, event: Event) -> bool:
        """Whether the table lists ``event`` for the present state."""
        return (self.state, event) in TABLE

    def _event(self, f: Features) -> Event | None:
        s, voicing = self._settings, self.voicing
        started = voicing.voiced and voicing.run_ms >= s.start_ms
        match self.state:
            case State.LISTENING if self._kept and voicing.gap_ms >= s.keep_ms:
                return Event.FORGOTTEN
            case State.LISTENING if started:
                return Event.ONSET_GOES_ON if self._kept else Event.ONSET
            case State.LISTENING if self._state_ms >= self.patience_ms:
                return Event.NO_INPUT
            case State.HEARING | State.INTERRUPTED if voicing.gap_ms >= s.soft_end_ms:
                return Event.PAUSE
            case State.SOFT_END if voicing.voiced:
                self._pace.learn(voicing.pause_ms)
                return Event.VOICE
            case State.SOFT_END:
                self.wait = silence_to_wait(s, self._evidence(f))
                return Event.END if voicing.gap_ms >= self.wait.ms else None
            case State.THINKING if started:
                return Event.ONSET
            case State.THINKING if self._is_late(f):
                return Event.LATE
            case State.SPEAKING:
                return self._begun_overlap(f)
            case State.DUCKING:
                return self._judged_overlap(f)
        return None

    def _evidence(self, f: Features) -> Evidence:
        if not math.isnan(level := self.voicing.level_db):
            self._snr_db = level - f.noise_db
        return Evidence(
            pauses=self._pace.pauses,
            turn_probability=f.turn_probability,
            ending=f.ending,
            slot=f.slot,
            read=f.read,
            speech=f.speech,
            snr_db=self._snr_db,
        )

    def _is_late(self, f: Features) -> bool:
        s = self._settings
        limit_ms = s.filler_again_ms if self.told_to_wait else s.filler_ms
        if f.on_its_way:
            limit_ms += _ON_ITS_WAY_MS
        return self._quiet_ms >= limit_ms and self._state_ms >= _LEAST_THINKING_MS

    def _begun_overlap(self, f: Features) -> Event | None:
        """A sound that was dismissed while it lasts counts again only when it proves to be more."""
        s, voicing = self._settings, self.voicing
        if self._kept and voicing.gap_ms >= s.keep_ms:
            return Event.FORGOTTEN
        if not voicing.voiced or voicing.run_ms < s.duck_ms:
            return None
        if self.judgement.kind is not None and self._judge(f).kind is not Kind.INTERRUPTION:
            return None
        return Event.OVERLAP_GOES_ON if self._kept else Event.OVERLAP

    def _judged_overlap(self, f: Features) -> Event | None:
        """An answer leaves the last words to the agent; DELIVERED makes it the caller's turn."""
        if self.judgement.kind is Kind.ANSWER:
            return None
        hushed = self.judgement.hush
        self.judgement = self._judge(f)
        match self.judgement.kind:
            case None | Kind.ANSWER if self.judgement.hush != hushed:
                return Event.UNLIKELY if hushed else Event.LIKELY
            case None | Kind.ANSWER:
                return None
            case Kind.INTERRUPTION:
                return Event.INTERRUPTION
        return Event.DISMISSED

    def _judge(self, f: Features) -> Judgement:
        return judge(self._settings, self.sound(f.kinds, f.words, f.echo))
