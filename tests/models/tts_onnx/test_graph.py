"""Graphs taken apart: the two halves make what the whole makes, and noise is the same every time."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper

from models.tts_onnx.graph import POOL, expose_durations, fix_noise, split_vits
from voicecore.errors import EngineError

QUIET = np.array([0, 1, 0], np.float32)
"""No noise at all: the one setting in which the voice as published repeats itself."""


def session(model):
    return ort.InferenceSession(model if isinstance(model, str) else model.SerializeToString())


@pytest.fixture(scope="module")
def ids():
    return np.random.default_rng(3).integers(3, 120, (1, 60))


def feeds(ids, scales=QUIET):
    return {"input": ids, "input_lengths": np.array([ids.shape[1]]), "scales": scales}


@pytest.fixture(scope="module")
def split(toy_vits):
    return split_vits(onnx.load(toy_vits / "toy.onnx"))


@pytest.mark.parametrize("before_flow", [True, False])
def test_the_parts_make_what_the_whole_makes(toy_vits, ids, before_flow):
    (whole,) = session(str(toy_vits / "toy.onnx")).run(None, feeds(ids))
    split = split_vits(onnx.load(toy_vits / "toy.onnx"), before_flow)
    assert [stage.hop for stage in split.stages] == ([1, 256] if before_flow else [256])
    encoder = session(split.encoder)
    names = [output.name for output in encoder.get_outputs()]
    values = dict(zip(names, encoder.run(None, feeds(ids)), strict=True))
    value = values[split.stages[0].latent]
    for stage in split.stages:
        given = {stage.latent: value} | {name: values[name] for name in stage.context}
        (value,) = session(stage.model).run(None, given)
    np.testing.assert_allclose(value.reshape(-1), whole.reshape(-1), atol=1e-6)
    assert values[split.durations].shape == (1, 1, 60)
    assert values[split.durations].sum() * 256 == whole.size


@pytest.mark.parametrize("nth", [0, 1])
def test_the_margin_is_enough_and_needed(split, nth):
    """A piece with its margin gives the whole's samples; with less than it asks for, it does not."""
    stage = split.stages[nth]
    run = session(stage.model)
    latent = np.random.default_rng(5).standard_normal((1, 32, 100)).astype(np.float32)

    def made(low, high):
        context = {name: np.ones((1, 1, high - low), np.float32) for name in stage.context}
        return run.run(None, {stage.latent: latent[:, :, low:high], **context})[0].reshape(
            -1, (high - low) * stage.hop
        )

    def error(margin):
        piece = made(40 - margin, 60 + margin)[:, margin * stage.hop : (margin + 20) * stage.hop]
        return np.abs(piece - made(0, 100)[:, 40 * stage.hop : 60 * stage.hop]).max()

    assert error(stage.margin) < 1e-5
    assert error(stage.margin // 2) > 1e-4


def test_noise_is_there_and_always_the_same(split, ids):
    encoder = session(split.encoder)
    loud = np.array([0.667, 1, 0.8], np.float32)
    first, again = (encoder.run(None, feeds(ids, loud))[0] for _ in range(2))
    np.testing.assert_array_equal(first, again)
    quiet = encoder.run(None, feeds(ids))[0]
    assert first.shape != quiet.shape or np.abs(first - quiet).max() > 0.1


def random_model(kind, shape, **attributes):
    nodes = [helper.make_node(kind, ["x"], [name], **attributes) for name in ("y", "z")]
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("y", "z")]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)]
    graph = helper.make_graph(nodes, "g", inputs, outputs)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8)


@pytest.mark.parametrize(
    ("kind", "attributes", "mean", "deviation"),
    [
        ("RandomNormalLike", {}, 0, 1),
        ("RandomNormalLike", {"mean": 3.0, "scale": 2.0}, 3, 2),
        ("RandomUniformLike", {}, 0.5, 12**-0.5),
        ("RandomUniformLike", {"low": -1.0, "high": 1.0}, 0, 2 * 12**-0.5),
    ],
)
def test_fixed_noise_has_the_distribution_asked_for(kind, attributes, mean, deviation):
    model = random_model(kind, ["a", 9, "b"], **attributes)
    fix_noise(model)
    long = POOL // 9 + 5_000
    one, other = session(model).run(None, {"x": np.zeros((1, 9, long), np.float32)})
    assert one.shape == (1, 9, long)
    assert one.mean() == pytest.approx(mean, abs=0.01)
    assert one.std() == pytest.approx(deviation, abs=0.01)
    assert abs(np.corrcoef(one[0, 0], other[0, 0])[0, 1]) < 0.02
    np.testing.assert_array_equal(one.reshape(-1)[:100], one.reshape(-1)[POOL : POOL + 100])


def test_noise_of_a_fixed_shape():
    node = helper.make_node("RandomNormal", [], ["y"], shape=[2, 3])
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    graph = helper.make_graph([node], "g", [], [output])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8)
    fix_noise(model)
    first, again = (session(model).run(None, {})[0] for _ in range(2))
    assert first.shape == (2, 3)
    np.testing.assert_array_equal(first, again)


def test_durations_are_found_where_they_are_not_told():
    """A model without the output: the frames come from Round, behind Sigmoid, ReduceSum and Div."""
    nodes = [
        helper.make_node("Sigmoid", ["x"], ["s"]),
        helper.make_node("ReduceSum", ["s", "last"], ["r"], keepdims=0),
        helper.make_node("Div", ["r", "speed"], ["d"]),
        helper.make_node("Round", ["d"], ["frames"]),
        helper.make_node("Add", ["frames", "frames"], ["sound"]),
    ]
    inputs = [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in ("x", "speed")]
    output = helper.make_tensor_value_info("sound", TensorProto.FLOAT, None)
    last = helper.make_tensor("last", TensorProto.INT64, [1], [-1])
    graph = helper.make_graph(nodes, "g", inputs, [output], [last])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8)
    assert expose_durations(model) == "frames"
    feeds = {"x": np.full((1, 3, 50), 9, np.float32), "speed": np.array([2], np.float32)}
    assert session(model).run(["frames"], feeds)[0].tolist() == [[25, 25, 25]]
    del model.graph.node[3:]
    del model.graph.output[:]
    model.graph.output.append(helper.make_tensor_value_info("d", TensorProto.FLOAT, None))
    assert expose_durations(model) is None


def test_a_graph_of_something_else_is_refused():
    for before_flow in (True, False):
        with pytest.raises(EngineError) as caught:
            split_vits(random_model("RandomNormalLike", [1]), before_flow)
        assert caught.value.code == "model-unsupported"
