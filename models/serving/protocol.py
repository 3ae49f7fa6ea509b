"""What an engine process and its clients say to each other: packets of a JSON header and raw bytes.

A packet is three ZeroMQ frames: the version, the header ``[op, line, facts]``, and samples (int16,
little-endian, at ``RATE``; often none). A line is one stream of a call, numbered by the client. Nothing that
comes in is ever executed or unpickled.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from voicecore.errors import EngineError
from voicecore.types import (
    Expectation,
    Message,
    Pcm,
    SlotKind,
    SpeechChunk,
    ToolOffer,
    ToolRequest,
    Transcript,
    Word,
    WordMark,
)

VERSION = b"voicecore-engine-1"
"""Goes up whenever a packet changes its meaning; both ends are of one installation."""
MOST_BYTES = 1 << 25
"""Largest packet that is read: 17 minutes of sound."""
_LITTLE_ENDIAN = np.dtype("<i2")

# ops of a client
OPEN, ACCEPT, FINISH, DROP = "open", "accept", "finish", "drop"
JUDGE, SPEAK, GENERATE, REPLY = "judge", "speak", "generate", "reply"
PREPARE, FORGET, CANCEL = "prepare", "forget", "cancel"
# ops of an engine process
READY, BEAT, PIECE, DONE, FAILED = "ready", "beat", "piece", "done", "failed"


def _no_sound() -> Pcm:
    return np.zeros(0, np.int16)


@dataclass(frozen=True, slots=True, eq=False)
class Packet:
    """One message; ``line`` 0 is the process as a whole."""

    op: str
    line: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)
    """JSON-ready."""
    pcm: Pcm = field(default_factory=_no_sound)


def pack(packet: Packet) -> list[bytes]:
    """The frames of a packet."""
    header = json.dumps([packet.op, packet.line, dict(packet.facts)], separators=(",", ":"))
    return [VERSION, header.encode(), packet.pcm.astype(_LITTLE_ENDIAN, copy=False).tobytes()]


def unpack(frames: Sequence[bytes]) -> Packet:
    """The packet of these frames. Raises EngineError("engine-protocol")."""
    if len(frames) != 3 or frames[0] != VERSION:
        raise EngineError("engine-protocol", f"not a packet of {VERSION.decode()}")
    if sum(map(len, frames)) > MOST_BYTES or len(frames[2]) % _LITTLE_ENDIAN.itemsize:
        raise EngineError("engine-protocol", f"{len(frames[2])} bytes of sound")
    try:
        op, line, facts = json.loads(frames[1])
    except (ValueError, TypeError, RecursionError) as exc:
        raise EngineError("engine-protocol", "a header is not JSON of three parts") from exc
    if not (isinstance(op, str) and type(line) is int and isinstance(facts, dict)):
        raise EngineError("engine-protocol", "a header has parts of the wrong kind")
    return Packet(op, line, facts, np.frombuffer(frames[2], _LITTLE_ENDIAN).astype(np.int16))


# errors


def failed(line: int, code: str, message: str) -> Packet:
    """The end of ``line`` with an error."""
    return Packet(FAILED, line, {"code": code, "message": message.removeprefix(f"{code}: ")})


def error_of(packet: Packet) -> EngineError:
    """What a FAILED packet says."""
    return EngineError(str(packet.facts.get("code", "engine-failed")), str(packet.facts.get("message", "")))


# values


def expectation_facts(expectation: Expectation) -> dict[str, Any]:
    return asdict(expectation)


def expectation_of(facts: Mapping[str, Any]) -> Expectation:
    digits = facts["digits"]
    return Expectation(
        SlotKind(facts["kind"]),
        tuple(facts["phrases"]),
        tuple(facts["commands"]),
        None if digits is None else (int(digits[0]), int(digits[1])),
    )


def transcript_facts(transcript: Transcript | None) -> dict[str, Any]:
    """{} for "nothing new"."""
    return {} if transcript is None else asdict(transcript)


def transcript_of(facts: Mapping[str, Any]) -> Transcript | None:
    if not facts:
        return None
    words = tuple(Word(**word) for word in facts["words"])
    return Transcript(**{**facts, "words": words, "alternatives": tuple(facts["alternatives"])})


def chunk_packet(line: int, chunk: SpeechChunk) -> Packet:
    marks = [[*mark.chars, mark.sample] for mark in chunk.marks]
    return Packet(PIECE, line, {"marks": marks}, chunk.pcm)


def chunk_of(packet: Packet) -> SpeechChunk:
    marks = (WordMark((start, end), sample) for start, end, sample in packet.facts["marks"])
    return SpeechChunk(packet.pcm, tuple(marks))


def talk_facts(call: str, messages: Sequence[Message], tools: Sequence[ToolOffer]) -> dict[str, Any]:
    """A conversation as it stands, and the tools on offer."""
    offers = [[tool.name, tool.description, dict(tool.parameters)] for tool in tools]
    return {"call": call, "messages": [[said.role, said.text] for said in messages], "tools": offers}


def talk_of(facts: Mapping[str, Any]) -> tuple[str, tuple[Message, ...], tuple[ToolOffer, ...]]:
    messages = tuple(Message(role, text) for role, text in facts["messages"])
    return facts["call"], messages, tuple(ToolOffer(*offer) for offer in facts["tools"])


def said_facts(said: str | ToolRequest) -> dict[str, Any]:
    return {"text": said} if isinstance(said, str) else {"tool": said.name, "arguments": said.arguments}


def said_of(facts: Mapping[str, Any]) -> str | ToolRequest:
    return facts["text"] if "text" in facts else ToolRequest(facts["tool"], facts["arguments"])
