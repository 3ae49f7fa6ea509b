"""Who may do what: one table from role to permissions."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Permission(StrEnum):
    """What a route asks for."""

    WATCH = "watch"
    """Which calls are up and what state they are in; no words."""
    READ = "read"
    """What is said, and what tools are asked and answer; redacted as everywhere."""
    DECIDE = "decide"
    """Approve or deny what waits."""
    PAUSE = "pause"
    """Pause and resume a call, a tool, or the box."""
    TAKE_OVER = "take-over"
    """Have a call handed over to a person."""
    UNDO = "undo"
    MANAGE = "manage"
    """Accounts and tokens."""


class Role(StrEnum):
    """What an account or a token is for."""

    VIEWER = "viewer"
    SUPERVISOR = "supervisor"
    DESIGNER = "designer"
    COMPLIANCE = "compliance"
    ADMIN = "admin"


_P = Permission
ALLOWED: Mapping[Role, frozenset[Permission]] = {
    Role.VIEWER: frozenset({_P.WATCH}),
    Role.SUPERVISOR: frozenset({_P.WATCH, _P.READ, _P.DECIDE, _P.PAUSE, _P.TAKE_OVER, _P.UNDO}),
    Role.DESIGNER: frozenset({_P.WATCH, _P.READ}),
    Role.COMPLIANCE: frozenset({_P.WATCH, _P.READ, _P.PAUSE}),
    Role.ADMIN: frozenset({_P.WATCH, _P.MANAGE}),
}
"""Duties are apart: who makes accounts reads and decides nothing; who sees to rules may stop, not approve."""
