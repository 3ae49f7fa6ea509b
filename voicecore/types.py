"""The nouns that cross floors: audio, words, expectations, media frames, turn traces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

RATE = 16_000
"""Sample rate of all audio inside the appliance, Hz (the SIP bridge runs at it for every codec)."""
TICK_MS = 20
TICK = RATE * TICK_MS // 1000
"""Samples in one tick of the audio clock (320)."""

Pcm = npt.NDArray[np.int16]
"""Mono PCM, shape [n], int16, at ``RATE`` unless said otherwise."""
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Word:
    """One recognised word; times in seconds on the call's audio clock."""

    text: str
    start: float
    end: float
    confidence: float = 1.0
    """Probability that it is the right word; a fitted one if ``Transcript.calibrated``."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """What a recogniser made of an utterance so far, or for good when ``final``."""

    text: str = ""
    words: tuple[Word, ...] = ()
    final: bool = False
    confidence: float = 1.0
    """0..1 over the whole utterance; engines that can't tell say 1.0."""
    alternatives: tuple[str, ...] = ()
    stable: int = 0
    """How many of ``words``, from the first, later partials will not change: all of a final one. Engines
    that can't tell say 0 in partials."""
    calibrated: bool = False
    """The words' confidences were fitted on labelled speech: of those at 0.8, 80 % are right."""


