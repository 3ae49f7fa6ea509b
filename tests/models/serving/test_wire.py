"""The socket between agent and engine process."""

from __future__ import annotations

import threading

import pytest
import zmq

from models.serving.protocol import Packet
from models.serving.wire import Wire
from voicecore.errors import EngineError


@pytest.fixture
def ends(tmp_path):
    address = f"ipc://{tmp_path}/wire"
    wires = Wire(address, bind=True), Wire(address, bind=False)
    yield wires
    for wire in wires:
        wire.close()


def received(wire, count):
    packets = []
    while len(packets) < count:
        packets += wire.poll(5.0)
    return packets


def test_packets_keep_their_order(ends):
    agent, engine = ends
    engine.send(Packet("ready"))
    engine.poll(0.0)
    assert [packet.op for packet in received(agent, 1)] == ["ready"]
    for line in range(100):
        agent.send(Packet("accept", line))
    agent.poll(0.0)
    assert [packet.line for packet in received(engine, 100)] == list(range(100))


def test_sending_wakes_the_polling_thread(ends):
    agent, engine = ends
    polling = threading.Thread(target=engine.poll, args=(60.0,))
    polling.start()
    engine.send(Packet("beat"))
    polling.join(10)
    assert not polling.is_alive()
    assert received(agent, 1)


def test_what_is_sent_afterwards_is_lost_without_harm(tmp_path):
    alone = Wire(f"ipc://{tmp_path}/alone", bind=True)
    alone.send(Packet("beat"))
    alone.poll(0.0)
    alone.close()
    alone.send(Packet("beat"))


def test_strangers_are_not_listened_to(tmp_path):
    wire = Wire(f"ipc://{tmp_path}/wire", bind=True)
    context = zmq.Context()
    stranger = context.socket(zmq.PAIR)
    stranger.connect(f"ipc://{tmp_path}/wire")
    stranger.send_multipart([b"GET / HTTP/1.1"])
    with pytest.raises(EngineError, match="engine-protocol"):
        wire.poll(10.0)
    stranger.close()
    context.term()
    wire.close()
