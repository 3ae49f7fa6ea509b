"""pjmedia streams by their C interface: found when pjsua makes them, kept alive while we use them."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any

from voicecore.audio import MediaClock
from voicecore.errors import SipError

POOL_BYTES = 4096
STATE_WORDS = 32
UNTOUCHED = 0xA5A5A5A5
SIZE_WORDS = {15: 6, 16: 7}
"""Words of pjmedia_jb_state, and where ``size`` is: pjproject 2.16 put ``min_delay_set`` before it."""
PORT_AT = 16
"""Where OnStreamCreatedParam (call.hpp) has ``pPort``: proved before it is written."""
RATE_AT, CHANNELS_AT, FRAME_US_AT = 36, 40, 44
"""In pjmedia_port: the audio detail of ``info.fmt`` (port.h, format.h), unchanged since pjproject 2.0."""


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream of pjmedia's."""

    address: int
    port: int
    """Its pjmedia_port."""
    rate: int
    frame_us: int
    size_word: int


class Streams:
    """Takes streams from pjsua. Made when the library is up; all on the polling thread."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._c = library
        self._declare()
        self._pool = library.pjsua_pool_create(b"streams", POOL_BYTES, POOL_BYTES)

    def clock(self) -> MediaClock:
        """A clock that can serve these streams."""
        names = ("pjmedia_port_get_frame", "pjmedia_port_put_frame", "pjmedia_stream_get_stat_jbuf")
        return MediaClock(*(ctypes.cast(getattr(self._c, n), ctypes.c_void_p).value or 0 for n in names))

    def take(self, prm: Any) -> Stream:
        """The stream of an OnStreamCreatedParam; pjsua gets a silent port for its conference bridge instead.

        Raises SipError("sip-stack") when this pjsua2 is not laid out as we know it.
        """
        address, port = int(prm.stream), ctypes.c_void_p()
        self._c.pjmedia_stream_get_port(address, ctypes.byref(port))
        slot = ctypes.c_void_p.from_address(int(prm.this) + PORT_AT)
        if not port.value or slot.value != port.value or int(prm.pPort) != port.value:
            raise SipError("sip-stack", "this pjsua2 lays out OnStreamCreatedParam in an unknown way")
        rate, channels, frame_us = (
            ctypes.c_uint.from_address(port.value + at).value for at in (RATE_AT, CHANNELS_AT, FRAME_US_AT)
        )
        if channels != 1:
            raise SipError("sip-stack", "this pjmedia lays out its ports in an unknown way")
        size_word = self._size_word(address)
        silent = ctypes.c_void_p()
        self._c.pjmedia_null_port_create(
            self._pool, rate, 1, rate * frame_us // 1_000_000, 16, ctypes.byref(silent)
        )
        slot.value = silent.value
        prm.destroyPort = True
        return Stream(address, port.value, rate, frame_us, size_word)

    def hold(self, stream: Stream) -> None:
        """Keep it from being freed; pjsua may well destroy it before we have let go."""
        self._c.pjmedia_port_add_ref(stream.port)

    def release(self, stream: Stream) -> None:
        self._c.pjmedia_port_dec_ref(stream.port)

    def _size_word(self, address: int) -> int:
        state = (ctypes.c_uint * STATE_WORDS)(*[UNTOUCHED] * STATE_WORDS)
        self._c.pjmedia_stream_get_stat_jbuf(address, state)
        words = sum(word != UNTOUCHED for word in state)
        if words not in SIZE_WORDS:
            raise SipError("sip-stack", "this pjmedia lays out pjmedia_jb_state in an unknown way")
        return SIZE_WORDS[words]

    def _declare(self) -> None:
        pointer, uint = ctypes.c_void_p, ctypes.c_uint
        signatures: dict[str, tuple[Any, list[Any]]] = {
            "pjsua_pool_create": (pointer, [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_size_t]),
            "pjmedia_stream_get_port": (ctypes.c_int, [pointer, pointer]),
            "pjmedia_stream_get_stat_jbuf": (ctypes.c_int, [pointer, pointer]),
            "pjmedia_null_port_create": (ctypes.c_int, [pointer, *[uint] * 4, pointer]),
            "pjmedia_port_add_ref": (ctypes.c_int, [pointer]),
            "pjmedia_port_dec_ref": (ctypes.c_int, [pointer]),
        }
        for name, (result, arguments) in signatures.items():
            function = getattr(self._c, name)
            function.restype, function.argtypes = result, arguments
