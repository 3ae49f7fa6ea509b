"""Judges sound over the agent's speech: an interruption, or nothing to stop for."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from voicecore.config import TurnSettings


class Kind(Enum):
    """What a sound of the caller's line is."""

    INTERRUPTION = "interruption"
    """The caller wants the floor."""
    BACKCHANNEL = "backchannel"
    """"mm-hm": go on, I listen."""
    ASIDE = "aside"
    """Speech not meant for us."""
    NOISE = "noise"
    """Cough, click, line noise, or a hesitation sound."""
    ECHO = "echo"
    """Ourselves."""
    ANSWER = "answer"
    """Short speech over the last words of the agent: the caller's turn, once the agent has finished."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """What is known of one sound over the agent's speech, as of this tick."""

    kinds: tuple[float, ...] | None
    """Probabilities of the sound model: interruption, backchannel, aside, noise. None while unknown."""
    run_ms: int
    """Voiced time so far."""
    gap_ms: int
    """Silence since."""
    speech: float
    """Highest speech probability so far, 0..1; the detector is sure only after 60-140 ms."""
    over_usual_db: float
    """Level over the caller's usual one; NaN before their first turn."""
    echo: float
    """Correlation 0..1 with what we transmitted."""
    words: str
    """The recogniser's partial reading; "" while there is none."""
    agent_remaining_ms: float
    """What is left of the agent's speech when the sound began; infinite while synthesis goes on."""
    agent_into_ms: float
    """How long the agent's utterance had been playing when the sound began."""

    @property
    def sounds_like(self) -> Kind | None:
        """What the sound model alone takes it for; None without it."""
        return None if self.kinds is None else _KINDS[max(range(4), key=self.kinds.__getitem__)]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a sound is; ``kind`` None: not decided yet."""

    kind: Kind | None
    reasons: tuple[str, ...] = ()
    hush: bool = False
    """Undecided, but rather an interruption: be silent while that is being decided."""


_OVER_MS = 160
"""Silence after which a sound is judged with what is there."""
_EARLY_MS, _LATE_MS = 80, 340
"""Since the onset: from here to there less and less certainty stops the agent."""
_WORDS = 10.0
"""How much likelier words make their kind; a recogniser may have made them up."""
_HUSH_MS = range(140, 300)
"""Since the onset: when the agent may be silent in doubt. Ends before a listener would notice (200 ms)."""
_HUSH = 0.22
"""Belief in an interruption that makes the agent silent in doubt."""
_PAUSE_MS = 60
"""Silence after which there is nothing to be silent for."""
_COST = (1.0, 1.5, 2.5, 1.0)
"""What an error about each kind costs."""
_LEVELS_DB = (0.0, -3.0, -9.0, -7.0)
"""Usual levels of the kinds over the caller's turns, and how far each spreads (what is learned of a
caller's level in a call is good to about 4 dB)."""
_SPREAD_DB = 5.0
_FARTHEST_DB = 15.0
_INTERRUPTION, _BACKCHANNEL, _ASIDE, _NOISE = range(4)
_KINDS = (Kind.INTERRUPTION, Kind.BACKCHANNEL, Kind.ASIDE, Kind.NOISE)
_UNVOICED = 0.02
"""What belief in any speech is multiplied with when the detector never was sure of it."""
_NO_TURN = 0.6
"""Belief in another kind that keeps a long sound from being an interruption, or from being a turn."""
_NO_WORDS = 0.9
"""Belief that outweighs words, which a recogniser may have made up."""

_WHILE = r"(sec|second|minute|moment)"
_WAIT = re.compile(
    rf"^(please )?(hold on|hang on|(just |give me |wait )?(a|one) {_WHILE}|just a {_WHILE})( please)?$"
)
_CLAIM = re.compile(r"\b(stop|wait|no|nope|excuse me|sorry|actually|operator|cancel|but|what|question)\b")
_LISTENING = re.compile(
    r"^(\s*\b(mm|hmm?|mhm|uh|huh|aha|ah|oh|yeah|yep|yup|yes|okay|ok|right|sure|good|great|true|fine|exactly|"
    r"really|wow|alright|all right|of course|i see|got it))+$"
)
_HESITATION = re.compile(r"^(\s*\b(um|uh|er|erm|uhm|hmm?|mm))*$")


