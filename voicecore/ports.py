"""Small protocols between the pure core and the outside world; every engine hides behind one.

Blocking ports (``Asr``, ``TurnModel``, ``Tts``, ``Embedder``, ``Store``) are called from worker
threads by the pipeline, one thread per stream at a time; async ports run on the event loop.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, Protocol, runtime_checkable

from voicecore.types import (
    Answer,
    ApprovalRequest,
    CallEvent,
    CallInfo,
    Expectation,
    Floats,
    MediaFrame,
    Message,
    Pcm,
    SpeechChunk,
    Step,
    ToolOffer,
    ToolRequest,
    ToolTrace,
    Transcript,
    TurnTrace,
    Undone,
)


class VadStream(Protocol):
    """The state of one call in a batched voice-activity detector."""

    def reset(self) -> None:
        """Forget everything heard, for a new call."""
        ...


@runtime_checkable
class Vad(Protocol):
    """Speech probability per frame, for all calls of a process in one batch."""

    rate: int
    """Input sample rate, Hz."""
    frame: int
    """Samples per frame at ``rate``."""

    def open(self) -> VadStream:
        """A fresh stream; dropping it is enough to end it."""
        ...

    def step(self, streams: Sequence[VadStream], frames: Floats) -> Floats:
        """Advance each stream by one frame.

        ``frames``: float32 [N, frame] in -1..1, row i belongs to ``streams[i]``.
        Returns float32 [N], speech probability 0..1. Batched equals one-by-one.
        """
        ...


@runtime_checkable
class TurnModel(Protocol):
    """Probability that the caller's turn is complete, from the sound of it."""

    def probability(self, pcm: Pcm) -> float:
        """``pcm``: the turn so far, int16 at ``RATE``; the last 8 s count. Returns 0..1."""
        ...


@runtime_checkable
class SoundModel(Protocol):
    """What a sound over the agent's speech is, from its prosody."""

    def classify(self, frames: Floats) -> Floats:
        """``frames``: float32 [T, 24] of ``audio.Prosody``, from three frames before the sound's onset
        to now; T >= 3, what follows the 75th does not count. Returns float32 [4], summing to 1:
        interruption, backchannel, aside, noise. Cheap enough for every tick.
        """
        ...


class AsrStream(Protocol):
    """One utterance being recognised. Times in words are seconds from its first sample."""

    def accept(self, pcm: Pcm) -> Transcript | None:
        """Feed int16 at ``RATE``, any length; a partial if it changed, else None."""
        ...

    def finish(self) -> Transcript:
        """End the utterance; ``final`` is True. The stream must not be used afterwards."""
        ...


@runtime_checkable
class Asr(Protocol):
    """A speech recogniser."""

    def open(self, expectation: Expectation) -> AsrStream:
        """Start an utterance, favouring what the dialogue expects now."""
        ...

    def close(self) -> None: ...


@runtime_checkable
class Tts(Protocol):
    """Text to speech, streaming."""

    def synthesize(self, text: str) -> Iterator[SpeechChunk]:
        """Speech for one sentence, int16 at ``RATE``, first chunk as early as the engine can.

        Closing the iterator cancels the synthesis. Marks cover every word of ``text`` in order.
        """
        ...


@runtime_checkable
class Embedder(Protocol):
    """Sentence embeddings for intents and retrieval."""

    dimensions: int

    def embed(self, texts: Sequence[str]) -> Floats:
        """float32 [N, dimensions], rows of unit length."""
        ...


@runtime_checkable
class Llm(Protocol):
    """Free text, streamed. Used only where a flow asks for it."""

    def generate(self, instruction: str, question: str, passages: Sequence[str]) -> AsyncIterator[str]:
        """Answer ``question`` from ``passages`` under ``instruction``; yields whole sentences."""
        ...


@runtime_checkable
class ConversationLlm(Llm, Protocol):
    """A language model that reads along while the caller speaks.

    Conversations are stated whole, every time: the engine keeps what it has already read of ``call``'s
    and reads only what is new. So a transcript that changed, a reply cut off at the words that were
    heard, and a turn that was reopened all take the same path, and any message may be sent again.
    All arguments and results are plain data, fit for a socket. Call from the event loop.
    """

    def prepare(self, call: str, messages: Sequence[Message], tools: Sequence[ToolOffer] = ()) -> None:
        """Read ``messages``, the last of which may go on; returns at once and is never an error."""
        ...

    def reply(
        self,
        call: str,
        messages: Sequence[Message],
        tools: Sequence[ToolOffer] = (),
        urgent: bool = True,
        insist: bool = False,
    ) -> AsyncIterator[str | ToolRequest]:
        """The agent's next contribution: whole sentences, or one request for a tool.

        Not ``urgent`` is what no caller waits for, such as a summary. ``insist``: a request for a tool
        and nothing else. Closing the iterator stops the engine within one step. Raises EngineError
        (codes ``llm-*``) and ConfigError("bad-schema") for a tool whose schema cannot be enforced.
        """
        ...

    def forget(self, call: str) -> None:
        """The call is over: stop its work, free its memory."""
        ...


@runtime_checkable
class Judge(Protocol):
    """One engine of the guardrails: says how much a text is of each class that it knows."""

    name: str
    """For records: "classifier-input"."""

    async def judge(self, text: str, vector: Floats | None, context: Sequence[str]) -> Mapping[str, float]:
        """Class -> 0..1; a class it has no opinion on is absent.

        ``vector``: the sentence embedding of ``text`` if there is one already; ``context``: what was said
        before, oldest first. Keeps its own time limit. Raises EngineError, which counts as no opinion.
        """
        ...


