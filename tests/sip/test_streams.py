"""Streams are taken only from a pjsua2 that is laid out as we know it."""

from __future__ import annotations

import ctypes
from typing import Any

import pytest

from sip.streams import Stream, Streams
from voicecore.errors import SipError

STREAM, SILENT = 0x1000, 0x2000


class FakePrm:
    """OnStreamCreatedParam."""

    def __init__(self, port: int) -> None:
        self.memory = (ctypes.c_uint64 * 4)(STREAM, 0, port, 0)
        self.this, self.stream, self.pPort = ctypes.addressof(self.memory), STREAM, port
        self.destroyPort = False


class FakeLibrary:
    """pjmedia with one stream, whose jitter buffer's state is so many words long."""

    def __init__(self, state_words: int, channels: int = 1) -> None:
        detail = [0] * 9 + [8_000, channels, 20_000, 16]
        self.memory = (ctypes.c_uint * len(detail))(*detail)
        self.port = ctypes.addressof(self.memory)
        self.state_words = state_words
        self.references = 0

    def __getattr__(self, name: str) -> Any:
        def nothing(*_: object) -> int:
            return 0

        def get_port(_stream: int, to: Any) -> int:
            to._obj.value = self.port
            return 0

        def create_null(*arguments: Any) -> int:
            arguments[-1]._obj.value = SILENT
            return 0

        def get_state(_stream: int, state: Any) -> int:
            for word in range(self.state_words):
                state[word] = 0
            return 0

        def count(step: int) -> Any:
            def change(_port: int) -> int:
                self.references += step
                return 0

            return change

        calls = {
            "pjmedia_stream_get_port": get_port,
            "pjmedia_null_port_create": create_null,
            "pjmedia_stream_get_stat_jbuf": get_state,
            "pjmedia_port_add_ref": count(1),
            "pjmedia_port_dec_ref": count(-1),
        }
        self.__dict__[name] = function = calls.get(name, nothing)
        return function


@pytest.mark.parametrize(("words", "size_word"), [(15, 6), (16, 7)])
def test_the_bridge_gets_a_silent_port_instead(words: int, size_word: int) -> None:
    library = FakeLibrary(words)
    streams, prm = Streams(library), FakePrm(library.port)  # type: ignore[arg-type]
    stream = streams.take(prm)
    assert stream == Stream(STREAM, library.port, 8_000, 20_000, size_word)
    assert (prm.memory[2], prm.destroyPort) == (SILENT, True)


def test_a_stream_is_kept_while_it_is_used() -> None:
    library = FakeLibrary(15)
    streams = Streams(library)  # type: ignore[arg-type]
    stream = streams.take(FakePrm(library.port))
    streams.hold(stream)
    assert library.references == 1
    streams.release(stream)
    assert library.references == 0


@pytest.mark.parametrize(("words", "channels", "port"), [(12, 1, None), (15, 7, None), (15, 1, 0x3000)])
def test_an_unknown_layout_is_refused(words: int, channels: int, port: int | None) -> None:
    library = FakeLibrary(words, channels)
    prm = FakePrm(library.port if port is None else port)
    with pytest.raises(SipError, match="unknown way"):
        Streams(library).take(prm)  # type: ignore[arg-type]
    assert not prm.destroyPort
