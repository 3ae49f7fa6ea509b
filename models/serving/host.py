"""One engine process as the agent sees it: started, spoken to, watched, and started again when it dies."""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from models.serving.protocol import CANCEL, FAILED, READY, Packet, error_of
from models.serving.server import WRONG_START
from models.serving.spec import Spec
from models.serving.wire import Wire
from voicecore.errors import EngineError
from voicecore.types import Pcm

log = logging.getLogger("voicecore.engine")

SILENT_S = 10.0
"""A process that gave no sign of life for so long hangs: it is killed."""
START_S = 300.0
"""How long loading and warming up may take."""
STOP_S = 5.0
STEADY_S = 30.0
"""A process that was up for so long is started again at once when it dies."""
BACKOFF_S = (0.0, 0.2, 1.0, 2.0, 5.0, 10.0)
"""Wait before a restart, by how often in a row it died sooner."""
LEAN = {"GGML_NO_BACKTRACE": "1", "OPENBLAS_NUM_THREADS": "1"}
"""llama.cpp aborts by attaching a debugger to itself, unless told not to."""
BEHIND = {"llm": {"CUDA_MPS_CLIENT_PRIORITY": "1"}}
"""Under NVIDIA's Multi-Process Service the GPU itself prefers hearing and speaking to wording, too."""

Deliver = Callable[[Packet | EngineError], None]
"""Gets what comes in on a line: packets, or what ended it. Called on the host's thread; returns at once."""


class Line:
    """One stream of a call to the engine; ends by its last packet, ``close``, or the process's death."""

    def __init__(self, host: EngineHost, wire: Wire, number: int) -> None:
        self._host = host
        self._wire = wire
        self._number = number

    def send(self, op: str, facts: Mapping[str, Any] | None = None, pcm: Pcm | None = None) -> None:
        """Any thread; never blocks."""
        sound = np.zeros(0, np.int16) if pcm is None else pcm
        self._wire.send(Packet(op, self._number, facts or {}, sound))

    def close(self, over: bool = False) -> None:
        """Nothing more is wanted; the engine is told, unless it is ``over`` there."""
        if self._host.forget(self._number) and not over:
            self.send(CANCEL)


