"""Packets: what goes in comes out, and what is no packet is refused."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.serving import protocol
from models.serving.protocol import MOST_BYTES, VERSION, Packet, pack, unpack
from voicecore.errors import EngineError
from voicecore.types import (
    Expectation,
    Message,
    SlotKind,
    SpeechChunk,
    ToolOffer,
    ToolRequest,
    Transcript,
    Word,
    WordMark,
)

WORDS = (Word("pay", 0.1, 0.3, 0.9), Word("it", 0.3, 0.4))


def over_the_wire(packet: Packet) -> Packet:
    return unpack(pack(packet))


@given(st.text(max_size=20), st.integers(0, 2**40), st.lists(st.integers(-32768, 32767), max_size=50))
def test_a_packet_comes_back(text, line, samples):
    sound = np.array(samples, np.int16)
    back = over_the_wire(Packet("accept", line, {"text": text}, sound))
    assert (back.op, back.line, back.facts) == ("accept", line, {"text": text})
    assert back.pcm.dtype == np.int16
    assert np.array_equal(back.pcm, sound)
    back.pcm[:] = 0  # an engine may write into it


@given(st.lists(st.binary(max_size=40), max_size=4))
def test_anything_else_is_refused(frames):
    with pytest.raises(EngineError, match="engine-protocol"):
        unpack(frames)


@pytest.mark.parametrize(
    "header", ["", "{", "[]", '["op", 1]', "[1, 1, {}]", '["op", true, {}]', '["op", 1, []]', "[" * 99]
)
def test_a_bad_header_is_refused(header):
    with pytest.raises(EngineError, match="engine-protocol"):
        unpack([VERSION, header.encode(), b""])


def test_another_version_is_refused():
    with pytest.raises(EngineError, match="engine-protocol"):
        unpack([b"voicecore-engine-0", *pack(Packet("beat"))[1:]])


@pytest.mark.parametrize("sound", [b"x", bytes(MOST_BYTES + 2)])
def test_half_a_sample_or_too_many_are_refused(sound):
    with pytest.raises(EngineError, match="engine-protocol"):
        unpack([VERSION, b'["accept",1,{}]', sound])


@pytest.mark.parametrize(
    "transcript",
    [None, Transcript(), Transcript("pay it", WORDS, True, 0.7, ("pay him",), 2, True)],
)
def test_a_transcript_comes_back(transcript):
    facts = over_the_wire(Packet("done", 1, protocol.transcript_facts(transcript))).facts
    assert protocol.transcript_of(facts) == transcript


@pytest.mark.parametrize("digits", [None, (4, 6)])
def test_an_expectation_comes_back(digits):
    expectation = Expectation(SlotKind.DIGITS, ("visa",), ("operator",), digits)
    facts = over_the_wire(Packet("open", 1, protocol.expectation_facts(expectation))).facts
    assert protocol.expectation_of(facts) == expectation


def test_a_chunk_of_speech_comes_back():
    chunk = SpeechChunk(np.arange(9, dtype=np.int16), (WordMark((0, 3), 2), WordMark((4, 6), 7)))
    back = protocol.chunk_of(over_the_wire(protocol.chunk_packet(3, chunk)))
    assert back.marks == chunk.marks
    assert np.array_equal(back.pcm, chunk.pcm)


def test_a_talk_comes_back():
    talk = (
        "call-1",
        (Message("system", "Be brief."), Message("caller", "hm")),
        (ToolOffer("f", "d", {"a": 1}),),
    )
    assert protocol.talk_of(json.loads(json.dumps(protocol.talk_facts(*talk)))) == talk


@pytest.mark.parametrize("said", ["Hello.", ToolRequest("find", {"number": "4"})])
def test_what_a_model_says_comes_back(said):
    assert protocol.said_of(over_the_wire(Packet("piece", 1, protocol.said_facts(said))).facts) == said


def test_an_error_keeps_its_code():
    raised = EngineError("asr-busy", "all decoders are in use")
    back = protocol.error_of(over_the_wire(protocol.failed(4, raised.code, str(raised))))
    assert (back.code, str(back)) == (raised.code, str(raised))


def test_the_whole_of_a_transcript_is_told():
    """A field that is added to the type must not get lost on the way."""
    marked = Transcript("a", (Word("a", 0, 1),), True, 0.5, ("b",), 1, True)
    assert protocol.transcript_of(protocol.transcript_facts(replace(marked, stable=0))) != marked
