"""Which calls, tools, or the whole box may do nothing for now, because a person said so."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from voicecore.errors import VoicecoreError

log = logging.getLogger(__name__)


class Scope(StrEnum):
    """What a pause holds."""

    CALL = "call"
    TOOL = "tool"
    BOX = "box"
    """Every tool of every call; and no new call is taken."""


@dataclass(frozen=True, slots=True)
class Pause:
    """One pause, and who is responsible for it."""

    scope: Scope
    name: str
    """Call id or tool; "" for the box."""
    who: str
    why: str
    since: str
    """ISO 8601, UTC."""


class Pauses:
    """What is paused now. Pauses of tools and of the box outlive this process, in a file."""

    def __init__(self, path: Path) -> None:
        """A file that can't be read pauses the box: it may have said so."""
        self._path = path
        self._pauses = {(p.scope, p.name): p for p in _load(path)}

    @property
    def all(self) -> list[Pause]:
        """Oldest first."""
        return list(self._pauses.values())

    @property
    def box(self) -> bool:
        """Whether the whole box is paused: no new call is taken."""
        return (Scope.BOX, "") in self._pauses

    def refusal(self, call_id: str, tool: str) -> str | None:
        """Why a tool call may not go out: "paused-box", "paused-tool", "paused-call", or None if it may."""
        for key in ((Scope.BOX, ""), (Scope.TOOL, tool), (Scope.CALL, call_id)):
            if key in self._pauses:
                return f"paused-{key[0]}"
        return None

    def pause(self, pause: Pause) -> None:
        """Holds at once, even where it can't be written down (which is logged)."""
        self._pauses[(pause.scope, pause.name)] = pause
        self._keep()

    def require(self, scope: Scope, name: str) -> Pause:
        """Raises VoicecoreError("not-paused")."""
        if (scope, name) not in self._pauses:
            raise VoicecoreError("not-paused", f"{scope} {name}".strip())
        return self._pauses[(scope, name)]

    def lift(self, scope: Scope, name: str) -> None:
        """Let it go on. Raises VoicecoreError("not-paused")."""
        self.require(scope, name)
        del self._pauses[(scope, name)]
        self._keep()

    def end_call(self, call_id: str) -> None:
        """The call is over, and so is its pause."""
        self._pauses.pop((Scope.CALL, call_id), None)

    def _keep(self) -> None:
        lasting = [asdict(pause) for pause in self._pauses.values() if pause.scope is not Scope.CALL]
        new = self._path.with_suffix(".new")
        try:
            with open(
                os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
            ) as file:
                json.dump(lasting, file)
                file.flush()
                os.fsync(file.fileno())
            new.replace(self._path)
        except OSError:
            log.exception("pauses hold, but will not outlive this process: %s", self._path)


def _load(path: Path) -> list[Pause]:
    try:
        return [_pause(entry) for entry in json.loads(path.read_text(encoding="utf-8"))]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError, KeyError) as exc:
        log.error("the box is paused: %s can't be read (%s)", path, type(exc).__name__)
        return [Pause(Scope.BOX, "", "voicecore", f"{path.name} can't be read", "")]


def _pause(entry: Mapping[str, Any]) -> Pause:
    texts = {name: str(entry[name]) for name in ("name", "who", "why", "since")}
    return Pause(Scope(entry["scope"]), **texts)