class EngineHost:
    """Runs one engine process. A thread of its own starts it, polls its wire, and starts it again.

    While there is no process, or it loads, every line ends at once with EngineError("engine-died").
    """

    def __init__(self, name: str, spec: Spec, on_death: Callable[[str], None] | None = None) -> None:
        """``on_death`` gets ``name``, on the host's thread, whenever a process that was up has died."""
        self.name = name
        self.converses = False
        """Whether its language model is a ``ConversationLlm``."""
        self.restarts = 0
        self._spec = spec
        self._on_death = on_death
        self._folder = tempfile.TemporaryDirectory(prefix="voicecore-")
        self._lock = threading.Lock()
        self._lines: dict[int, Deliver] = {}
        self._numbers = itertools.count(1)
        self._wire: Wire | None = None
        """That of a process that is up."""
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._started: queue.SimpleQueue[EngineError | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=f"engine-{name}", daemon=True)

    @property
    def up(self) -> bool:
        """Whether requests can be answered now."""
        return self._wire is not None

    @property
    def pid(self) -> int | None:
        """The engine process, if one runs."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Return when the engines are loaded and warm.

        Raises EngineError: the engine's own code, or ``engine-start``.
        """
        self._thread.start()
        failure = self._started.get()
        if failure is not None:
            self.stop()
            raise failure

    def stop(self) -> None:
        """End the process; what is in flight fails."""
        self._stopping.set()
        with self._lock:
            wire = self._wire
        if wire is not None:
            wire.wake()
        process = self._process
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGTERM)
        if self._thread.is_alive():
            self._thread.join()
        self._folder.cleanup()

    def open(self, deliver: Deliver) -> Line:
        """A line of its own for one stream. Raises EngineError("engine-died") while no process is up."""
        with self._lock:
            if self._wire is None:
                raise self._died()
            line = Line(self, self._wire, next(self._numbers))
            self._lines[line._number] = deliver
            return line

    def tell(self, op: str, facts: Mapping[str, Any]) -> None:
        """Something that wants no answer; lost while no process is up."""
        with self._lock:
            wire = self._wire
        if wire is not None:
            wire.send(Packet(op, 0, facts))

    def forget(self, number: int) -> bool:
        """Whether the line was still open; it is not any more."""
        with self._lock:
            return self._lines.pop(number, None) is not None

    def _died(self) -> EngineError:
        return EngineError("engine-died", f"the engine process {self.name} is not running", engine=self.name)

    # the host's thread

    def _run(self) -> None:
        failures = 0
        for nth in itertools.count():
            begun = time.monotonic()
            try:
                status = self._one_life(Path(self._folder.name, f"{nth}.sock"))
            except Exception:  # whatever it is: calls must not wait, and engines must come back
                log.exception("engine process %s could not be kept", self.name)
                self._let_go()
                status = 1
            if self._stopping.is_set() or status == WRONG_START:
                return
            failures = 0 if time.monotonic() - begun >= STEADY_S else failures + 1
            delay = BACKOFF_S[min(failures, len(BACKOFF_S) - 1)]
            log.error("engine process %s ended with %d; again in %.1f s", self.name, status, delay)
            self.restarts += 1
            if self._stopping.wait(delay):
                return

    def _one_life(self, path: Path) -> int:
        """Start a process, serve it to its end; its exit status."""
        wire = Wire(f"ipc://{path}", bind=True)
        try:
            process = self._process = self._spawn(f"ipc://{path}")
            pidfd = os.pidfd_open(process.pid)
            wire.watch(pidfd)
            try:
                self._serve(wire, process)
            finally:
                was_up = self._let_go()
                if process.poll() is None:
                    process.kill()
                status = process.wait()
                os.close(pidfd)
        finally:
            wire.close()
            path.unlink(missing_ok=True)
        if was_up and not self._stopping.is_set() and self._on_death is not None:
            self._on_death(self.name)
        return status

    def _spawn(self, address: str) -> subprocess.Popen[bytes]:
        """Its spec goes through a pipe: a key to a server is nothing for a command line."""
        path = os.pathsep.join(part for part in sys.path if part)
        process = subprocess.Popen(
            [sys.executable, "-m", "models.serving", self.name, address, str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            env=LEAN | BEHIND.get(self.name, {}) | os.environ | {"PYTHONPATH": path},
        )
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError), process.stdin as stdin:
            stdin.write(self._spec.to_json().encode())
        return process

    def _serve(self, wire: Wire, process: subprocess.Popen[bytes]) -> None:
        """Until the process is gone, hangs or breaks the protocol, or we are stopping."""
        deadline = time.monotonic() + START_S
        while not self._stopping.is_set() and process.poll() is None:
            try:
                packets = wire.poll(1.0)
            except EngineError:
                log.exception("engine process %s does not speak our protocol", self.name)
                return
            now = time.monotonic()
            if packets:
                deadline = now + SILENT_S
            for packet in packets:
                self._take(wire, packet)
            if now > deadline:
                log.error("engine process %s hangs", self.name)
                return
        self._drain(wire)
        if self._stopping.is_set():
            self._see_off(process)

    def _take(self, wire: Wire, packet: Packet) -> None:
        if packet.line:
            self._deliver(packet)
        elif packet.op == READY:
            self.converses = bool(packet.facts["converses"])
            with self._lock:
                self._wire = wire
            self._started.put(None)
        elif packet.op == FAILED:
            log.error("engine process %s: %s", self.name, error_of(packet))
            self._started.put(error_of(packet))

    def _deliver(self, packet: Packet) -> None:
        with self._lock:
            deliver = self._lines.get(packet.line)
        if deliver is not None:
            deliver(error_of(packet) if packet.op == FAILED else packet)

    def _drain(self, wire: Wire) -> None:
        """What the process has said before its end: why it did not come up, above all."""
        try:
            for packet in wire.poll(0.0):
                self._take(wire, packet)
        except EngineError:
            log.warning("engine process %s broke off within a packet", self.name)

    def _let_go(self) -> bool:
        """Fail whatever waits for the process; whether it was up."""
        with self._lock:
            was_up, self._wire = self._wire is not None, None
            lines, self._lines = self._lines, {}
        for deliver in lines.values():
            deliver(self._died())
        if not was_up:
            message = f"the engine process {self.name} died while it loaded"
            self._started.put(EngineError("engine-start", message, engine=self.name))
        return was_up

    def _see_off(self, process: subprocess.Popen[bytes]) -> None:
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
