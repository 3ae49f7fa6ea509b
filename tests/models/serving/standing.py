"""Stands a process still, so that what is asked of it next stays unanswered."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path


def state(pid: int) -> str:
    """Its state as proc(5) says it; "X" when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "X"


def stand_still(pid: int) -> None:
    """SIGSTOP, and return when every thread of it stands."""
    os.kill(pid, signal.SIGSTOP)
    tasks = Path(f"/proc/{pid}/task")
    while any(state(int(task.name)) != "T" for task in tasks.iterdir()):
        time.sleep(0.001)
