"""One record of the audit chain: canonical JSON (RFC 8785) that names the hash of what came before it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import rfc8785

from voicecore.errors import StoreError

GENESIS = "0" * 64
"""What the first record names as the one before it."""
MOST_BYTES = 64 * 1024
"""Of one record's data."""
BOX = ""
"""Stands for the call in what belongs to none."""

_START = re.compile(
    rb'\{"at":[^,]+,"bundle":"(?:[^"\\]|\\.)*","call":("(?:[^"\\]|\\.)*"),"call_prev":"([0-9a-f]{64})","data":'
)


@dataclass(frozen=True, slots=True)
class Receipt:
    """A record that is durable: its place in the chain, and its hash (hex)."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A record that has no place in the chain yet: canonical but for the links."""

    call: str
    start: bytes
    middle: bytes

    @classmethod
    def make(cls, call: str, kind: str, at: float, data: Mapping[str, Any], bundle: str, date: str) -> Entry:
        """``at``: seconds on the call's audio clock; ``date``: RFC 3339, UTC.

        Raises StoreError("audit-bad-record") for what canonical JSON can't hold, or too much of it.
        """
        try:
            content = rfc8785.dumps(dict(data))
            start = b'{"at":%b,"bundle":%b,"call":%b,"call_prev":"' % (
                rfc8785.dumps(float(at)),
                rfc8785.dumps(bundle),
                rfc8785.dumps(call),
            )
            tail = (rfc8785.dumps(date), rfc8785.dumps(kind))
        except (rfc8785.CanonicalizationError, TypeError, ValueError, RecursionError) as exc:
            raise StoreError("audit-bad-record", f"not JSON: {type(exc).__name__}", kind=kind) from exc
        if len(content) > MOST_BYTES:
            raise StoreError("audit-bad-record", f"{len(content)} bytes of data", kind=kind)
        return cls(call, start, b'","data":%b,"date":%b,"kind":%b,"prev":"' % (content, *tail))

    def linked(self, seq: int, prev: str, call_prev: str) -> bytes:
        """The record at its place: members are in canonical order, so ``prev`` and ``seq`` come last."""
        return b"%b%b%b%b%b" % (self.start, call_prev.encode(), self.middle, prev.encode(), ending(seq))


def ending(seq: int) -> bytes:
    """How record ``seq`` ends, after the hash of the one before it."""
    return b'","seq":%d}' % seq


def digest(body: bytes) -> str:
    """SHA-256, hex."""
    return sha256(body).hexdigest()


def links(body: bytes) -> tuple[bytes, bytes] | None:
    """The call (UTF-8) and the hash of the call's record before; None if that is no record.

    Reads the canonical form without parsing the data: a million records are to be verified in seconds.
    """
    found = _START.match(body)
    if found is None:
        return None
    call = found[1]
    return (json.loads(call).encode() if b"\\" in call else call[1:-1]), found[2]