def judge(settings: TurnSettings, evidence: Overlap) -> Judgement:
    """Called every tick while the agent speaks ducked; undecided as long as waiting can help.

    A sequential test (Wald, 1945) whose bar falls with the time since the onset: what is clear stops the
    agent after 100 ms, what is merely likely later. A sound that ended is judged with what is there.
    INTERRUPTION may follow another kind if the sound goes on.
    """
    e = evidence
    if e.echo >= settings.echo_correlation:
        return Judgement(Kind.ECHO, ("it sounds like what we just said",))
    over = e.gap_ms >= _OVER_MS
    belief = _belief(settings, e)
    if belief is None:
        return _by_length(settings, e, over)
    likely = max(range(4), key=belief.__getitem__)
    age_ms = e.run_ms + e.gap_ms
    if belief[_INTERRUPTION] >= _bar(settings, age_ms):
        return Judgement(Kind.INTERRUPTION, (f"it sounds like one after {age_ms} ms",))
    claimed = max(belief[_BACKCHANNEL], belief[_ASIDE]) < _NO_WORDS and belief[_NOISE] < _NO_TURN
    if e.run_ms >= settings.interrupt_ms and claimed:
        return Judgement(Kind.INTERRUPTION, ("it goes on",))
    if over:
        return _answer(settings, e, Judgement(_KINDS[likely], ("that is what it sounded like",)))
    doubtful = age_ms in _HUSH_MS and belief[_INTERRUPTION] >= _HUSH
    return Judgement(None, hush=doubtful and e.gap_ms < _PAUSE_MS)


def for_us(settings: TurnSettings, evidence: Overlap) -> Judgement:
    """Whether a sound that ended in the agent's silence is the caller's turn: ANSWER, else ASIDE or NOISE.

    Doubt makes it a turn: "two" must never be lost, a cough that gets an answer only annoys.
    """
    words, heard = _plain(evidence.words), _heard(settings, evidence)
    if _WAIT.match(words):
        return Judgement(Kind.ASIDE, ("we are asked to wait",))
    if heard is None:
        return Judgement(Kind.ANSWER, ("nothing speaks against it",))
    enough = _NO_TURN if _HESITATION.match(words) else _NO_WORDS
    if heard[_NOISE] >= enough:
        return Judgement(Kind.NOISE, ("it sounds like no speech",))
    if heard[_ASIDE] >= enough and evidence.over_usual_db <= settings.aside_db:
        return Judgement(Kind.ASIDE, ("faint, and it sounds far away",))
    return Judgement(Kind.ANSWER, ("nothing speaks against it",))


def _belief(settings: TurnSettings, e: Overlap) -> tuple[float, ...] | None:
    """Sound, words, loudness and what is at stake, taken together (Bayes); None without the model."""
    heard = _heard(settings, e)
    if heard is None:
        return None
    heard = _shares([p * cost for p, cost in zip(heard, _COST, strict=True)])
    if (spoken := _spoken(e.words)) is not None:
        heard = _shares(
            [p * (_WORDS if kind is spoken else 1) for kind, p in zip(_KINDS, heard, strict=True)]
        )
    if math.isnan(e.over_usual_db):
        return heard
    apart = (min(max(e.over_usual_db - usual, -_FARTHEST_DB), _FARTHEST_DB) for usual in _LEVELS_DB)
    return _shares([p * math.exp(-0.5 * (db / _SPREAD_DB) ** 2) for p, db in zip(heard, apart, strict=True)])


def _heard(settings: TurnSettings, e: Overlap) -> tuple[float, ...] | None:
    """The sound model's probabilities, unless the voice detector knows better."""
    if e.kinds is None or e.speech >= settings.speech_probability or e.run_ms < _LATE_MS:
        return e.kinds
    *speech, noise = e.kinds
    return _shares([*(p * _UNVOICED for p in speech), noise])


def _shares(joint: Sequence[float]) -> tuple[float, ...]:
    total = sum(joint)
    return tuple(p / total for p in joint)


def _bar(settings: TurnSettings, age_ms: float) -> float:
    """How certain an interruption must be."""
    if age_ms < _EARLY_MS:
        return math.inf
    done = min((age_ms - _EARLY_MS) / (_LATE_MS - _EARLY_MS), 1.0)
    return settings.interrupt_sure + done * (settings.interrupt_likely - settings.interrupt_sure)


def _spoken(text: str) -> Kind | None:
    """The kind that the words alone speak for."""
    words = _plain(text)
    if _LISTENING.match(words):
        return Kind.BACKCHANNEL
    if _WAIT.match(words):
        return Kind.ASIDE
    return Kind.INTERRUPTION if _CLAIM.search(words) else None


def _plain(text: str) -> str:
    """Lower-case words, a blank between."""
    return " ".join(re.findall(r"[\w']+", text.lower()))


def _answer(settings: TurnSettings, e: Overlap, judgement: Judgement) -> Judgement:
    """A listener's sound over the agent's last words answers them."""
    if judgement.kind is Kind.BACKCHANNEL and e.agent_remaining_ms <= settings.answer_ms:
        return Judgement(Kind.ANSWER, (*judgement.reasons, "the agent had nearly finished"))
    return judgement


def _by_length(settings: TurnSettings, e: Overlap, over: bool) -> Judgement:
    """Without a model."""
    if e.run_ms >= settings.interrupt_ms:
        return Judgement(Kind.INTERRUPTION, ("it goes on",))
    return _answer(settings, e, Judgement(Kind.BACKCHANNEL, ("it was short",))) if over else Judgement(None)
