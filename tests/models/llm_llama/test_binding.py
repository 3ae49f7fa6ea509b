from __future__ import annotations

import json
import threading
import time

import numpy as np
import pytest

pytest.importorskip("llama_cpp")

from models.llm_llama.binding import LlamaLibrary
from models.llm_llama.grammar import ToolGrammar
from models.llm_llama.library import CacheFull, Interrupted, Piece
from models.llm_llama.sampler import Sampler, Sampling
from models.llm_llama.schema import read_schema
from models.llm_llama.settings import Placement
from voicecore.errors import EngineError
from voicecore.types import ToolOffer

PLACEMENT = Placement(cells=1024, sequences=8, batch=256, threads=1)


@pytest.fixture(scope="module")
def library(toy):
    made = LlamaLibrary(next(toy.glob("*.gguf")), PLACEMENT)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def empty(request):
    yield
    if "library" in request.fixturenames:
        library = request.getfixturevalue("library")
        library.resume()
        for sequence in range(library.sequences):
            library.cut(sequence, 0)


def tokens(n, seed=0):
    return tuple(int(token) for token in np.random.default_rng(seed).integers(10, 1000, n))


def read(library, sequence, what, start=0):
    return library.decode([Piece(sequence, start, what, True)])[0].copy()


def close_to(one, other):
    """Equal but for half precision: products are summed in another order when more rows are read at once."""
    np.testing.assert_allclose(one, other, atol=5e-3 * np.abs(other).max())


def test_a_shared_beginning_is_exact(library):
    system, said = tokens(60), tokens(9, 1)
    read(library, 0, system)
    expected = read(library, 0, said, 60)
    library.cut(0, 60)
    library.copy(0, 1, 60)
    np.testing.assert_array_equal(read(library, 1, said, 60), expected)


def test_rolling_back_is_exact(library):
    read(library, 0, tokens(50))
    expected = read(library, 0, tokens(5, 2), 50)
    library.cut(0, 50)
    read(library, 0, tokens(30, 1), 50)
    library.cut(0, 50)
    np.testing.assert_array_equal(read(library, 0, tokens(5, 2), 50), expected)


def test_batched_equals_single(library):
    prompts = [tokens(20 + n, n) for n in range(5)]
    alone = []
    for prompt in prompts:
        alone.append(read(library, 0, prompt))
        library.cut(0, 0)
    together = library.decode([Piece(n, 0, prompt, True) for n, prompt in enumerate(prompts)])
    for one, other in zip(together, alone, strict=True):
        close_to(one, other)


def test_rows_come_in_the_order_of_the_pieces_that_want_them(library):
    wanted = [
        Piece(3, 0, tokens(5), True),
        Piece(1, 0, tokens(70, 1), False),
        Piece(0, 0, tokens(9, 2), True),
    ]
    first, last = library.decode(wanted).copy()
    for sequence in (0, 1, 3):
        library.cut(sequence, 0)
    close_to(first, read(library, 0, tokens(5)))
    close_to(last, read(library, 1, tokens(9, 2)))


def test_reading_without_a_result(library):
    assert library.decode([Piece(0, 0, tokens(5), False)]).shape == (0, library.vocabulary)


def test_a_gap_is_closed(library):
    assert library.shifts
    read(library, 0, tokens(60))
    library.drop(0, 10, 30)
    assert np.isfinite(read(library, 0, tokens(3), 40)).all()
    with pytest.raises(EngineError, match="goes on at 43"):
        read(library, 0, tokens(1), 63)


@pytest.mark.parametrize(
    "pieces",
    [
        [],
        [Piece(0, 0, (), True)],
        [Piece(0, 1, (5,), True)],
        [Piece(0, 0, (-1,), True)],
        [Piece(0, 0, (10**6,), True)],
        [Piece(8, 0, (5,), True)],
        [Piece(-1, 0, (5,), True)],
        [Piece(0, 0, (5,) * 257, True)],
        [Piece(0, 0, (5,), True)] * 9,
    ],
)
def test_what_would_abort_is_refused(library, pieces):
    with pytest.raises(EngineError, match="llm-misuse"):
        library.decode(pieces)


