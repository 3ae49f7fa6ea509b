"""The machine that a measurement was made on, as far as a reader needs it to compare."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from pathlib import Path

from voicecore import __version__


def machine() -> dict[str, str]:
    """Processor, memory, system and versions, by their names for people."""
    cpuinfo = _fields(Path("/proc/cpuinfo"))
    memory_kb = _fields(Path("/proc/meminfo")).get("MemTotal", "0").split()[0]
    usable = len(os.sched_getaffinity(0))
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "processor": f"{cpuinfo.get('model name', platform.machine())}, {usable} cores usable",
        "memory": f"{int(memory_kb) / 1024**2:.0f} GiB",
        "load": " ".join(f"{load:.2f}" for load in os.getloadavg()) + " (1, 5, 15 minutes)",
        "system": f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        "voicecore": __version__,
    }


def _fields(path: Path) -> dict[str, str]:
    """ "name: value" lines, the first of each name; empty where the system has no such file."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    pairs = (line.split(":", 1) for line in reversed(lines) if ":" in line)
    return {name.strip(): value.strip() for name, value in pairs}
