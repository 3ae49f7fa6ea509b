"""Decides which requests outside of dialogs get as far as pjsua.

An INVITE when all lines are taken is answered 503 with Retry-After: pjsua itself would answer a bare 486 once
its call table is full, without asking the application. Methods that nobody here serves are answered 405.
So we register a module of our own with pjsip (through its C interface), right above pjsua in priority: it
sees neither retransmissions nor what belongs to a dialog.
"""

from __future__ import annotations

import ctypes
from typing import Any, ClassVar

BUSY = 503
NOT_ALLOWED = 405
SERVED = "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE, NOTIFY"
NO_DIALOG = 481
PASSED = ("INVITE", "ACK", "CANCEL", "OPTIONS")
"""Left to pjsua outside of dialogs too: it knows the right answer."""
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
        self._busy = self._header("Retry-After", str(retry_after_s))
        self._allow = self._header("Allow", SERVED)
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
        method = (
            self._c.pjsip_rx_data_get_info(rdata).removeprefix(b"Request msg ").partition(b"/")[0].decode()
        )
        if method == "INVITE" and self.full:
            self.refused += 1
            self._respond(rdata, BUSY, self._busy)
        elif method in PASSED:
            return 0
        elif method == "BYE":
            self._respond(rdata, NO_DIALOG, self._allow)
        else:
            self._respond(rdata, NOT_ALLOWED, self._allow)
        return 1

    def _respond(self, rdata: int, code: int, headers: HeaderList) -> None:
        self._c.pjsip_endpt_respond_stateless(self._endpoint, rdata, code, None, ctypes.byref(headers), None)

    def _header(self, name: str, value: str) -> HeaderList:
        """A list of one header, which lives as long as the stack."""
        name_, value_ = PjStr.of(name), PjStr.of(value)
        make = self._c.pjsip_generic_string_hdr_create
        header = make(self._pool, ctypes.byref(name_), ctypes.byref(value_))
        headers = HeaderList()
        own = ctypes.addressof(headers)
        headers.prev = headers.next = own
        self._c.pj_list_insert_before(own, header)
        return headers

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
