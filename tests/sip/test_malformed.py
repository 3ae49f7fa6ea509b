"""Broken and unwelcome messages get their proper answer, and the endpoint lives on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from sip.malformed import answer_to
from sip.remote import SipEndpoint
from tests.sip.conftest import event, needs_pjsua2
from tests.sip.plain import ask, invite, request

PORT = 5060
CASES = {
    "bad-cseq": ("400", lambda text: text.replace("CSeq: 1 ", "CSeq: one ")),
    "bad-to": ("400", lambda text: text.replace("To: <sip:", "To: <<<sip:")),
    "bad-request-uri": ("400", lambda text: text.replace("INVITE sip:", "INVITE :::")),
    "negative-length": ("400", lambda text: text.replace("Content-Length: ", "Content-Length: -")),
    "foreign-scheme": ("416", lambda text: text.replace("INVITE sip:agent@", "INVITE http://")),
    "next-version": ("505", lambda text: text.replace(" SIP/2.0\r\nVia", " SIP/3.0\r\nVia")),
    "bad-sdp": ("400", lambda text: text.replace("m=audio 30000", "m=audio abc")),
    "unknown-codec": ("488", lambda text: text.replace("RTP/AVP 0", "RTP/AVP 18")),
    "video-only": ("488", lambda text: text.replace("m=audio", "m=video")),
    "not-sdp": ("415", lambda text: text.replace("application/sdp", "text/plain")),
    "needs-extension": (
        "420",
        lambda text: text.replace("Max-Forwards", "Require: frobnicate\r\nMax-Forwards"),
    ),
    "unknown-method": ("405", lambda text: text.replace("INVITE", "FROB")),
    "message": ("405", lambda text: text.replace("INVITE", "MESSAGE")),
    "bye-out-of-dialog": ("481", lambda text: text.replace("INVITE", "BYE")),
    "bye-of-unknown-dialog": (
        "481",
        lambda text: text.replace("INVITE", "BYE").replace(">\r\nCall-ID", ">;tag=9\r\nCall-ID"),
    ),
    "options": ("200", lambda text: text.replace("INVITE", "OPTIONS")),
    "garbage": ("", lambda text: "\x00\x7f" * 300),
    "no-call-id": ("", lambda text: text.replace("Call-ID", "X-Call-ID")),
    "no-via": ("", lambda text: text.replace("Via", "X-Via")),
    "keep-alive": ("", lambda text: "\r\n\r\n"),
}


@pytest.mark.interop
@needs_pjsua2
async def test_every_message_gets_its_answer(endpoints: Callable[..., Awaitable[SipEndpoint]]) -> None:
    agent = await endpoints()
    pid, got = agent.pid, {}
    for name, (_, spoil) in CASES.items():
        got[name] = (await ask(agent.port, spoil(invite(agent.port)))).removeprefix("SIP/2.0 ")[:3]
    assert got == {name: code for name, (code, _) in CASES.items()}
    caller = await endpoints()
    caller.dial(f"sip:agent@127.0.0.1:{agent.port}")
    agent.call((await event(agent, "incoming")).call_id).answer()
    await event(caller, "answered")
    assert agent.pid == pid


def test_the_answer_repeats_what_it_must() -> None:
    packet = request("INVITE", PORT).replace(
        "Via: SIP/2.0/UDP 127.0.0.1:OWNPORT", "v: SIP/2.0/UDP 10.0.0.9;rport"
    )
    answer = answer_to(packet, "192.0.2.7", 5099)
    assert answer is not None
    lines = answer.split("\r\n")
    assert lines[0] == "SIP/2.0 400 Bad Request"
    assert lines[1].startswith("v: SIP/2.0/UDP 10.0.0.9;rport=5099;branch=")
    assert lines[1].endswith(";received=192.0.2.7")
    assert "From: <sip:peer@127.0.0.1>;tag=1" in lines
    assert f"To: <sip:agent@127.0.0.1:{PORT}>;tag=malformed" in lines
    assert lines[-3:] == ["Content-Length: 0", "", ""]


@pytest.mark.parametrize("spoil", ["From", "Call-ID", "CSeq", "To"])
def test_no_answer_without_what_it_must_repeat(spoil: str) -> None:
    packet = request("INVITE", PORT)
    assert answer_to(packet, "192.0.2.7", 5060)
    assert answer_to(packet.replace(f"{spoil}:", f"X-{spoil}:"), "192.0.2.7", 5060) is None


def test_responses_and_acks_are_never_answered() -> None:
    assert answer_to(request("ACK", PORT), "192.0.2.7", 5060) is None
    assert (
        answer_to(request("INVITE", PORT).replace("INVITE sip", "SIP/2.0 200 sip", 1), "192.0.2.7", 5060)
        is None
    )
