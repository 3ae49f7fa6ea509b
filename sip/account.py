"""Our identity towards the PBX: a static trunk, or REGISTER with digest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sip.control import Configure, Registered
from sip.stack import pj

SESSION_S = 600
"""Session timer (RFC 4028): a peer that is gone without BYE keeps its line no longer than this."""

OnInvite = Callable[[int, Any], None]
"""Called with pjsua's call number and the INVITE's rdata."""
OnRegistered = Callable[[Registered], None]


class Account(pj.Account):  # type: ignore[misc]
    """The one account of the process; every INVITE arrives here."""

    def __init__(self, on_invite: OnInvite, on_registered: OnRegistered) -> None:
        super().__init__()
        self._on_invite = on_invite
        self._on_registered = on_registered

    def onIncomingCall(self, prm: Any) -> None:
        self._on_invite(prm.callId, prm.rdata)

    def onRegState(self, prm: Any) -> None:
        lasts = int(prm.expiration) if prm.code // 100 == 2 else 0
        self._on_registered(Registered(int(prm.code), lasts))


def account_config(config: Configure, own: str) -> Any:
    """pjsua2's account settings; ``own`` is our "host:port". Video, ICE and SRTP are off."""
    account = pj.AccountConfig()
    account.idUri = f"sip:{config.user}@{own}"
    account.mediaConfig.transportConfig.port = config.rtp_port
    account.mediaConfig.transportConfig.boundAddress = config.address
    account.callConfig.timerUse = pj.PJSUA_SIP_TIMER_ALWAYS
    account.callConfig.timerSessExpiresSec = SESSION_S
    account.videoConfig.autoTransmitOutgoing = False
    login = config.login
    if login is not None:
        account.idUri = f"sip:{login.user}@{login.registrar.partition(':')[0]}"
        account.regConfig.registrarUri = f"sip:{login.registrar}"
        account.regConfig.timeoutSec = login.expires_s
        credential = pj.AuthCredInfo("digest", login.realm, login.user, 0, login.password)
        account.sipConfig.authCreds.append(credential)
    return account
