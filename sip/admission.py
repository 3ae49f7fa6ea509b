"""Answers 503 with Retry-After to an INVITE when all lines are taken, before pjsua sees it.

pjsua itself would answer a bare 486 once its call table is full, without asking the application. So we
register a module of our own with pjsip (through its C interface), right above pjsua in priority: it sees
only requests outside of dialogs, retransmissions excluded.
"""

from __future__ import annotations

import ctypes
from typing import Any, ClassVar

BUSY = 503
PRIORITY = 63
"""PJSIP_MOD_PRIORITY_APPLICATION - 1: behind transaction and dialog layers, before pjsua."""
POOL_BYTES = 1024


class PjStr(ctypes.Structure):
    """pj_str_t."""

    _fields_: ClassVar = [("ptr", ctypes.c_char_p), ("slen", ctypes.c_ssize_t)]

    @classmethod
    def of(cls, text: str) -> PjStr:
        raw = text.encode()
        return cls(raw, len(raw))


OnRequest = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)


class PjModule(ctypes.Structure):
    """pjsip_module (sip_module.h), whose layout has not changed since 2005."""

    _fields_: ClassVar = [
        ("prev", ctypes.c_void_p),
        ("next", ctypes.c_void_p),
        ("name", PjStr),
        ("id", ctypes.c_int),
        ("priority", ctypes.c_int),
        ("lifecycle", ctypes.c_void_p * 4),
        ("on_rx_request", OnRequest),
        ("others", ctypes.c_void_p * 4),
    ]


class HeaderList(ctypes.Structure):
    """The head of a list of pjsip_hdr: only the links are looked at."""

    _fields_: ClassVar = [("prev", ctypes.c_void_p), ("next", ctypes.c_void_p), ("rest", ctypes.c_char * 48)]


class Admission:
    """Keep the object until the stack is destroyed: C holds pointers into it."""

    def __init__(self, library: ctypes.CDLL, max_calls: int, retry_after_s: int) -> None:
        """Register with the running pjsip endpoint. Raises OSError when pjsip refuses."""
        self._c = library
        self._max_calls = max_calls
        self.refused = 0
        self._declare()
        self._endpoint = library.pjsua_get_pjsip_endpt()
        self._pool = library.pjsua_pool_create(b"admission", POOL_BYTES, POOL_BYTES)
        name, value = PjStr.of("Retry-After"), PjStr.of(str(retry_after_s))
        header = library.pjsip_generic_string_hdr_create(self._pool, ctypes.byref(name), ctypes.byref(value))
        self._headers = HeaderList()
        own = ctypes.addressof(self._headers)
        self._headers.prev = self._headers.next = own
        library.pj_list_insert_before(own, header)
        self._module = PjModule(
            name=PjStr.of("mod-voicecore"),
            id=-1,
            priority=PRIORITY,
            on_rx_request=OnRequest(self._on_request),
        )
        status = library.pjsip_endpt_register_module(self._endpoint, ctypes.byref(self._module))
        if status != 0:
            raise OSError(status, "pjsip refused the admission module")

    @property
    def full(self) -> bool:
        """Whether pjsua has as many calls as we allow."""
        return int(self._c.pjsua_call_get_count()) >= self._max_calls

    def _on_request(self, rdata: int) -> int:
        """1 when we have answered the request ourselves, 0 to pass it on (poll thread)."""
        if not self._c.pjsip_rx_data_get_info(rdata).startswith(b"Request msg INVITE/"):
            return 0
        if not self.full:
            return 0
        self.refused += 1
        self._c.pjsip_endpt_respond_stateless(
            self._endpoint, rdata, BUSY, None, ctypes.byref(self._headers), None
        )
        return 1

    def _declare(self) -> None:
        pointer, types = ctypes.c_void_p, ctypes
        signatures: dict[str, tuple[Any, list[Any]]] = {
            "pjsua_get_pjsip_endpt": (pointer, []),
            "pjsua_call_get_count": (types.c_uint, []),
            "pjsua_pool_create": (pointer, [types.c_char_p, types.c_size_t, types.c_size_t]),
            "pjsip_generic_string_hdr_create": (pointer, [pointer, pointer, pointer]),
            "pj_list_insert_before": (None, [pointer, pointer]),
            "pjsip_endpt_register_module": (types.c_int, [pointer, pointer]),
            "pjsip_rx_data_get_info": (types.c_char_p, [pointer]),
            "pjsip_endpt_respond_stateless": (types.c_int, [pointer, pointer, types.c_int] + [pointer] * 3),
        }
        for name, (result, arguments) in signatures.items():
            function = getattr(self._c, name)
            function.restype, function.argtypes = result, arguments
