"""What a ledger of reservations is told and answers; the ledger itself is outside (voicecore.store)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from voicecore.errors import VoicecoreError
from voicecore.policy.decision import Draw

State = Literal["held", "sent", "done", "released"]
"""held: counted, nothing was sent. sent: counted, the outcome is not known. done: counted for good.
released: not counted any more."""


class LedgerError(VoicecoreError):
    """A ledger refused: ``limit-exceeded`` (fact limit), ``key-reused``, ``no-reservation``."""


@dataclass(frozen=True, slots=True)
class Reserve:
    """Count ``draws`` under an idempotency key, all or none; again under the same key, nothing is added.

    A released key may be reserved anew. Where there is no room, what has expired by ``at`` makes some.
    Fails with ``limit-exceeded``, and ``key-reused`` when the key stands for another tool or other draws.
    """

    key: str
    call: str
    tool: str
    draws: tuple[Draw, ...]
    at: float
    """Unix time, seconds."""
    expires: float
    """When it is released by Expire, unless it was sent."""
    sent: bool = False
    """The tool is called as soon as this is on disk."""
    body: bytes | None = field(default=None, repr=False)
    """What it takes to send it again, sealed."""


@dataclass(frozen=True, slots=True)
class Send:
    """The tool of a held reservation is called now. Fails with ``no-reservation``: expired, say."""

    key: str


@dataclass(frozen=True, slots=True)
class Finish:
    """It was done: counted for good. Fails with ``no-reservation``."""

    key: str


@dataclass(frozen=True, slots=True)
class Release:
    """It was not done and will not be: nothing is counted. Fails with ``no-reservation``."""

    key: str


@dataclass(frozen=True, slots=True)
class Expire:
    """Release what is held and has expired by ``now``."""

    now: float


Op = Reserve | Send | Finish | Release | Expire


@dataclass(frozen=True, slots=True)
class Reservation:
    """One reservation as it stands."""

    key: str
    call: str
    tool: str
    state: State
    at: float
    body: bytes | None = field(default=None, repr=False)
    fresh: bool = False
    """Whether the op that this answers made it."""


Outcome = Reservation | LedgerError | None
"""None: of Expire."""


class Ledger(Protocol):
    """Reservations and counters. From any thread; blocks."""

    def run(self, ops: Sequence[Op]) -> list[Outcome]:
        """Do ``ops`` in order in ONE transaction, on disk when this returns; an outcome for each.

        An op that is refused changes nothing, and the others are done. Raises StoreError, after
        which none was done or, if the commit's own outcome is unknown, all may have been.
        """
        ...

    def unsettled(self, before: float) -> list[Reservation]:
        """What was sent before (Unix time) and has no outcome, oldest first."""
        ...
