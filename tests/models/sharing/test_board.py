"""Urgent work goes first across threads and processes; nobody waits for the dead."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from models.sharing.board import SEATS, Board, Boards, alone
from models.sharing.precedence import WAIT_S, Need
from voicecore.errors import EngineError

ANNOUNCE = (
    "import sys, time; from pathlib import Path; from models.sharing.board import Board;"
    "seat = Board(Path(sys.argv[1])).join(); seat.begin(); print('begun', flush=True); sys.stdin.readline();"
    "seat.end(); print('ended', flush=True); sys.stdin.readline()"
)


@pytest.fixture
def other(tmp_path):
    """Another process with urgent work, until it is told a line."""
    command = [sys.executable, "-c", ANNOUNCE, str(tmp_path / "board")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout.readline() == "begun\n"
    yield process
    process.kill()
    process.communicate()


def test_another_process_is_waited_for_as_long_as_the_table_says(tmp_path, other):
    seat = Board(tmp_path / "board").join()
    assert seat.give_way(Need.URGENT) == 0
    assert seat.give_way(Need.FLOWING) >= WAIT_S[Need.FLOWING]
    assert seat.give_way(Need.FLOWING, until=lambda: True) == 0
    other.stdin.write("\n")
    other.stdin.flush()
    assert other.stdout.readline() == "ended\n"
    assert seat.give_way(Need.IDLE) == 0


def test_the_end_of_urgent_work_ends_the_wait():
    board = Board()
    first, second = board.join(), board.join()
    first.begin()
    waited = []
    waiting = threading.Thread(target=lambda: waited.append(second.give_way(Need.IDLE)))
    waiting.start()
    first.end()
    waiting.join()
    assert waited[0] < WAIT_S[Need.IDLE]


def test_a_dead_process_leaves_its_seat(tmp_path, other):
    board = Board(tmp_path / "board")
    assert [notice.urgent for notice in board.notices()] == [1]
    other.kill()
    other.wait()
    board.join()
    assert board.notices() == []


def test_urgent_work_is_counted_by_all_threads():
    board = Board()
    seat = board.join()
    with seat.urgent(), seat.urgent():
        assert board.notices()[0].urgent == 2
    assert board.notices() == []
    work = [
        threading.Thread(target=lambda: [seat.begin() or seat.end() for _ in range(500)]) for _ in range(4)
    ]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    assert np.all(board.seats[:, 1] == 0)


def test_a_board_has_so_many_seats():
    board = Board()
    for _ in range(SEATS):
        board.join()
    with pytest.raises(EngineError, match="device-crowded"):
        board.join()


def test_devices_do_not_wait_for_each_other(tmp_path):
    boards = Boards(tmp_path)
    with boards.seat("cuda:0").urgent():
        assert boards.seat("cuda").give_way(Need.FLOWING) > 0
        assert boards.seat("cuda:1").give_way(Need.FLOWING) == 0
        assert boards.seat("cpu").give_way(Need.FLOWING) == 0
    assert {file.name for file in tmp_path.iterdir()} == {"cuda-0", "cuda-1", "cpu-0"}
    assert Boards().seat("cpu").give_way(Need.IDLE) == alone().give_way(Need.IDLE) == 0
