"""The first sound of an utterance is urgent, what follows gives way."""

from __future__ import annotations

import numpy as np

from models.sharing.board import Board
from models.sharing.precedence import WAIT_S, Need
from models.sharing.speech import SharingTts
from voicecore.types import SpeechChunk


class Voice:
    """Notes what is announced while it works."""

    def __init__(self, board):
        self.board, self.announced, self.closed, self.warmed = board, [], False, 0

    def synthesize(self, text):
        try:
            for _ in text.split():
                self.announced.append(len(self.board.notices()))
                yield SpeechChunk(np.zeros(10, np.int16))
        finally:
            self.closed = True

    def warm(self):
        self.warmed += 1


def test_only_the_first_chunk_is_urgent():
    board = Board()
    voice = Voice(board)
    assert len(list(SharingTts(voice, board.join()).synthesize("one two three"))) == 3
    assert voice.announced == [1, 0, 0]
    assert list(SharingTts(voice, board.join()).synthesize("")) == []


def test_later_chunks_wait_for_urgent_work(monkeypatch):
    board = Board()
    seat, other = board.join(), board.join()
    waits = []
    give_way = seat.give_way
    monkeypatch.setattr(seat, "give_way", lambda need: waits.append(give_way(need)))
    speech = SharingTts(Voice(board), seat).synthesize("one two")
    next(speech)
    with other.urgent():
        next(speech)
    assert waits[0] >= WAIT_S[Need.FLOWING]


def test_closing_reaches_the_voice():
    board = Board()
    voice = Voice(board)
    tts = SharingTts(voice, board.join())
    speech = tts.synthesize("one two")
    next(speech)
    speech.close()
    assert voice.closed
    tts.warm()
    assert voice.warmed == 1
