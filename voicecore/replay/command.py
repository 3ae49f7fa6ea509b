"""``voicecore replay``: a recording through the product again: decisions line by line, and their digest."""

from __future__ import annotations

import asyncio
import json
from datetime import date
from pathlib import Path

from voicecore.config import Appliance
from voicecore.errors import ConfigError
from voicecore.pipeline.tools import HttpTools
from voicecore.replay.backend import Backend
from voicecore.replay.player import Played, Player, read_recording
from voicecore.store.exports import CallRecord, from_json


def replay_file(
    recording: Path, agent: Path, export: Path | None, backend: str | None, today: str | None, as_json: bool
) -> int:
    """Print the decisions; 1 when the call failed on an error of ours, else 0.

    The day is ``today``, else the export's, else the system's. Raises ConfigError, EngineError, StoreError.
    """
    record = _read_export(export) if export is not None else None
    day = _day(today, record)
    far = read_recording(recording, record)
    player = Player(Appliance(agent=agent))
    live = HttpTools(player.agent.tools, backend) if backend is not None else None
    tools = Backend(record.tools if record is not None else (), live)
    try:
        played = player.play(far, tools, day)
    finally:
        asyncio.run(tools.close())
    for decision in played.decisions:
        print(decision.line if as_json else decision.words)
    print(json.dumps(_summary(played, day)) if as_json else _closing(played, day))
    return int(any(decision.kind == "error" for decision in played.decisions))


def _summary(played: Played, day: date) -> dict[str, object]:
    return {
        "event": "replayed",
        "digest": played.digest,
        "today": day.isoformat(),
        "seconds": round(played.seconds, 2),
        "took_s": round(played.took_s, 3),
        "speed": round(played.seconds / played.took_s, 1),
    }


def _closing(played: Played, day: date) -> str:
    speed = played.seconds / played.took_s
    return f"{played.digest}  ({day}; {played.seconds:.1f} s in {played.took_s:.1f} s, {speed:.0f}x)"


def _day(today: str | None, record: CallRecord | None) -> date:
    if today is None:
        return record.began_at.date() if record is not None else date.today()
    try:
        return date.fromisoformat(today)
    except ValueError as exc:
        raise ConfigError("bad-day", f"--today {today}: {exc}") from exc


def _read_export(path: Path) -> CallRecord:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise ConfigError("bad-export-file", f"{path}: {exc}", file=str(path)) from exc
    return from_json(data)
