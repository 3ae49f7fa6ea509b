"""One media process as the agent sees it: started, spoken to, watched, and never left behind."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import sys
from collections.abc import Callable, Sequence

from sip.control import Channel, Configure, Failed, Message, Ready, Stop
from voicecore.audio import Ring
from voicecore.errors import SipError

START_S = 15.0
STOP_S = 8.0
PAGE_KB = os.sysconf("SC_PAGE_SIZE") // 1024

OnMessage = Callable[[Message, list[Ring]], None]


class MediaHost:
    """A running media process. ``start`` makes one; it ends by ``stop`` or by dying (``on_death``)."""

    def __init__(self, on_message: OnMessage, on_death: Callable[[], None]) -> None:
        self._on_message = on_message
        self._on_death = on_death
        self._channel, self._theirs = Channel.pair()
        self._ready: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._process: asyncio.subprocess.Process | None = None

    @classmethod
    async def start(
        cls, config: Configure, on_message: OnMessage, on_death: Callable[[], None]
    ) -> tuple[MediaHost, int]:
        """The process and the SIP port it got.

        Raises SipError: the child's own code, ``media-start``, or ``no-pjsua2``.
        """
        if importlib.util.find_spec("pjsua2") is None:
            raise SipError("no-pjsua2", "SIP needs pjsua2: pip install 'voicecore[sip]' (or build pjproject)")
        host = cls(on_message, on_death)
        try:
            return host, await host._launch(config)
        except BaseException:
            await host.kill()
            raise

    async def _launch(self, config: Configure) -> int:
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "OPENBLAS_NUM_THREADS": "1",
        }
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "sip.process", str(self._theirs.fileno()), str(os.getpid())),
            pass_fds=(self._theirs.fileno(),),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            env=environment,
        )
        self._theirs.close()
        asyncio.get_running_loop().add_reader(self._channel.sock, self._on_readable)
        self._channel.send(config)
        try:
            return await asyncio.wait_for(asyncio.shield(self._ready), START_S)
        except TimeoutError as exc:
            raise SipError("media-start", f"the media process was not ready within {START_S:.0f} s") from exc

    @property
    def pid(self) -> int:
        assert self._process is not None, "not started"
        return self._process.pid

    def send(self, message: Message, rings: Sequence[Ring] = ()) -> None:
        """Never blocks; a process so stuck that nothing fits into its socket any more is killed."""
        self._channel.send(message, rings)
        if self._channel.closed:
            self._signal_kill()

    def usage(self) -> tuple[float, int]:
        """CPU seconds and resident kB so far."""
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rpartition(")")[2].split()
        ticks = int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK"), int(fields[21]) * PAGE_KB

    async def stop(self) -> None:
        """Have it hang up and go; kill it if it does not within ``STOP_S``."""
        self.send(Stop())
        assert self._process is not None, "not started"
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), STOP_S)
        self._on_readable()
        await self.kill()

    async def kill(self) -> None:
        """Make sure that it is gone, and reap it."""
        self._close()
        self._signal_kill()
        if self._process is not None:
            await self._process.wait()

    def _signal_kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    def _on_readable(self) -> None:
        while not self._channel.closed and (received := self._channel.receive()) is not None:
            match received[0]:
                case Ready(port):
                    self._ready.set_result(port)
                case Failed(code, message):
                    self._ready.set_exception(SipError(code, message))
                case _:
                    self._on_message(*received)
        if self._channel.closed:
            self._close()
            if not self._ready.done():
                self._ready.set_exception(SipError("media-start", "the media process died at its start"))
            elif self._ready.exception() is None:
                self._on_death()

    def _close(self) -> None:
        if self._channel.sock.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._channel.sock)
            self._channel.close()
        self._theirs.close()
