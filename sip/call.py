"""One SIP call in the media process: from INVITE to BYE, reported as events. All on the polling thread."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from sip import transfer
from sip.control import Event
from sip.dtmf import DtmfFilter
from sip.media import Line, Lines
from sip.stack import pj, reason
from sip.streams import Stream
from voicecore.audio import Ring

log = logging.getLogger("voicecore.sip")

METHODS = {pj.PJSUA_DTMF_METHOD_RFC2833: "rfc4733", pj.PJSUA_DTMF_METHOD_SIP_INFO: "info"}
DIGIT_MS = 160
"""Length of digits that we send, and our word for those whose end is not known yet."""
LONGEST_DIGIT_MS = 60_000
IS_UPDATE = 1
"""PJMEDIA_STREAM_DTMF_IS_UPDATE: not the first packet of an event."""

Report = Callable[[Event], None]


def parameters(code: int = 0, headers: dict[str, str] | None = None) -> Any:
    """pjsua2 call options: one audio stream, a status code, extra headers."""
    prm = pj.CallOpParam(True)
    prm.opt.audioCount = 1
    prm.opt.videoCount = 0
    if hasattr(prm.opt, "textCount"):  # pjproject 2.16 on
        prm.opt.textCount = 0
    prm.statusCode = code
    for name, value in (headers or {}).items():
        header = pj.SipHeader()
        header.hName, header.hValue = name, value
        prm.txOption.headers.append(header)
    return prm


class Leg(pj.Call):  # type: ignore[misc]
    """A call. Its media line exists from the moment the dialog is confirmed."""

    def __init__(self, account: Any, name: str, lines: Lines, report: Report, number: int = -1) -> None:
        super().__init__(account, number)
        self.name = name
        self.ended = False
        self.line: Line | None = None
        self._lines = lines
        self._report = report
        self._rings: tuple[Ring, Ring] | None = None
        self._stream: Stream | None = None
        self._rang = False
        self._confirmed = False
        self._held = False
        self._by_us = False
        self._digits = DtmfFilter()

    # ---- verbs ----

    def dial(self, uri: str, headers: dict[str, str], rings: tuple[Ring, Ring]) -> None:
        self._rings = rings
        self.makeCall(uri, parameters(headers=headers))

    def take(self, rings: tuple[Ring, Ring]) -> None:
        """Answer 200."""
        self._rings = rings
        self.answer(parameters(200))

    def ring(self) -> None:
        self.answer(parameters(180))

    def reject(self, code: int, retry_after_s: int | None = None) -> None:
        self._by_us = True
        headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
        self.answer(parameters(code, headers))

    def end(self) -> None:
        """BYE, CANCEL or a refusal, whichever the state asks for."""
        self._by_us = True
        self.hangup(pj.CallOpParam())

    def press(self, digits: str, method: str) -> None:
        """Send digits; INFO if the peer has not agreed to telephone-events."""
        prm = pj.CallSendDtmfParam()
        prm.digits, prm.duration = digits, DIGIT_MS
        prm.method = next(number for number, name in METHODS.items() if name == method)
        try:
            self.sendDtmf(prm)
        except pj.Error:
            if method == "info":
                raise
            self.press(digits, "info")

    def hold(self) -> None:
        self.setHold(parameters())

    def resume(self) -> None:
        prm = parameters()
        prm.opt.flag = pj.PJSUA_CALL_UNHOLD
        self.reinvite(prm)

    def transfer(self, uri: str) -> None:
        transfer.refer(self, uri)

    def fail(self, code: int, why: str) -> None:
        """The call never came to be."""
        self.ended = True
        self.event("ended", code=code, reason=why, by="agent")

    def release(self) -> None:
        """Let go of line and rings; the object itself has to stay for a while."""
        self.line = self._rings = None

    def mute(self) -> None:
        """Report nothing: the agent is not to know of this call."""
        self._report = lambda _: None

    def event(self, kind: str, **detail: Any) -> None:
        self._report(Event(kind, self.name, detail))

    # ---- callbacks of pjsua2 (an exception in one would only be printed) ----

    def onCallState(self, _prm: Any) -> None:
        info = self.getInfo()
        if info.state == pj.PJSIP_INV_STATE_EARLY and info.role == pj.PJSIP_ROLE_UAC and not self._rang:
            self._rang = True
            self.event("ringing")
        elif info.state == pj.PJSIP_INV_STATE_CONFIRMED:
            self._confirmed = True
            self._follow_media()
        elif info.state == pj.PJSIP_INV_STATE_DISCONNECTED and not self.ended:
            self.ended = True
            by = "agent" if self._by_us else "caller"
            self.event("ended", code=int(info.lastStatusCode), reason=info.lastReason, by=by)

    def onCallMediaState(self, _prm: Any) -> None:
        if self._confirmed and not self.ended:
            self._follow_media()

    def onStreamCreated(self, prm: Any) -> None:
        self._stream = self._lines.streams.take(prm)
        if self.line is not None:
            self.line.join(self._stream)

    def onStreamDestroyed(self, _prm: Any) -> None:
        self._stream = None
        if self.line is not None:
            self.line.part()

    def onDtmfEvent(self, prm: Any) -> None:
        if prm.flags & IS_UPDATE:
            return
        digit, method = prm.digit.upper(), METHODS.get(prm.method, "rfc4733")
        if self._digits.accept(digit, method, prm.timestamp, time.monotonic()):
            length = prm.duration if method == "info" and prm.duration < LONGEST_DIGIT_MS else DIGIT_MS
            self.event("dtmf", digit=digit, method=method, duration_ms=int(length))

    def onCallTransferStatus(self, prm: Any) -> None:
        self.event("transfer", **transfer.progress(prm))

    def onCallTransferRequest(self, prm: Any) -> None:
        transfer.decline(prm)

    def onCallReplaceRequest(self, prm: Any) -> None:
        transfer.decline(prm)

    def _follow_media(self) -> None:
        """Connect or pause the line as the negotiated direction says."""
        info = self.getInfo()
        for i in range(len(info.media)):  # indexed: the SWIG iterator runs without the GIL
            media = info.media[i]
            if media.type == pj.PJMEDIA_TYPE_AUDIO:
                self._apply(i, media.status)
                return

    def _apply(self, index: int, status: int) -> None:
        if self.line is None:
            try:
                stream = self.getStreamInfo(index)
            except pj.Error:  # the peer has answered, and refused the audio
                attempt(self, self.end)
                return
            assert self._rings is not None, "confirmed without rings"
            self.line = self._lines.take(self._rings)
            if self._stream is not None:
                self.line.join(self._stream)
            self.event("answered", codec=stream.codecName, clock_rate=int(stream.codecClockRate))
        if status == pj.PJSUA_CALL_MEDIA_ACTIVE:
            self.line.open()
            if self._held:
                self._held = False
                self.event("resumed")
            return
        self.line.pause()
        if not self._held:
            self._held = True
            self.event("held", by="agent" if status == pj.PJSUA_CALL_MEDIA_LOCAL_HOLD else "caller")


def attempt(leg: Leg, act: Callable[[], None]) -> bool:
    """Perform a verb; a call that ended meanwhile is no error, anything else is logged by its cause."""
    try:
        act()
    except pj.Error as exc:
        if not leg.ended:
            log.warning("%s failed: %s", getattr(act, "__name__", "call verb"), reason(exc))
        return False
    return True
