"""What the routes of the control process work with."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voicecore.control.access import Access
from voicecore.control.accounts import Person
from voicecore.control.events import Relay
from voicecore.pipeline.oversight import tell
from voicecore.ports import Audit


@dataclass(frozen=True, slots=True)
class Office:
    """One control process: its doors, the agent behind it, its record."""

    access: Access
    agent: Path
    """The agent's control socket."""
    relay: Relay
    audit: Audit

    async def ask(self, do: str, **fields: Any) -> Any:
        """Have the agent do something; see ``oversight.tell``."""
        return await tell(self.agent, do, **fields)

    async def record(self, kind: str, person: Person | str, **data: Any) -> None:
        """Put an act at this door on record before its effect. Raises StoreError("audit-unavailable")."""
        who = person if isinstance(person, str) else person.name
        await asyncio.wrap_future(self.audit.keep("", kind, 0.0, {"who": who, **data}))
