"""Messages and rings over the control socket."""

from __future__ import annotations

import typing

import pytest

from sip import control
from sip.control import Answer, Ask, Channel, Configure, Dial, Event, Login, Stats
from voicecore.audio import Ring
from voicecore.errors import SipError
from voicecore.types import CallEventKind

LOGIN = Login("pbx:5060", "agent", "secret", "*", 300)
CONFIGURE = Configure("127.0.0.1", 0, ("udp",), 20_000, ("G722",), 4, 5, "agent", (), "voicecore/0", LOGIN)


@pytest.fixture
def ends() -> typing.Iterator[tuple[Channel, Channel]]:
    ours, theirs = Channel.pair()
    pair = ours, Channel(theirs)
    yield pair
    for end in pair:
        end.close()


@pytest.mark.parametrize(
    "message",
    [
        Dial("c1", "sip:a@b", {"X-A": "ü"}),
        Ask(),
        Event("dtmf", "c1", {"digit": "5"}),
        Stats([0, 1], 2.5, 3, 1, 0),
    ],
)
def test_a_message_arrives_as_it_was_sent(ends: tuple[Channel, Channel], message: control.Message) -> None:
    ends[0].send(message)
    assert ends[1].receive() == (message, [])
    assert ends[1].receive() is None
    assert not ends[1].closed


def test_the_configuration_keeps_its_login() -> None:
    back = control.decode(control.encode(CONFIGURE))
    assert isinstance(back, Configure)
    assert back.login == LOGIN
    assert list(back.codecs) == ["G722"]


def test_rings_travel_with_a_message(ends: tuple[Channel, Channel]) -> None:
    with Ring.create(4096) as capture, Ring.create(8192) as playout:
        ends[0].send(Answer("c1"), (capture, playout))
        received = ends[1].receive()
        assert received is not None
        far_capture, far_playout = received[1]
        far_capture.write(b"hello")
        buffer = bytearray(5)
        assert capture.read_into(buffer) == 5
        assert (buffer, far_playout.capacity) == (b"hello", playout.capacity)


def test_a_gone_peer_closes_the_channel(ends: tuple[Channel, Channel]) -> None:
    ends[0].close()
    assert ends[1].receive() is None
    assert ends[1].closed


def test_a_peer_that_never_reads_closes_the_channel_instead_of_blocking(
    ends: tuple[Channel, Channel],
) -> None:
    for _ in range(100_000):
        ends[0].send(Ask())
        if ends[0].closed:
            break
    assert ends[0].closed


@pytest.mark.parametrize(
    "packet", [b"", b"nonsense", b"[1]", b'["Rm", {}]', b'["Answer", {"x": 1}]', b'["Ask", 3]']
)
def test_what_is_no_message_is_an_error(packet: bytes) -> None:
    with pytest.raises(SipError, match="bad-control"):
        control.decode(packet)


def test_event_kinds_are_those_of_the_agent() -> None:
    assert {"incoming", "ringing", "answered", "dtmf", "held", "resumed", "transfer", "ended"} == set(
        CallEventKind
    )
