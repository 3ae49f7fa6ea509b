"""The agent's side of the SIP endpoint: calls as rings and verbs, and the media process kept alive."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import itertools
import logging
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from sip.checks import checked_digits, checked_headers, checked_uri
from sip.control import (
    Answer,
    Ask,
    Configure,
    Dial,
    Dtmf,
    Event,
    Hangup,
    Hold,
    Login,
    Message,
    Registered,
    Reject,
    Resume,
    Stats,
    Transfer,
)
from sip.host import MediaHost
from sip.switchboard import Switchboard
from sip.trunks import Trunks
from sip.usage import MediaUsage
from voicecore import __version__
from voicecore.audio import Ring, read_frames
from voicecore.config import SipSettings
from voicecore.errors import SipError
from voicecore.types import CallEvent, CallEventKind, CallInfo, MediaFrame, Pcm

log = logging.getLogger("voicecore.sip")

CAPTURE_BYTES = 1 << 19
"""About 8 s of ticks, should the agent be late."""
PLAYOUT_BYTES = 1 << 20
"""About 32 s of speech."""
ANSWER_S = 2.0
BACKOFF_S = (0.1, 0.5, 1.0, 2.0, 5.0)

Send = Callable[[Message, Sequence[Ring]], None]


class RemoteCall:
    """One call whose media live in the media process. Implements ``voicecore.ports.Call``."""

    def __init__(self, info: CallInfo, send: Send) -> None:
        self._info = info
        self._send = send
        self.capture = Ring.create(CAPTURE_BYTES)
        self.playout = Ring.create(PLAYOUT_BYTES)

    @property
    def info(self) -> CallInfo:
        return self._info

    @property
    def written(self) -> int:
        return int(self.playout.written) // 2

    def read(self) -> list[MediaFrame]:
        return read_frames(self.capture)

    def write(self, pcm: Pcm) -> int:
        return int(self.playout.write(pcm)) // 2

    def streaming(self, on: bool) -> None:
        self.playout.streaming = on

    @property
    def underruns(self) -> int:
        return int(self.playout.underruns)

    def flush(self) -> None:
        self.playout.flush()

    def gain(self, factor: float, ramp_ms: int = 40) -> None:
        self.playout.set_gain(factor, ramp_ms)

    def dial(self, uri: str, headers: dict[str, str]) -> None:
        """Send the INVITE (once, by the endpoint)."""
        self._send(Dial(self._info.id, uri, headers), (self.capture, self.playout))

    def answer(self) -> None:
        self._send(Answer(self._info.id), (self.capture, self.playout))

    def reject(self, code: int, retry_after_s: int | None = None) -> None:
        self._send(Reject(self._info.id, code, retry_after_s), ())

    def hangup(self) -> None:
        self._send(Hangup(self._info.id), ())

    def send_dtmf(self, digits: str, method: str = "rfc4733") -> None:
        self._send(Dtmf(self._info.id, checked_digits(digits, method), method), ())

    def hold(self) -> None:
        self._send(Hold(self._info.id), ())

    def resume(self) -> None:
        self._send(Resume(self._info.id), ())

    def transfer(self, uri: str) -> None:
        self._send(Transfer(self._info.id, checked_uri(uri)), ())


class SipEndpoint:
    """A SIP endpoint in a media process of its own. Implements ``voicecore.ports.Endpoint``.

    A media process that dies ends its calls ("media-died") and is replaced, on the same port.
    """

    def __init__(self, settings: SipSettings) -> None:
        """Raises ConfigError: ``no-secret``, ``bad-trunk``."""
        self._config = configuration(settings)
        self._board: Switchboard[RemoteCall] = Switchboard()
        self._media: MediaHost | None = None
        self._asked: list[asyncio.Future[Stats]] = []
        self._revival: asyncio.Task[None] | None = None
        self._restarts = 0
        self.registration: Registered | None = None
        """The registrar's last answer."""

    @property
    def port(self) -> int:
        """The SIP port, also when the settings left it to the system (0 before ``start``)."""
        return self._config.port

    @property
    def pid(self) -> int | None:
        """The media process, if one runs."""
        return None if self._media is None else self._media.pid

    async def start(self) -> None:
        """Start the media process; its port is bound on return.

        Raises SipError: ``no-pjsua2``, ``port-in-use``, ``unknown-codec``, ``sip-stack``, ``media-start``.
        """
        self._media, port = await MediaHost.start(self._config, self._on_message, self._on_death)
        self._config = dataclasses.replace(self._config, port=port)

    async def stop(self) -> None:
        """Hang up all calls and end the media process; the calls' ENDED events can still be had."""
        if self._revival is not None:
            self._revival.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._revival
            self._revival = None
        media, self._media = self._media, None
        if media is not None:
            await media.stop()
        self._end_all("agent", "endpoint stopped")

    def dial(self, uri: str, headers: dict[str, str] | None = None) -> RemoteCall:
        """Raises SipError: ``media-down``, ``bad-uri``, ``bad-header``."""
        self._running()
        own = f"sip:{self._config.user}@{self._config.address}:{self.port}"
        headers = checked_headers(headers or {})
        call = self._open(CallInfo(uuid.uuid4().hex, "out", checked_uri(uri), own, headers))
        call.dial(uri, headers)
        return call

    def call(self, call_id: str) -> RemoteCall:
        return self._board.call(call_id)

    async def next_event(self) -> CallEvent:
        return await self._board.next_event()

    async def tick(self) -> None:
        await self._board.tick()

    async def usage(self) -> MediaUsage:
        """Figures of the media process. Raises SipError: ``media-down``, ``media-silent``."""
        media = self._running()
        answer: asyncio.Future[Stats] = asyncio.get_running_loop().create_future()
        self._asked.append(answer)
        media.send(Ask())
        try:
            stats = await asyncio.wait_for(answer, ANSWER_S)
        except TimeoutError as exc:
            raise SipError("media-silent", f"no statistics within {ANSWER_S:.0f} s") from exc
        return MediaUsage(media.pid, *media.usage(), self._restarts, stats)

    # ---- the media process ----

    def _running(self) -> MediaHost:
        if self._media is None:
            raise SipError("media-down", "the media process is not running")
        return self._media

    def _send(self, message: Message, rings: Sequence[Ring]) -> None:
        if self._media is not None:  # else the call has been ended by "media-died"
            self._media.send(message, rings)

    def _on_message(self, message: Message, _rings: list[Ring]) -> None:
        match message:
            case Event(kind, call_id, detail, info):
                if kind == CallEventKind.INCOMING:
                    self._open(CallInfo(**info))
                self._emit(CallEventKind(kind), call_id, detail)
            case Registered():
                self.registration = message
            case Stats():
                for answer in self._asked:
                    if not answer.done():
                        answer.set_result(message)
                self._asked.clear()

    def _on_death(self) -> None:
        if self._media is None:  # we asked it to go
            return
        log.error("media process died", extra={"pid": self._media.pid, "calls": len(self._board.live)})
        self._end_all("media-died", "media process died")
        dead, self._media = self._media, None
        self._revival = asyncio.get_running_loop().create_task(self._revive(dead))

    async def _revive(self, dead: MediaHost) -> None:
        await dead.kill()
        for attempt in itertools.count():
            await asyncio.sleep(BACKOFF_S[min(attempt, len(BACKOFF_S) - 1)])
            try:
                await self.start()
            except SipError as exc:
                log.error("media process not restarted: %s", exc.code)
                continue
            self._restarts += 1
            log.warning("media process restarted", extra={"pid": self.pid})
            return

    # ---- calls ----

    def _open(self, info: CallInfo) -> RemoteCall:
        call = RemoteCall(info, self._send)
        self._board.open(info.id, call)
        asyncio.get_running_loop().add_reader(call.capture.fileno(), self._on_tick, call.capture)
        return call

    def _on_tick(self, capture: Ring) -> None:
        capture.clear()
        self._board.ticked()

    def _emit(self, kind: CallEventKind, call_id: str, detail: dict[str, Any]) -> None:
        if not self._board.is_live(call_id):
            return
        if kind is CallEventKind.ENDED:
            asyncio.get_running_loop().remove_reader(self._board.call(call_id).capture.fileno())
        self._board.emit(kind, call_id, detail)

    def _end_all(self, by: str, reason: str) -> None:
        for call in self._board.live:
            self._emit(CallEventKind.ENDED, call.info.id, {"code": 503, "reason": reason, "by": by})


def configuration(settings: SipSettings) -> Configure:
    """What the media process needs of the settings. Raises ConfigError: ``no-secret``, ``bad-trunk``."""
    Trunks(settings.trunks)
    login, register = None, settings.register_with
    if register is not None:
        login = Login(
            register.registrar, register.user, register.password(), register.realm, register.expires_s
        )
    return Configure(
        address=settings.address,
        port=settings.port,
        transports=settings.transports,
        rtp_port=settings.rtp_port,
        codecs=settings.codecs,
        max_calls=settings.max_calls,
        retry_after_s=settings.retry_after_s,
        user=settings.user,
        trunks=settings.trunks,
        user_agent=f"voicecore/{__version__}",
        login=login,
    )
