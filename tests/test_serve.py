"""``voicecore serve`` as a service: it comes up, it comes back, and it leaves nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from benchmarks.processes import descendants
from voicecore.demo import first_line, write_config

pytestmark = pytest.mark.interop
_PATIENCE_S = 40


class Service:
    """A running ``voicecore serve`` in a process group of its own, and its processes by role."""

    def __init__(self, process: asyncio.subprocess.Process, uri: str) -> None:
        self.process = process
        self.port = int(uri.rpartition(":")[2])
        self.pids = descendants(process.pid)

    @property
    def agent(self) -> int:
        return self.pids[1]

    @property
    def media(self) -> int:
        return self.pids[2]

    def port_is_free(self) -> bool:
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            with socket.socket(socket.AF_INET, kind) as probe:
                if kind is socket.SOCK_STREAM:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", self.port))
                except OSError:
                    return False
        return True


async def gone(*pids: int) -> None:
    async with asyncio.timeout(_PATIENCE_S):
        while any(running(pid) for pid in pids):
            await asyncio.sleep(0)


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@contextlib.asynccontextmanager
async def serving(config: Path, model_data: Path) -> AsyncIterator[Service]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "voicecore", "serve", "--config", str(config)),
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
        env={**os.environ, "VOICECORE_DATA": str(model_data)},
    )
    started = Service(process, (await first_line(process))["uri"])
    yield started
    if process.returncode is None:
        os.killpg(process.pid, signal.SIGKILL)
    await gone(*started.pids)
    await process.communicate()


@pytest.fixture
async def service(tmp_path: Path, model_data: Path) -> AsyncIterator[Service]:
    async with serving(write_config(tmp_path, "http://127.0.0.1:9"), model_data) as service:
        assert len(service.pids) == 3, "supervisor, agent, media"
        yield service


@pytest.fixture
async def in_processes(tmp_path: Path, model_data: Path) -> AsyncIterator[Service]:
    config = write_config(tmp_path, "http://127.0.0.1:9")
    with config.open("a") as file:
        file.write("engines: {place: processes}\n")
    async with serving(config, model_data) as service:
        assert len(service.pids) == 6, "supervisor, agent, three engines, media"
        yield service


async def test_ctrl_c_ends_engine_processes_too(in_processes: Service) -> None:
    os.killpg(in_processes.process.pid, signal.SIGINT)
    assert await asyncio.wait_for(in_processes.process.wait(), _PATIENCE_S) == 0
    await gone(*in_processes.pids)


async def test_a_killed_agent_takes_its_engine_processes_with_it(in_processes: Service) -> None:
    os.kill(in_processes.agent, signal.SIGKILL)
    await gone(*in_processes.pids[1:])


async def test_ctrl_c_ends_everything(service: Service) -> None:
    os.killpg(service.process.pid, signal.SIGINT)
    assert await asyncio.wait_for(service.process.wait(), _PATIENCE_S) == 0
    await gone(*service.pids)
    assert service.port_is_free()


async def test_a_killed_supervisor_takes_all_with_it(service: Service) -> None:
    service.process.kill()
    await gone(*service.pids)
    assert service.port_is_free()


async def test_a_killed_agent_is_replaced_on_the_same_terms(service: Service) -> None:
    os.kill(service.agent, signal.SIGKILL)
    await gone(service.agent, service.media)
    await asyncio.wait_for(first_line(service.process), _PATIENCE_S)
    assert len(descendants(service.process.pid)) == 3
    service.process.terminate()
    assert await asyncio.wait_for(service.process.wait(), _PATIENCE_S) == 0


async def test_a_killed_media_process_is_replaced_on_the_same_port(service: Service) -> None:
    os.kill(service.media, signal.SIGKILL)
    async with asyncio.timeout(_PATIENCE_S):
        while len(pids := descendants(service.process.pid)) < 3 or pids[2] == service.media:
            await asyncio.sleep(0)
        while service.port_is_free():
            await asyncio.sleep(0)
    service.process.terminate()
    assert await asyncio.wait_for(service.process.wait(), _PATIENCE_S) == 0
    await gone(*pids)
    assert service.port_is_free()


async def test_a_killed_demo_leaves_nothing_behind(tmp_path: Path, model_data: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "voicecore", "demo", "--folder", str(tmp_path / "demo")),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "VOICECORE_DATA": str(model_data)},
    )
    assert process.stdout is not None
    await asyncio.wait_for(process.stdout.readline(), _PATIENCE_S)
    pids = descendants(process.pid)
    assert len(pids) == 6, "demo, its media process, back-end, supervisor, agent, media"
    process.kill()
    await gone(*pids)
    await process.communicate()
