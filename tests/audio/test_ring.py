"""The ring keeps every byte in order, between threads of control that never wait for each other."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicecore.audio import Ring

SEED = 20_261_120
TOTAL = 4_000_000


class SlowRing:
    """The twin: a bytearray and three integers."""

    def __init__(self, capacity: int) -> None:
        self.capacity, self.held, self.dropped = capacity, bytearray(), 0
        self.consumed = self.overruns = 0

    def write(self, data: bytes) -> int:
        taken = data[: self.capacity - len(self.held)]
        self.held += taken
        return len(taken)

    def put(self, data: bytes) -> bool:
        if len(data) > self.capacity - len(self.held):
            self.overruns += 1
            return False
        return self.write(data) == len(data)

    def flush(self) -> None:
        self.dropped = len(self.held)

    def read(self, n: int) -> bytes:
        self.consumed += self.dropped
        del self.held[: self.dropped]
        self.dropped = 0
        out = bytes(self.held[:n])
        del self.held[:n]
        self.consumed += len(out)
        return out


steps = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.binary(max_size=150)),
        st.tuples(st.just("put"), st.binary(max_size=90)),
        st.tuples(st.just("read"), st.integers(0, 150)),
        st.tuples(st.just("flush"), st.none()),
    ),
    max_size=60,
)


@given(steps)
def test_does_what_the_slow_ring_does(script: list[tuple[str, bytes | int | None]]) -> None:
    with Ring.create(100) as ring:
        twin = SlowRing(ring.capacity)
        for verb, argument in script:
            if verb == "read":
                assert isinstance(argument, int)
                buffer = bytearray(argument)
                got = ring.read_into(buffer)
                assert bytes(buffer[:got]) == twin.read(argument)
            elif verb == "flush":
                ring.flush()
                twin.flush()
            else:
                assert getattr(ring, verb)(argument) == getattr(twin, verb)(argument)
            assert ring.readable == len(twin.held) - twin.dropped
            assert ring.writable == twin.capacity - len(twin.held)
            assert (ring.consumed, ring.overruns) == (twin.consumed, twin.overruns)


@pytest.mark.parametrize(("asked", "given"), [(1, 64), (64, 64), (65, 128), (64_000, 65_536)])
def test_capacity_is_a_power_of_two(asked: int, given: int) -> None:
    with Ring.create(asked) as ring:
        assert ring.capacity == given


def test_takes_numpy_arrays_of_any_type() -> None:
    with Ring.create(4096) as ring:
        sent = np.arange(-160, 160, dtype=np.int16)
        assert ring.write(sent) == 640
        heard = np.zeros(320, np.int16)
        assert ring.read_into(heard) == 640
        assert (sent == heard).all()


def test_a_flush_lets_new_data_through_and_frees_room_at_the_next_read() -> None:
    with Ring.create(64) as ring:
        ring.write(b"a" * 40)
        ring.flush()
        assert (ring.readable, ring.writable) == (0, 24)
        ring.write(b"new")
        buffer = bytearray(64)
        assert ring.read_into(buffer) == 3
        assert buffer[:3] == b"new"
        assert (ring.consumed, ring.written, ring.writable) == (43, 43, 64)


def test_a_short_read_is_an_underrun_only_while_streaming() -> None:
    with Ring.create(64) as ring:
        buffer = bytearray(8)
        ring.read_into(buffer)
        assert ring.underruns == 0
        ring.streaming = True
        ring.read_into(buffer)
        ring.write(bytes(4))
        ring.read_into(buffer)
        ring.write(bytes(8))
        ring.read_into(buffer)
        assert (ring.streaming, ring.underruns) == (True, 2)


def test_signals_are_polled_cleared_and_never_block() -> None:
    with Ring.create(64) as ring:
        assert select.select([ring], [], [], 0)[0] == []
        for _ in range(3):
            ring.signal()
        assert select.select([ring], [], [], 0)[0] == [ring]
        assert (ring.clear(), ring.clear()) == (3, 0)
        os.write(ring.eventfd, (2**64 - 2).to_bytes(8, sys.byteorder))
        ring.signal()
        assert ring.clear() == 2**64 - 2


def test_reset_makes_a_new_ring_of_it() -> None:
    with Ring.create(64) as ring:
        ring.write(bytes(10))
        ring.put(bytes(64))
        ring.streaming = True
        ring.signal()
        ring.reset()
        assert (ring.written, ring.consumed, ring.overruns, ring.streaming, ring.clear()) == (
            0,
            0,
            0,
            False,
            0,
        )


def test_attach_sees_the_same_bytes_and_owns_its_descriptors() -> None:
    ring = Ring.create(64)
    memfd, eventfd = os.dup(ring.memfd), os.dup(ring.eventfd)
    other = Ring.attach(memfd, eventfd)
    os.close(memfd)
    os.close(eventfd)
    ring.write(b"hello")
    ring.close()
    buffer = bytearray(5)
    assert other.read_into(buffer) == 5
    assert buffer == b"hello"
    other.close()
    other.close()
    with pytest.raises(ValueError, match="closed"):
        other.write(b"x")


def test_leaks_no_descriptor() -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(50):
        with Ring.create(64) as ring:
            Ring.attach(ring.memfd, ring.eventfd)
            with pytest.raises(ValueError, match="not a ring"):
                Ring.attach(ring.eventfd, ring.eventfd)
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("offset", [0, 8, 12, 16])
def test_attach_refuses_a_damaged_header(offset: int) -> None:
    with Ring.create(64) as ring:
        os.pwrite(ring.memfd, b"\xff", offset)
        with pytest.raises(ValueError, match="not a ring"):
            Ring.attach(ring.memfd, ring.eventfd)


def test_attach_refuses_memory_that_can_shrink() -> None:
    memfd = os.memfd_create("plain")
    with Ring.create(64) as ring:
        os.write(memfd, os.pread(ring.memfd, 4096 + 64, 0))
        with pytest.raises(ValueError, match="shrink"):
            Ring.attach(memfd, ring.eventfd)
    os.close(memfd)


def test_positions_from_a_mad_peer_do_no_harm() -> None:
    with Ring.create(64) as ring:
        os.pwrite(ring.memfd, (2**63).to_bytes(8, sys.byteorder), 64)
        assert (ring.readable, ring.writable, ring.read_into(bytearray(64)), ring.write(b"x")) == (0, 0, 0, 0)


@pytest.mark.parametrize("bad", [0, -1, 2**31])
def test_capacity_is_checked(bad: int) -> None:
    with pytest.raises(ValueError, match="capacity"):
        Ring.create(bad)


@pytest.mark.parametrize(("factor", "ramp_ms"), [(-1, 0), (float("nan"), 0), (9, 0), (1, -1), (1, 10_001)])
def test_gain_is_checked(factor: float, ramp_ms: int) -> None:
    with Ring.create(64) as ring, pytest.raises(ValueError, match="gain"):
        ring.set_gain(factor, ramp_ms)


def sequence() -> bytes:
    return np.random.default_rng(SEED).integers(0, 256, TOTAL, np.uint8).tobytes()


def produce(ring: Ring, flush: bool) -> None:
    """The other process: the known sequence, in pieces of changing size, as fast as there is room."""
    data, at, piece = sequence(), 0, 0
    sizes = np.random.default_rng(1).integers(1, 900, 4096).tolist()
    while at < TOTAL:
        at += ring.write(data[at : at + sizes[piece % 4096]]) or os.sched_yield() or 0
        piece += 1
        if flush and piece % 97 == 0:
            ring.flush()
        ring.signal()


@pytest.mark.interop
@pytest.mark.parametrize("flush", [False, True])
def test_two_processes_race_and_every_byte_is_right(flush: bool) -> None:
    """Without flushes the whole sequence arrives; with them, what arrives is right for its position."""
    ours, theirs = socket.socketpair()
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    arguments = [sys.executable, __file__, str(theirs.fileno()), str(int(flush))]
    with (
        ours,
        theirs,
        Ring.create(8192) as ring,
        subprocess.Popen(arguments, pass_fds=[theirs.fileno()], env=environment) as process,
    ):
        socket.send_fds(ours, [b"ring"], [ring.memfd, ring.eventfd])
        arrived = consume(ring, sequence())
        assert process.wait(20) == 0
        assert ring.written == ring.consumed == TOTAL
    assert 0 < arrived < TOTAL if flush else arrived == TOTAL


def consume(ring: Ring, expected: bytes) -> int:
    """Read to the end, checking each byte against its place in the sequence; returns how many were seen."""
    buffer, arrived = bytearray(700), 0
    while ring.consumed < TOTAL:
        assert select.select([ring], [], [], 20)[0], "the producer fell silent"
        ring.clear()
        while got := ring.read_into(buffer):
            assert buffer[:got] == expected[ring.consumed - got : ring.consumed]
            arrived += got
    return arrived


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as control:
        _, (memfd, eventfd), _, _ = socket.recv_fds(control, 16, 2)
    with Ring.attach(memfd, eventfd) as shared:
        produce(shared, bool(int(sys.argv[2])))
