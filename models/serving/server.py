"""The engine process: loads what it was told to, then serves the streams of all calls until it is stopped."""

from __future__ import annotations

import asyncio
import ctypes
import logging
import os
import signal
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from models.engines import Port
from models.serving.protocol import BEAT, READY, Packet, failed
from models.serving.services import AsrService, LlmService, TtsService, TurnService, reporting
from models.serving.spec import Spec
from models.serving.wire import Wire
from voicecore.egress import seal_sockets
from voicecore.errors import VoicecoreError
from voicecore.ports import ConversationLlm

log = logging.getLogger("voicecore.engine")

BEAT_S = 1.0
"""How often the process says that it is alive."""
THREADS = 64
"""Blocking calls at a time: an engine can put together only what waits for it."""
WRONG_START = 2
"""Exit status of a process that was told to load what can't be loaded: trying again is no help."""
_PR_SET_PDEATHSIG = 1

Service = AsrService | TurnService | TtsService | LlmService


def end_with_parent(parent: int) -> None:
    """Be killed by the kernel when process ``parent`` ends, however it ends (prctl(2))."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


class Server:
    """Polls the wire in a thread of its own, so that neither engines nor event loop delay another call."""

    def __init__(self, wire: Wire, engines: Mapping[Port, Any]) -> None:
        """Make it inside the event loop."""
        self._wire = wire
        self._engines = engines
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="engine")
        self._loop = asyncio.get_running_loop()
        self._services = [self._service(port, engine) for port, engine in engines.items()]
        self._ended = threading.Event()
        self._stopping = asyncio.Event()

    def _service(self, port: Port, engine: Any) -> Service:
        match port:
            case "asr":
                return AsrService(engine, self._pool, self._wire.send)
            case "turn":
                return TurnService(engine, self._pool, self._wire.send)
            case "tts":
                return TtsService(engine, self._pool, self._wire.send)
        assert port == "llm", "no such engine is served by a process"
        return LlmService(engine, self._loop, self._wire.send)

    async def run(self) -> None:
        """Until SIGTERM."""
        self._loop.add_signal_handler(signal.SIGTERM, self._stopping.set)
        for service in self._services:
            await asyncio.to_thread(service.warm)
        polling = threading.Thread(target=self._poll, name="wire")
        polling.start()
        converses = isinstance(self._engines.get("llm"), ConversationLlm)
        self._wire.send(Packet(READY, facts={"ports": list(self._engines), "converses": converses}))
        await self._stopping.wait()
        self._ended.set()
        self._wire.wake()
        await asyncio.to_thread(polling.join)
        self._pool.shutdown(wait=False, cancel_futures=True)
        for engine in self._engines.values():
            if hasattr(engine, "close"):
                await asyncio.to_thread(engine.close)

    def _poll(self) -> None:
        due = 0.0
        try:
            while not self._ended.is_set():
                for packet in self._wire.poll(BEAT_S):
                    for service in self._services:
                        with reporting(self._wire.send, packet.line):
                            service.take(packet)
                if (now := time.monotonic()) >= due:
                    due = now + BEAT_S
                    self._wire.send(Packet(BEAT))
        except VoicecoreError:
            log.exception("the agent does not speak our protocol")
        finally:
            self._loop.call_soon_threadsafe(self._stopping.set)


async def _serve(wire: Wire, engines: Mapping[Port, Any]) -> None:
    await Server(wire, engines).run()


def main(address: str, spec: str, parent: int) -> int:
    """Exit status 0 after an orderly stop, ``WRONG_START`` when the engines did not load."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s engine %(levelname)s %(message)s")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches us too; the agent decides
    end_with_parent(parent)
    wanted = Spec.from_json(spec)
    if wanted.sealed:
        seal_sockets()
    wire = Wire(address, bind=False)
    try:
        asyncio.run(_serve(wire, wanted.load()))
    except VoicecoreError as exc:
        wire.send(failed(0, exc.code, str(exc)))
        return WRONG_START
    finally:
        wire.close()
    return 0
