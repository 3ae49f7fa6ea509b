"""Handing a call to somebody else: blind REFER (RFC 3515), and what happens when a peer sends us one."""

from __future__ import annotations

from typing import Any

from sip.stack import pj

DECLINE = 603


def refer(leg: Any, uri: str) -> None:
    """Ask the peer to call ``uri`` instead of us. Raises pj.Error for a bad URI or a call not confirmed."""
    leg.xfer(uri, pj.CallOpParam())


def progress(notice: Any) -> dict[str, Any]:
    """``TRANSFER`` detail of one NOTIFY (or of the answer to the REFER itself)."""
    return {"code": int(notice.statusCode), "reason": notice.reason, "final": bool(notice.finalNotify)}


def decline(request: Any) -> None:
    """Nobody moves us: a REFER from outside would place calls at its sender's choice and our expense."""
    request.statusCode = DECLINE
