"""The pjsua2 library of a media process: brought up, polled, and always destroyed."""

from __future__ import annotations

import gc
import os
import socket
from typing import Any

from sip.account import Account, OnInvite, OnRegistered, account_config
from sip.admission import Admission
from sip.control import Configure
from sip.malformed import MalformedAnswers
from sip.media import Lines
from sip.sockets import free_port
from sip.stack import library, pj, reason
from sip.streams import Streams
from voicecore.errors import SipError
from voicecore.types import RATE, TICK_MS

LARGEST = 4
"""PJSUA_MAX_CALLS of the wheel."""
PORT_TRIES = 20


class Stack:
    """pjsua2, configured. Everything happens on the thread that made it, inside ``poll``."""

    def __init__(self, config: Configure, on_invite: OnInvite, on_registered: OnRegistered) -> None:
        """Raises SipError: ``port-in-use``, ``unknown-codec``, ``sip-stack``."""
        self._endpoint: Any = pj.Endpoint()
        self._account: Account | None = None
        self._registers = config.login is not None
        self._lines: Lines | None = None
        self._endpoint.libCreate()
        try:
            self._start(config, on_invite, on_registered)
        except pj.Error as exc:
            self.destroy()
            raise SipError("sip-stack", reason(exc)) from exc
        except BaseException:
            self.destroy()
            raise

    def _start(self, config: Configure, on_invite: OnInvite, on_registered: OnRegistered) -> None:
        self._endpoint.libInit(endpoint_config(config))
        self._admission = Admission(library(), min(config.max_calls, LARGEST), config.retry_after_s)
        self._malformed = MalformedAnswers(library())
        self.port = self._bind(config)
        self._choose_codecs(config.codecs)
        self._endpoint.audDevManager().setNullDev()
        self._endpoint.libStart()
        self._lines = Lines(Streams(library()), self._endpoint.libRegisterThread)
        self._account = Account(on_invite, on_registered)
        self._account.create(account_config(config, self._published()), True)

    @property
    def lines(self) -> Lines:
        """The audio paths of the calls."""
        assert self._lines is not None, "not started"
        return self._lines

    @property
    def account(self) -> Any:
        """The pj.Account that calls are placed from."""
        return self._account

    @property
    def full(self) -> bool:
        """Whether all lines are taken."""
        return self._admission.full

    @property
    def refused(self) -> int:
        """INVITEs answered 503 because all lines were taken."""
        return self._admission.refused

    def poll(self, timeout_ms: int) -> None:
        """Let pjsua2 work for a while; its callbacks run in here."""
        self._endpoint.libHandleEvents(timeout_ms)

    def destroy(self) -> None:
        """Stop the media clock, unregister, close all sockets. Calls must have been let go of before."""
        if self._account is not None:
            self._endpoint.audDevManager().setNoDev()
        if self._lines is not None:
            self._lines.stop()
            self._lines = None
        gc.collect()
        self._endpoint.libDestroy(0 if self._registers else pj.PJSUA_DESTROY_NO_RX_MSG)
        self._account = None

    def _bind(self, config: Configure) -> int:
        """Open the transports on one port, which the system chooses if it is 0."""
        for _ in range(PORT_TRIES if config.port == 0 else 1):
            port = config.port or free_port(config.address)
            opened = []
            try:
                for name in config.transports:
                    opened.append(self._open(name, config.address, port))
                return port
            except pj.Error as exc:
                for number in opened:
                    self._endpoint.transportClose(number)
                cause = reason(exc)
        raise SipError("port-in-use", f"{config.address}:{config.port}: {cause}", port=config.port)

    def _published(self) -> str:
        """Our "host:port" as peers can reach it, also when bound to all addresses."""
        transport = self._endpoint.transportGetInfo(self._endpoint.transportEnum()[0])
        return str(transport.localName)

    def _open(self, name: str, address: str, port: int) -> int:
        kinds = {"udp": pj.PJSIP_TRANSPORT_UDP, "tcp": pj.PJSIP_TRANSPORT_TCP}
        transport = pj.TransportConfig()
        transport.port = port
        transport.boundAddress = address
        if name == "tcp":  # else connections in TIME_WAIT lock the port against a restart
            option = pj.SockOpt()
            option.level, option.optName = socket.SOL_SOCKET, socket.SO_REUSEADDR
            option.setOptValInt(1)
            transport.sockOptParams.sockOpts.append(option)
        return int(self._endpoint.transportCreate(kinds[name], transport))

    def _choose_codecs(self, wanted: tuple[str, ...]) -> None:
        """Exactly ``wanted``, in that order of preference; all others off."""
        known = self._endpoint.codecEnum2()
        names = [known[i].codecId for i in range(len(known))]
        for name in names:
            self._endpoint.codecSetPriority(name, 0)
        for rank, codec in enumerate(wanted):
            matches = [name for name in names if name.partition("/")[0] == codec]
            if not matches:
                raise SipError("unknown-codec", f"{codec} is not in this build of pjsua2", codec=codec)
            self._endpoint.codecSetPriority(matches[0], 250 - rank)


def endpoint_config(config: Configure) -> Any:
    """Library settings: polled, silent, packets of 20 ms, no echo canceller, no VAD."""
    settings = pj.EpConfig()
    level = int(os.environ.get("VOICECORE_SIP_LOG", "0"))
    settings.logConfig.level = settings.logConfig.consoleLevel = level
    settings.uaConfig.threadCnt = 0
    settings.uaConfig.mainThreadOnly = True
    settings.uaConfig.maxCalls = LARGEST
    settings.uaConfig.userAgent = config.user_agent
    settings.uaConfig.natTypeInSdp = 0
    media = settings.medConfig
    media.clockRate = media.sndClockRate = RATE
    media.audioFramePtime = media.ptime = TICK_MS
    media.ecTailLen = 0
    media.noVad = True
    media.sndAutoCloseTime = -1  # the bridge's clock frees the streams' ports
    return settings