class Tools(Protocol):
    """The back-end. Called only by the shell that performs what the dialogue decided."""

    async def call(self, name: str, arguments: Mapping[str, Any], key: str) -> dict[str, Any]:
        """Run a declared tool. Raises ToolError (codes ``tool-*``).

        ``key`` is the idempotency key: the same for every retry of one decision.
        """
        ...

    async def close(self) -> None: ...


class Audit(Protocol):
    """The record of what was decided, redacted before it comes here. Safe from any thread, never blocks.

    ``call_id`` "" is the box; ``at``: seconds on the call's audio clock; ``data``: JSON values.
    Raises StoreError("audit-unavailable") and StoreError("audit-bad-record").
    """

    def note(self, call_id: str, kind: str, at: float, data: Mapping[str, Any]) -> None:
        """Have it kept, soon and in order."""
        ...

    def keep(self, call_id: str, kind: str, at: float, data: Mapping[str, Any]) -> Future[Any]:
        """The same for a decision with an effect, which comes when the future is done: it is durable then."""
        ...


class CallKey(Protocol):
    """The data key of one call."""

    def seal(self, content: bytes, context: str, /) -> bytes: ...

    def open(self, sealed: bytes, context: str, /) -> bytes: ...


class Keys(Protocol):
    """The vault's keys, by call and kind of data ("record", "recording", "vault"). Safe from any thread.

    Raises StoreError: ``no-key``, ``key-destroyed`` (the call was erased).
    """

    def make(self, call_id: str, caller: str = "", kind: str = "record") -> CallKey:
        """The key, made and durable if there was none; ``caller``: by whose address it can be erased."""
        ...

    def open(self, call_id: str, kind: str = "record") -> CallKey:
        """The key that is there."""
        ...


class AudioFile(Protocol):
    """A recording being written: int16 stereo, little-endian, caller and agent. Used by one thread; all
    methods raise OSError."""

    def put(self, sound: bytes, at: int) -> None:
        """Sound that begins ``at`` bytes after the first; may leave a gap, or replace what is there."""
        ...

    def read(self, at: int, size: int) -> bytes:
        """What was put there, as far as there is any; gaps are silence."""
        ...

    def close(self) -> None:
        """Return when the disk has it."""
        ...


class Steps(Protocol):
    """Keeps the tool calls that a person can take back. From one thread at a time; raises StoreError."""

    def add(self, step: Step) -> None:
        """It happened; a key that is kept already changes nothing."""
        ...

    def find(self, key: str) -> Step:
        """Raises StoreError("unknown-step")."""
        ...

    def latest(self, limit: int, call_id: str | None = None) -> list[Step]:
        """The latest ones, of all calls or of one; newest first."""
        ...

    def mark(self, key: str, undone: Undone) -> None:
        """It was taken back. Raises StoreError("unknown-step")."""
        ...


class Approvals(Protocol):
    """Has a person decide about a tool call."""

    async def ask(self, request: ApprovalRequest) -> Answer:
        """Their answer; no when nobody answers within ``request.limit_s``. Never an error.

        Asking again with the same key while the first still waits gets the same answer.
        """
        ...


class Call(Protocol):
    """The agent's end of one SIP call: rings for audio, verbs for signalling. Never blocks."""

    @property
    def info(self) -> CallInfo: ...

    @property
    def written(self) -> int:
        """Playout position of the next sample to be written (samples since the call began)."""
        ...

    def read(self) -> list[MediaFrame]:
        """All ticks that arrived since the last call, oldest first."""
        ...

    def write(self, pcm: Pcm) -> int:
        """Queue speech for playout; returns how many samples fitted."""
        ...

    def streaming(self, on: bool) -> None:
        """Whether more speech follows what is queued: while it does, a tick that runs dry is an underrun."""
        ...

    @property
    def underruns(self) -> int:
        """Ticks of this call in which speech was due and had not been written."""
        ...

    def flush(self) -> None:
        """Drop everything queued; the media side fades out over 5 ms and skips to here."""
        ...

    def gain(self, factor: float, ramp_ms: int = 40) -> None:
        """Scale what is played from now on (1.0 = as written), ramped on the media side."""
        ...

    def answer(self) -> None: ...

    def reject(self, code: int, retry_after_s: int | None = None) -> None: ...

    def hangup(self) -> None: ...

    def send_dtmf(self, digits: str, method: str = "rfc4733") -> None: ...

    def hold(self) -> None: ...

    def resume(self) -> None: ...

    def transfer(self, uri: str) -> None:
        """Blind REFER to ``uri``; progress arrives as TRANSFER events."""
        ...


class Endpoint(Protocol):
    """A SIP endpoint, real (pjsua2 in its own process) or in memory. One consumer of events."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def dial(self, uri: str, headers: dict[str, str] | None = None) -> Call: ...

    def call(self, call_id: str) -> Call:
        """The call that an event named. Raises SipError("unknown-call")."""
        ...

    async def next_event(self) -> CallEvent:
        """The next call event, in order per call."""
        ...

    async def tick(self) -> None:
        """Return when at least one call has new media frames to read."""
        ...


class Store(Protocol):
    """Keeps calls, turns, tool calls and recordings."""

    def begin_call(self, info: CallInfo, agent: str, engines: dict[str, str]) -> None: ...

    def add_turn(self, call_id: str, turn: TurnTrace) -> None: ...

    def add_tool(self, call_id: str, tool: ToolTrace) -> None: ...

    def end_call(self, call_id: str, outcome: dict[str, Any], recording: str | None) -> None:
        """``outcome``: code, reason, by, duration_s and the dialogue's own result."""
        ...

    def export(self, call_id: str) -> dict[str, Any]:
        """The whole call as JSON-ready data. Raises StoreError("unknown-call")."""
        ...
