"""Memory and processor time of a process and all its descendants, from /proc (proc(5))."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Usage:
    """Sums over a process tree."""

    rss_kb: int
    cpu_s: float
    processes: int


def tree_usage(root: int) -> Usage:
    """What ``root`` and its descendants use now; processes that end meanwhile count as nothing."""
    pids = descendants(root)
    used = [usage for pid in pids if (usage := _usage(pid)) is not None]
    return Usage(sum(rss for rss, _ in used), sum(cpu for _, cpu in used), len(used))


def descendants(root: int) -> list[int]:
    """``root`` and every process below it, zombies too."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))) is not None:
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def _usage(pid: int) -> tuple[int, float] | None:
    if (fields := _stat(pid)) is None:
        return None
    pages, page_kb = int(fields[21]), os.sysconf("SC_PAGE_SIZE") // 1024
    return pages * page_kb, (int(fields[11]) + int(fields[12])) * _TICK_S


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the third (state) on."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
