"""A voice in pieces: the whole's samples, only as many as are asked for, and nothing that is not exact."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

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


def changed(folder, file, change):
    """The toy voice with ``change(graph, node, at)`` done to what its decoder begins with; taken apart."""
    model = onnx.load(folder / "toy.onnx")
    nodes = list(model.graph.node)
    entry = next(node for node in nodes if node.name == "/dec/conv_pre/Conv")
    change(model.graph, entry, nodes.index(entry))
    onnx.save(model, file)
    take_apart(file, IDS[:80], file.parent)
    return Network(file.parent)


def centred(graph, node, at):
    """Subtract the mean over all time from what ``node`` reads."""
    graph.node.insert(at, helper.make_node("Sub", [node.input[0], "mean"], ["moved"]))
    graph.node.insert(at, helper.make_node("ReduceMean", [node.input[0]], ["mean"], axes=[2]))
    node.input[0] = "moved"


def test_a_voice_that_cannot_be_made_in_pieces_is_refused(toy_vits, tmp_path):
    def at_the_end(graph, *_):
        last = next(node for node in reversed(graph.node) if node.op_type == "Tanh")
        centred(graph, last, list(graph.node).index(last))

    with pytest.raises(EngineError) as caught:
        changed(toy_vits, tmp_path / "whole.onnx", at_the_end)
    assert caught.value.code == "model-unsupported"
    assert "ReduceMean looks at everything" in str(caught.value)


def test_a_flow_that_looks_at_everything_stays_with_the_encoder(toy_vits, tmp_path):
    network = changed(toy_vits, tmp_path / "whole.onnx", centred)
    assert len(network._stages) == 1
    values = network.encode(IDS, QUIET)
    assert network.edges(values, 150)[-1] == network.frames(values)


def test_speakers_reach_the_stages_whole(toy_vits, tmp_path):
    def with_speakers(graph, node, at):
        table = np.random.default_rng(1).standard_normal((3, 32, 1)).astype(np.float32)
        graph.initializer.append(numpy_helper.from_array(table, "speakers"))
        graph.input.append(helper.make_tensor_value_info("sid", TensorProto.INT64, [1]))
        graph.node.insert(at, helper.make_node("Add", [node.input[0], "speaker"], ["moved"]))
        graph.node.insert(0, helper.make_node("Gather", ["speakers", "sid"], ["speaker"]))
        node.input[0] = "moved"

    network = changed(toy_vits, tmp_path / "whole.onnx", with_speakers)
    sounds = []
    for speaker in (0, 2):
        values = network.encode(IDS, QUIET, speaker)
        assert values["speaker"].shape == (1, 32, 1)
        spans = pieces(network.frames(values))
        sounds.append(np.concatenate(list(network.decode(values, spans))))
    assert np.abs(sounds[0] - sounds[1]).max() > 0.01


def test_weights_may_be_computed(toy_vits, tmp_path, network):
    """As length and direction, which is how some voices were published."""

    def halved(graph, node, at):
        graph.initializer.append(numpy_helper.from_array(np.float32(0.5), "half"))
        graph.node.insert(at, helper.make_node("Mul", [node.input[1], "half"], ["weight"]))
        node.input[1] = "weight"

    halves = changed(toy_vits, tmp_path / "whole.onnx", halved)
    assert [stage.margin for stage in halves._stages] == [stage.margin for stage in network._stages]


@given(st.integers(0, 3000), st.integers(1, 50), st.integers(50, 200))
def test_pieces_make_up_the_frames(frames, first, most):
    spans = pieces(frames, first, most)
    assert [n for start, end in spans for n in range(start, end)] == list(range(frames))
    assert all(end - start <= most for start, end in spans)


def test_pieces_begin_short_and_grow():
    assert [end - start for start, end in pieces(500)] == [FIRST, 48, 96, MOST, MOST, 76]
