"""The supervisor with real child processes: restarts, gives up, and leaves no orphan."""

from __future__ import annotations

import ast
import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from voicecore.egress import OFFLINE
from voicecore.supervisor import USAGE_EXIT, Supervisor

pytestmark = pytest.mark.interop

WRITE_PID = "import os, sys; print(os.getpid(), file=open(sys.argv[1], 'a'), flush=True); "
SLEEP = "import signal; signal.pause()"


async def pids(path: Path, count: int) -> list[int]:
    """The pids that children wrote, once there are ``count`` of them."""
    async with asyncio.timeout(20):
        while not path.exists() or len(path.read_text().split()) < count:
            await asyncio.sleep(0)
    return [int(pid) for pid in path.read_text().split()]


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_child_that_dies_is_started_again_and_stopped_at_the_end(tmp_path: Path) -> None:
    log = tmp_path / "pids"
    supervisor = Supervisor([sys.executable, "-c", WRITE_PID + SLEEP, str(log)])
    running = asyncio.ensure_future(supervisor.run())
    first = (await pids(log, 1))[0]
    os.kill(first, signal.SIGKILL)
    second = (await pids(log, 2))[1]
    os.kill(os.getpid(), signal.SIGTERM)
    assert await asyncio.wait_for(running, 20) == 0
    assert not alive(first)
    assert not alive(second)


async def test_a_child_that_was_started_wrongly_is_not_tried_again(tmp_path: Path) -> None:
    log = tmp_path / "pids"
    supervisor = Supervisor([sys.executable, "-c", WRITE_PID + f"sys.exit({USAGE_EXIT})", str(log)])
    assert await asyncio.wait_for(supervisor.run(), 20) == USAGE_EXIT
    assert len(log.read_text().split()) == 1


async def test_one_child_that_was_started_wrongly_ends_the_others(tmp_path: Path) -> None:
    log = tmp_path / "pids"
    wrong = [
        sys.executable,
        "-c",
        f"import pathlib, sys\nwhile not pathlib.Path(sys.argv[1]).exists(): pass\nsys.exit({USAGE_EXIT})",
    ]
    supervisor = Supervisor([sys.executable, "-c", WRITE_PID + SLEEP, str(log)], [*wrong, str(log)])
    assert await asyncio.wait_for(supervisor.run(), 20) == USAGE_EXIT
    assert not alive((await pids(log, 1))[0])


async def test_children_ask_no_hub_and_report_to_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    kept = tmp_path / "environment"
    keep = "import os, pathlib, sys; pathlib.Path(sys.argv[1]).write_text(repr(dict(os.environ))); "
    code = f"{keep}sys.exit({USAGE_EXIT})"
    assert await asyncio.wait_for(Supervisor([sys.executable, "-c", code, str(kept)]).run(), 20) == USAGE_EXIT
    environment = ast.literal_eval(kept.read_text())
    assert environment.items() >= OFFLINE.items()
    assert "HTTPS_PROXY" not in environment


async def test_killing_the_supervisor_takes_the_child_down(tmp_path: Path) -> None:
    log = tmp_path / "pids"
    child = (
        "import sys; from voicecore.supervisor import die_with_parent; die_with_parent(int(sys.argv[2])); "
        + WRITE_PID
        + SLEEP
    )
    parent = (
        "import asyncio, os, sys; from voicecore.supervisor import Supervisor; "
        "asyncio.run(Supervisor([sys.executable, '-c', sys.argv[1], sys.argv[2], str(os.getpid())]).run())"
    )
    supervisor = await asyncio.create_subprocess_exec(sys.executable, "-c", parent, child, str(log))
    grandchild = (await pids(log, 1))[0]
    supervisor.kill()
    await supervisor.wait()
    async with asyncio.timeout(20):
        while alive(grandchild) and Path(f"/proc/{grandchild}/stat").read_text().split()[2] != "Z":
            await asyncio.sleep(0)
