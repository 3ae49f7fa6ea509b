"""A library without a model: its tokens are bytes, and what it says follows from what it has read."""

from __future__ import annotations

import re
import threading
import zlib
from dataclasses import dataclass, field

import numpy as np
import pytest

from models.llm_llama.library import CacheFull, Interrupted

END = 256
MARKS = {"<system>": 257, "<user>": 258, "<assistant>": 259, "<end>": 260}
VOCABULARY = 261
LETTERS = b"abcdefghij    ."


@dataclass(eq=False)
class Cell:
    token: int
    position: int
    owners: set = field(default_factory=set)


class FakeLibrary:
    """``Library`` that counts tokens. ``script`` maps what was read to the next token."""

    def __init__(self, cells=4096, sequences=12, batch=512, script=None, shifts=True):
        self.cells, self.sequences, self.batch, self.shifts = cells, sequences, batch, shifts
        self.vocabulary = VOCABULARY
        self.steps: list[list] = []
        self.gate = threading.Semaphore(10**9)
        self.begun = threading.Event()
        self.closed = False
        self._script = script or follow
        self._cells: list[Cell] = []
        self._stop = False

    def history(self, sequence):
        mine = sorted((c for c in self._cells if sequence in c.owners), key=lambda c: c.position)
        assert [c.position for c in mine] == list(range(len(mine)))
        return [c.token for c in mine]

    @property
    def used(self):
        return len(self._cells)

    def decode(self, pieces):
        total = sum(len(piece.tokens) for piece in pieces)
        assert 0 < total <= self.batch
        assert sum(piece.wanted for piece in pieces) <= self.sequences
        self.steps.append(list(pieces))
        self.begun.set()
        self.gate.acquire()
        if self._stop:
            raise Interrupted
        if self.used + total > self.cells:
            raise CacheFull
        rows = []
        for piece in pieces:
            assert piece.start == len(self.history(piece.sequence))
            for n, token in enumerate(piece.tokens):
                self._cells.append(Cell(token, piece.start + n, {piece.sequence}))
            if piece.wanted:
                rows.append(self.logits(self.history(piece.sequence)))
        return np.array(rows, np.float32).reshape(-1, VOCABULARY)

    def logits(self, history):
        row = np.zeros(VOCABULARY, np.float32)
        row[self._script(history)] = 1
        return row

    def interrupt(self):
        self._stop = True
        self.gate.release()

    def resume(self):
        self._stop = False

    def copy(self, source, target, length):
        assert not self.history(target)
        for cell in self._cells:
            if source in cell.owners and cell.position < length:
                cell.owners.add(target)

    def cut(self, sequence, start):
        for cell in self._cells:
            if cell.position >= start:
                cell.owners.discard(sequence)
        self._cells = [cell for cell in self._cells if cell.owners]

    def drop(self, sequence, start, end):
        for cell in self._cells:
            if sequence in cell.owners and cell.position >= start:
                if cell.position < end:
                    cell.owners.discard(sequence)
                else:
                    assert cell.owners == {sequence}, "a shared token was moved"
                    cell.position -= end - start
        self._cells = [cell for cell in self._cells if cell.owners]

    def tokenize(self, text, special):
        parts = re.split(f"({'|'.join(MARKS)})", text) if special else [text]
        tokens = []
        for part in parts:
            tokens += [MARKS[part]] if special and part in MARKS else list(part.encode())
        return tuple(tokens)

    def piece(self, token):
        return bytes([token]) if token < END else b""

    def ends(self, token):
        return token == END

    def render(self, turns):
        return "".join(f"<{role}>{text}<end>" for role, text in turns) + "<assistant>"

    def constraint(self, grammar):
        return FakeConstraint(grammar)

    def close(self):
        self.closed = True


class FakeConstraint:
    """Allows the first tool's request without arguments, then the end."""

    def __init__(self, grammar):
        name = re.search(r'tool\\":\\"(\w+)', grammar).group(1)
        self._left = [*f'{{"tool":"{name}","arguments":{{}}}}'.encode(), END]

    def allowed(self, ids):
        return ids == self._left[0]

    def accept(self, token):
        assert token == self._left.pop(0)

    def close(self):
        pass


def follow(history):
    """A token that every token before has its part in; a reply is 40 long."""
    spoken = len(history) - 1 - max(n for n, token in enumerate(history) if token == MARKS["<assistant>"])
    if spoken >= 40:
        return END
    return LETTERS[zlib.crc32(np.array(history, np.int32).tobytes()) % len(LETTERS)]


def saying(text):
    """A script: replies ``text``, whatever was read."""

    def script(history):
        begun = max(n for n, token in enumerate(history) if token == MARKS["<assistant>"])
        spoken = len(history) - 1 - begun
        data = text.encode()
        return data[spoken] if spoken < len(data) else END

    return script


@pytest.fixture
def fake():
    """Makes libraries without a model."""
    return FakeLibrary


@pytest.fixture
def say():
    return saying


@pytest.fixture(scope="session")
def toy(tmp_path_factory):
    """A folder with a synthetic GGUF of a toy's shape: real code loads it, what it says is noise."""
    pytest.importorskip("llama_cpp")
    gguf = pytest.importorskip("models.synthesize.gguf")
    folder = tmp_path_factory.mktemp("toy")
    gguf.write("toy", folder / "toy.gguf", quantisation="F16")
    return folder
