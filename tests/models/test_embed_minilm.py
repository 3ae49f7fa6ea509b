"""MiniLM embeddings: close to the float32 model, and close for what means the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.embed_minilm import MAX_TOKENS, MiniLm

GOLDEN = Path(__file__).parent / "data" / "minilm_fp32.npz"
"""Texts and their embeddings by ``models.minilm_onnx.embed_reference`` on the published weights."""


@pytest.fixture(scope="module")
def embedder(model_data):
    return MiniLm(model_data / "minilm")


def test_int8_stays_close_to_float32(embedder):
    with np.load(GOLDEN) as golden:
        ours = embedder.embed(golden["texts"].tolist())
        assert (ours * golden["vectors"]).sum(axis=1).min() >= 0.99
        similarity = golden["vectors"] @ golden["vectors"].T
    np.testing.assert_allclose(ours @ ours.T, similarity, atol=0.05)


def test_paraphrases_are_nearer_than_other_requests(embedder):
    bill, paraphrase, person, weather = embedder.embed(
        [
            "I want to pay my bill",
            "can I settle my invoice please",
            "let me talk to a human being",
            "the weather is lovely today",
        ]
    )
    assert bill @ paraphrase > max(bill @ person, bill @ weather) + 0.2


def test_neighbours_in_a_call_change_nothing(embedder):
    texts = ["pay", "what is the balance on my account after the payment of last week", ""]
    together = embedder.embed(texts)
    np.testing.assert_array_equal(together, np.concatenate([embedder.embed([text]) for text in texts]))


def test_case_and_an_overlong_text(embedder):
    upper, lower = embedder.embed(["PAY MY BILL", "pay my bill"])
    np.testing.assert_array_equal(upper, lower)
    words = ["pay"] * (MAX_TOKENS - 2)
    exact, longer = embedder.embed([" ".join(words), " ".join(words + ["bill"] * 1000)])
    np.testing.assert_array_equal(exact, longer)