class SlotKind(StrEnum):
    """What sort of answer the dialogue waits for; it steers recogniser, endpointing and parser."""

    OPEN = "open"
    DIGITS = "digits"
    AMOUNT = "amount"
    DATE = "date"
    YESNO = "yesno"
    CHOICE = "choice"
    SPELLED = "spelled"


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the dialogue expects to hear now; recognisers take their grammar or prompt from it."""

    kind: SlotKind = SlotKind.OPEN
    phrases: tuple[str, ...] = ()
    """Whole answers worth expecting, in plain lower-case words ("explain a charge", "visa")."""
    commands: tuple[str, ...] = ()
    """Things a caller may always say ("operator", "go back", "repeat that")."""
    digits: tuple[int, int] | None = None
    """Fewest and most digits, for ``DIGITS``."""


@dataclass(frozen=True, slots=True)
class WordMark:
    """A word of the text handed to TTS and where its sound starts.

    ``chars`` are offsets into the text *as written* (before lexicon substitutions), so that
    ``text[:chars[1]]`` is what had been said once the word was over. ``sample`` counts from the
    utterance's first sample, at ``RATE``.
    """

    chars: tuple[int, int]
    sample: int


@dataclass(frozen=True, slots=True)
class SpeechChunk:
    """A piece of synthesised speech, in order: samples, and the words that begin inside it."""

    pcm: Pcm
    marks: tuple[WordMark, ...] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """One contribution to a conversation, as a language model reads it."""

    role: Literal["system", "caller", "agent", "tool"]
    text: str


@dataclass(frozen=True, slots=True)
class ToolOffer:
    """A tool that a language model may ask for."""

    name: str
    description: str
    parameters: Mapping[str, Any]
    """JSON schema of its arguments, an object."""


@dataclass(frozen=True, slots=True)
class ToolRequest:
    """What a language model asks for: checked against the offer, not yet allowed by anybody."""

    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class MediaFrame:
    """One media-clock tick of a call, as the media process saw it.

    ``caller`` is what arrived, ``agent`` what was transmitted in the same tick (both [320] int16),
    so that recordings, echo and word positions need no second clock. ``played`` is the playout
    position after this tick: samples of ours consumed since the call began, flushed ones included.
    ``tick_ns`` is the media process's monotonic clock when the tick ran.
    """

    caller: Pcm
    agent: Pcm
    played: int
    tick_ns: int


@dataclass(frozen=True, slots=True)
class CallInfo:
    """Who calls whom, from the INVITE."""

    id: str
    direction: str
    """"in" or "out"."""
    remote_uri: str
    local_uri: str
    headers: dict[str, str] = field(default_factory=dict)


class CallEventKind(StrEnum):
    """What can happen to a call, seen from the agent."""

    INCOMING = "incoming"
    """An INVITE awaits ``answer`` or ``reject``."""
    RINGING = "ringing"
    ANSWERED = "answered"
    """Dialog confirmed and media flowing; ``detail``: codec, clock_rate."""
    DTMF = "dtmf"
    """``detail``: digit (0-9*#A-D), method ("rfc4733" | "info"), duration_ms."""
    HELD = "held"
    RESUMED = "resumed"
    TRANSFER = "transfer"
    """Progress of our REFER; ``detail``: code, reason, final."""
    ENDED = "ended"
    """``detail``: code, reason, by ("caller" | "agent" | "media-died")."""


@dataclass(frozen=True, slots=True)
class CallEvent:
    """One event on a call; ``detail`` is documented at each kind."""

    kind: CallEventKind
    call_id: str
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class TurnTrace:
    """One exchange: what the caller said, what we said back, and when each stage was done.

    ``times`` maps a stage to seconds on the call's audio clock, in the order they happened:
    ``speech_start``, ``speech_end`` (last voiced sample by VAD), ``soft_end``, ``asr_final``,
    ``commit``, ``planned``, ``tool_start``, ``tool_end``, ``tts_first``, ``queued`` (first sample
    written to the playout ring) and ``played`` (first sample handed to RTP). A stage that did
    not happen is absent. ``work_ms`` holds wall-clock cost of compute stages (asr, turn_model,
    nlu, tts) for the latency budget.
    """

    index: int
    caller_text: str = ""
    caller_words: tuple[Word, ...] = ()
    confidence: float = 1.0
    intent: str = ""
    agent_text: str = ""
    heard_text: str = ""
    """The part of ``agent_text`` that had reached the caller's ear when the turn ended."""
    interrupted: bool = False
    by: str = "speech"
    """What made the turn: "speech", "dtmf", "silence", "failure" (of ours), or "start" for the greeting."""
    times: dict[str, float] = field(default_factory=dict)
    work_ms: dict[str, float] = field(default_factory=dict)
    reopened: int = 0
    """How often a soft end was withdrawn because the caller went on."""
    wait_ms: int = 0
    """The silence that endpointing asked for before it took the turn."""
    wait_reasons: tuple[str, ...] = ()
    """Why, in plain words."""


STAGES = ("wait", "asr", "plan", "tool", "tts", "playout", "rest")
"""What audible latency consists of. ``wait``: silence until the turn was taken for complete; then what
was still to be done; ``rest``: network, codec and jitter buffer both ways, and how late the voice
detector saw the end."""


@dataclass(frozen=True, slots=True)
class AudibleTurn:
    """Something a caller did and the answer to it, as found in a recording at the caller's ear.

    Positions are seconds in that recording. Built from the sound; ``trace`` is the appliance's own
    account of the same exchange, if it gave one.
    """

    index: int
    kind: str
    """"speech", "interruption" (the agent was speaking) or "dtmf"."""
    said: str
    """The words that were really spoken, or the keys."""
    recognised: str
    """What the appliance took them for."""
    edits: tuple[tuple[str, str], ...]
    """Word by word (said, recognised); "" is a gap."""
    start: float
    """First voiced sample of the caller, or the first key going down."""
    end: float
    """Last voiced sample of the caller, or the last key going down."""
    answer: float | None
    """First audible sample of the agent after ``end``; None when it began before (``cut_off``) or never."""
    answer_text: str = ""
    silent_ms: float | None = None
    """Interruptions only: from the caller's first voiced sample to the agent's last audible one."""
    overlap_ms: float = 0.0
    """Agent audible while the line went on, pauses of the caller included."""
    cut_off: bool = False
    """The agent began to speak before the caller had finished."""
    stages: dict[str, float] = field(default_factory=dict)
    """Milliseconds of ``latency_ms`` by stage (``STAGES``); empty when unknown."""
    trace: TurnTrace | None = None

    @property
    def latency_ms(self) -> float | None:
        """Audible latency: last voiced sample of the caller to first audible sample of the agent."""
        return None if self.answer is None else (self.answer - self.end) * 1000


@dataclass(frozen=True, slots=True)
class ToolTrace:
    """One tool call with its outcome; times in seconds on the call's audio clock."""

    turn: int
    name: str
    arguments: dict[str, Any]
    ok: bool
    result: dict[str, Any]
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class ApprovalRequest:
    """A tool call that may not happen before a person has said yes."""

    call_id: str
    key: str
    """The idempotency key of the tool call."""
    tool: str
    arguments: Mapping[str, Any]
    """Redacted: what is private is a token."""
    reason: str
    """Which rule asks, in words."""
    limit_s: float
    """How long a person has; after it the answer is no."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of an ``ApprovalRequest``."""

    approved: bool
    who: str = ""
    """The person's account; "" when nobody answered."""
    why: str = ""
    """The person's words, or "timeout", "call-ended", "too-many"."""


@dataclass(frozen=True, slots=True)
class Undone:
    """Who took a step back, and why."""

    who: str
    why: str
    at: str
    """ISO 8601, UTC."""


@dataclass(frozen=True, slots=True)
class Step:
    """A tool call with an effect that happened, and the call that would take it back."""

    key: str
    """The idempotency key of what happened."""
    call_id: str
    tool: str
    undo: str
    """The tool that takes it back."""
    arguments: Mapping[str, Any] = field(repr=False)
    """Its arguments: real values."""
    at: str
    """ISO 8601, UTC."""
    undone: Undone | None = None