def test_other_misuse_is_refused(library):
    for misuse in (
        lambda: library.copy(0, 8, 1),
        lambda: library.cut(-1, 0),
        lambda: library.drop(0, 5, 5),
        lambda: library.constraint('root ::= "a"').accept(0),
    ):
        with pytest.raises(EngineError, match="llm-misuse"):
            misuse()


@pytest.mark.parametrize("grammar", ["", "root ::= missing", 'root ::= root "x"'])
def test_a_bad_grammar_is_refused(library, grammar):
    with pytest.raises(EngineError, match="bad-grammar"):
        library.constraint(grammar)


def test_a_full_memory_is_told_and_goes_on(library):
    for sequence in range(4):
        read(library, sequence, tokens(250))
    with pytest.raises(CacheFull):
        read(library, 5, tokens(100))
    library.cut(0, 0)
    assert np.isfinite(read(library, 5, tokens(100))).all()


def test_a_step_is_given_up(library):
    library.interrupt()
    with pytest.raises(Interrupted):
        read(library, 0, tokens(200))
    library.resume()
    library.cut(0, 0)
    read(library, 0, tokens(200))


def test_a_step_is_given_up_from_another_thread(library):
    outcome = []

    def work():
        try:
            for _ in range(2000):
                library.cut(0, 0)
                read(library, 0, tokens(250))
        except Interrupted:
            outcome.append(time.monotonic())

    thread = threading.Thread(target=work)
    thread.start()
    time.sleep(0.05)
    asked = time.monotonic()
    library.interrupt()
    thread.join()
    assert outcome[0] - asked < 0.5


def test_text_becomes_tokens_and_back(library):
    text = "Wir öffnen um neun. <|im_start|> 東京"
    found = library.tokenize(text, special=False)
    assert b"".join(map(library.piece, found)).decode() == text
    assert len(library.tokenize("<|im_start|>", special=True)) == 1
    assert len(library.tokenize("<|im_start|>", special=False)) > 1


def test_the_chat_format(library):
    text = library.render([("system", "Be brief."), ("user", "hi")])
    assert (
        text
        == "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n"
    )
    (end,) = library.tokenize("<|im_end|>", special=True)
    assert library.ends(end)
    assert library.piece(end) == b""


TOOLS = [
    ToolOffer(
        "book",
        "Books.",
        {
            "type": "object",
            "properties": {
                "day": {"enum": ["mon", 'tue\n"quoted"']},
                "people": {"type": "integer", "minimum": 2, "maximum": 130},
                "price": {"type": "number", "minimum": -10},
                "note": {"type": "string", "maxLength": 20},
                "seats": {
                    "type": "array",
                    "items": {"type": ["string", "null"], "maxLength": 5},
                    "maxItems": 3,
                },
                "who": {"type": "object", "properties": {"name": {"const": "Ann"}}},
            },
            "required": ["day", "people"],
        },
    ),
    ToolOffer("cancel", "Cancels.", {"type": "object", "properties": {"sure": {"type": "boolean"}}}),
]


OFFERS = {offer.name: offer.parameters for offer in TOOLS}


@pytest.mark.parametrize("seed", range(20))
def test_noise_held_by_a_grammar_is_a_request(library, seed):
    """Whatever the model would like to say: here pure chance, at a high temperature."""
    grammar = ToolGrammar(TOOLS)
    sampler = Sampler(Sampling(2.0, 1.0, seed), library.constraint(grammar.gbnf))
    random, said = np.random.default_rng(seed), b""
    for _ in range(grammar.longest + 1):
        token = sampler.pick(random.normal(0, 3, library.vocabulary).astype(np.float32))
        if library.ends(token):
            break
        said += library.piece(token)
    else:
        pytest.fail(f"longer than the longest: {said!r}")
    sampler.constrain(None)
    request = json.loads(said)
    faults = list(read_schema(OFFERS[request["tool"]]).faults(request["arguments"], "it"))
    # of a number with a fraction, the grammar holds the digits only
    assert [fault for fault in faults if "price" not in fault] == []


def test_a_missing_or_broken_file(tmp_path):
    with pytest.raises(EngineError, match="model-missing"):
        LlamaLibrary(tmp_path / "none.gguf", PLACEMENT)
    (tmp_path / "broken.gguf").write_bytes(b"GGUF nonsense")
    with pytest.raises(EngineError, match="model-broken"):
        LlamaLibrary(tmp_path / "broken.gguf", PLACEMENT)
