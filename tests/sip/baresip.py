"""baresip in a network namespace of its own, driven over its control socket.

Version 1.0.0 writes the first address that is not loopback into its SDP: so it gets a loopback device that
carries one, and the endpoint under test is started beside it.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import json
import os
import subprocess
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

ADDRESS = "10.99.0.1"
CLONE_NEWNET = 0x4000_0000
CONFIG = """\
sip_listen {address}:5090
call_max_calls 4
audio_source aufile,{recordings}/say.wav
audio_player aubridge,out
audio_alert aubridge,alert
rtp_ports 41000-41100
module_path {modules}
module {codec}.so
module aufile.so
module aubridge.so
module sndfile.so
module uuid.so
module_tmp account.so
module_app ctrl_tcp.so
module_app menu.so
ctrl_tcp_listen {address}:4444
snd_path {recordings}
"""
MODULES = Path("/usr/lib/baresip/modules")
CODECS = {"g722": ("G722/16000/1", 16_000), "g711": ("PCMA/8000/1", 8_000)}
SPEECH_S = 8


@contextlib.contextmanager
def own_network() -> Iterator[None]:
    """This thread, and what it starts, in a network namespace with 127.0.0.1 and ``ADDRESS``. Needs root."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/thread-self/ns/net", "rb") as before:
        if libc.unshare(CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "no network namespace")
        try:
            for command in ("link set lo up", f"addr add {ADDRESS}/32 dev lo"):
                subprocess.run(["ip", *command.split()], check=True)
            yield
        finally:
            libc.setns(before.fileno(), CLONE_NEWNET)


class Baresip:
    """A running baresip: sends a 700 Hz tone, records what it hears."""

    def __init__(self, home: Path, process: asyncio.subprocess.Process) -> None:
        self.home = home
        self.process = process
        self.events: list[dict[str, Any]] = []
        self._changed = asyncio.Event()

    @classmethod
    async def start(cls, home: Path, codec: str) -> Baresip:
        """``codec``: "g722" or "g711"."""
        name, rate = CODECS[codec]
        write_tone(home / "say.wav", rate)
        settings = CONFIG.format(address=ADDRESS, modules=MODULES, codec=codec, recordings=home)
        account = f"<sip:baresip@{ADDRESS}:5090>;regint=0;answermode=auto;audio_codecs={name};ptime=20\n"
        (home / "config").write_text(settings, encoding="utf-8")
        (home / "accounts").write_text(account, encoding="utf-8")
        with open(home / "baresip.log", "wb") as log:
            process = await asyncio.create_subprocess_exec(
                *("baresip", "-f", str(home)), stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log
            )
        self = cls(home, process)
        async with asyncio.timeout(10):
            while True:
                try:
                    reader, self._writer = await asyncio.open_connection(ADDRESS, 4444)
                    break
                except ConnectionRefusedError:
                    await asyncio.sleep(0.05)
        self._reading = asyncio.create_task(self._read(reader))
        return self

    def command(self, name: str, parameters: str = "") -> None:
        """Netstring of JSON, as ctrl_tcp wants it."""
        text = json.dumps({"command": name, "params": parameters, "token": name})
        self._writer.write(f"{len(text)}:{text},".encode())

    async def saw(self, kind: str) -> dict[str, Any]:
        """Wait for an event of this type ("CALL_ESTABLISHED", "CALL_CLOSED", ...)."""
        async with asyncio.timeout(10):
            while True:
                for event in self.events:
                    if event.get("type") == kind:
                        return event
                self._changed.clear()
                await self._changed.wait()

    async def stop(self) -> None:
        self._reading.cancel()
        self._writer.close()
        with contextlib.suppress(ProcessLookupError):
            self.process.terminate()
        await self.process.wait()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while head := await reader.readuntil(b":"):
            message = json.loads((await reader.readexactly(int(head[:-1]) + 1))[:-1])
            self.events.append(message)
            self._changed.set()


def write_tone(path: Path, rate: int) -> None:
    """700 Hz at a quarter of full scale."""
    pcm = 8000 * np.sin(2 * np.pi * 700 * np.arange(SPEECH_S * rate) / rate)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(pcm.astype("<i2").tobytes())


def may_have_a_network() -> bool:
    """Whether this user may make network namespaces."""
    return os.geteuid() == 0
