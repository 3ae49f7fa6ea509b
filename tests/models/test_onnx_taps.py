"""Inner values of a model come out beside its own outputs, unchanged."""

from __future__ import annotations

import numpy as np
import onnxruntime as ort
import pytest

from models.onnx_taps import tapped

onnx = pytest.importorskip("onnx", reason="needs the pip extra 'models'")


def small_model() -> bytes:
    """y = relu(x + x)."""
    from onnx import TensorProto, helper

    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, 3]) for name in "xy")
    inner = "a" * 200
    nodes = [helper.make_node("Add", ["x", "x"], [inner]), helper.make_node("Relu", [inner], ["y"])]
    graph = helper.make_graph(nodes, "g", [x], [y])
    opset = helper.make_opsetid("", 17)
    return helper.make_model(graph, opset_imports=[opset], ir_version=8).SerializeToString()


def test_a_tap_is_a_further_output() -> None:
    model = tapped(small_model(), ["a" * 200])
    session = ort.InferenceSession(model, providers=["CPUExecutionProvider"])
    x = np.array([[1, -2, 3]], np.float32)
    y, inner = session.run(None, {"x": x})
    np.testing.assert_array_equal(inner, 2 * x)
    np.testing.assert_array_equal(y, np.maximum(2 * x, 0))


def test_without_taps_nothing_changes() -> None:
    assert tapped(small_model(), []) == small_model()
