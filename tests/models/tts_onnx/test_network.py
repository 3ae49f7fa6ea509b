"""A voice in pieces: the whole's samples, only as many as are asked for, and nothing that is not exact."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper

from models.session import open_session
from models.tts_onnx.network import FIRST, MOST, QUIET, Network, pieces, take_apart
from voicecore.errors import EngineError

IDS = np.random.default_rng(7).integers(3, 120, 150)


@pytest.fixture(scope="module")
def folder(toy_vits, tmp_path_factory):
    folder = tmp_path_factory.mktemp("parts")
    take_apart(toy_vits / "toy.onnx", IDS[:80], folder)
    return folder


@pytest.fixture(scope="module")
def network(folder):
    return Network(folder)


@pytest.mark.parametrize("scales", [QUIET, (0.667, 1.3, 0.8)])
def test_pieces_equal_the_whole(network, scales):
    values = network.encode(IDS, scales)
    frames = network.frames(values)
    (whole,) = network.decode(values, [(0, frames)])
    assert len(pieces(frames)) > 3
    for spans in (pieces(frames), [(n, min(n + 7, frames)) for n in range(0, frames, 7)]):
        got = np.concatenate(list(network.decode(values, spans)))
        np.testing.assert_allclose(got, whole, atol=1e-4)
    assert len(whole) == frames * 256


def test_without_noise_it_is_the_published_model(network, toy_vits):
    session = open_session(toy_vits / "toy.onnx")
    given = {"input": IDS[None], "input_lengths": np.array([150]), "scales": np.array(QUIET, np.float32)}
    (published,) = session.run(None, given)
    values = network.encode(IDS, QUIET)
    got = np.concatenate(list(network.decode(values, pieces(network.frames(values)))))
    np.testing.assert_allclose(got, published.reshape(-1), atol=1e-4)


def test_only_what_is_asked_for_is_made(network):
    values = network.encode(IDS, QUIET)
    first = next(network.decode(values, pieces(network.frames(values))))
    assert len(first) == FIRST * 256


def test_edges_follow_the_durations(network):
    values = network.encode(IDS, QUIET)
    edges = network.edges(values, 150)
    assert (edges[0], edges[-1]) == (0, network.frames(values))
    assert np.array_equal(np.diff(edges), values["/Ceil_output_0"].reshape(-1))
    evenly = network.edges(values, 149)
    assert np.ptp(np.diff(evenly)) < 1e-9
    assert evenly[-1] == network.frames(values)


def test_a_voice_that_cannot_be_made_in_pieces_is_refused(toy_vits, tmp_path):
    """A decoder that looks at everything at once: its sound, brought to the same mean."""
    model = onnx.load(toy_vits / "toy.onnx")
    tanh = next(node for node in reversed(model.graph.node) if node.op_type == "Tanh")
    mean = helper.make_node("ReduceMean", [tanh.input[0]], ["mean"], axes=[2])
    moved = helper.make_node("Sub", [tanh.input[0], "mean"], ["moved"])
    at = list(model.graph.node).index(tanh)
    tanh.input[0] = "moved"
    model.graph.node.insert(at, moved)
    model.graph.node.insert(at, mean)
    onnx.save(model, tmp_path / "whole.onnx")
    with pytest.raises(EngineError) as caught:
        take_apart(tmp_path / "whole.onnx", IDS[:80], tmp_path)
    assert caught.value.code == "model-unsupported"
    assert "ReduceMean looks at everything" in str(caught.value)


def test_a_flow_that_looks_at_everything_stays_with_the_encoder(toy_vits, tmp_path):
    model = onnx.load(toy_vits / "toy.onnx")
    entry = next(node for node in model.graph.node if node.name == "/dec/conv_pre/Conv")
    mean = helper.make_node("ReduceMean", [entry.input[0]], ["mean"], axes=[2])
    moved = helper.make_node("Sub", [entry.input[0], "mean"], ["moved"])
    at = list(model.graph.node).index(entry)
    entry.input[0] = "moved"
    model.graph.node.insert(at, moved)
    model.graph.node.insert(at, mean)
    onnx.save(model, tmp_path / "whole.onnx")
    take_apart(tmp_path / "whole.onnx", IDS[:80], tmp_path)
    network = Network(tmp_path)
    assert len(network._stages) == 1
    values = network.encode(IDS, QUIET)
    assert network.edges(values, 150)[-1] == network.frames(values)


@given(st.integers(0, 3000), st.integers(1, 50), st.integers(50, 200))
def test_pieces_make_up_the_frames(frames, first, most):
    spans = pieces(frames, first, most)
    assert [n for start, end in spans for n in range(start, end)] == list(range(frames))
    assert all(end - start <= most for start, end in spans)


def test_pieces_begin_short_and_grow():
    assert [end - start for start, end in pieces(500)] == [FIRST, 48, 96, MOST, MOST, 76]
