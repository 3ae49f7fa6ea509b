"""A small writer of ONNX graphs whose weights are noise: what the synthetic voices are made with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from models.synthesize.marker import NOTICE
from voicecore.types import Floats

OPSET = 17
IR_VERSION = 8
FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64
LAST = np.iinfo(np.int64).max
"""As the end of a slice: up to the end."""

Value = str | npt.ArrayLike
"""The name of a tensor, or a constant: Python numbers become float32 and int64."""


class Graph:
    """Collects nodes and weights; every operation returns the name of its result.

    Channels come first, as in the networks that are rebuilt here: [B, channels, T].
    """

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._seed = seed
        self._nodes: list[onnx.NodeProto] = []
        self._weights: dict[str, onnx.TensorProto] = {}
        self.parameters = 0
        """Weights made so far."""

    def __call__(self, kind: str, *inputs: Value, name: str = "", outputs: int = 1, **attributes: Any) -> Any:
        """Append a node: the name of its result, or a list of names where it has several."""
        name = name or f"/{kind}_{len(self._nodes)}"
        results = [f"{name}_output_{i}" for i in range(outputs)]
        names = [value if isinstance(value, str) else self.constant(value) for value in inputs]
        self._nodes.append(helper.make_node(kind, names, results, name, **attributes))
        return results[0] if outputs == 1 else results

    def constant(self, value: npt.ArrayLike) -> str:
        """An initialiser; equal small ones are kept once."""
        array = np.asarray(value)
        array = array.astype({"f": np.float32, "i": np.int64}.get(array.dtype.kind, array.dtype))
        key = f"{array.dtype}{array.shape}{array.tobytes()!r}" if array.size < 32 else ""
        if key not in self._weights:
            tensor = numpy_helper.from_array(np.ascontiguousarray(array), f"constant_{len(self._weights)}")
            self._weights[key or tensor.name] = tensor
            return str(tensor.name)
        return str(self._weights[key].name)

    def noise(self, *size: int, inputs: int, gain: float = 1.0) -> str:
        """A weight that keeps the variance of what it is multiplied with, times ``gain`` squared."""
        values: Floats = self._rng.standard_normal(size, dtype=np.float32)
        self.parameters += values.size
        return self.constant(values * np.float32(gain / np.sqrt(inputs)))

    def full(self, size: int, value: float) -> str:
        """A weight of one value: a bias or a gain."""
        self.parameters += size
        return self.constant(np.full(size, value, np.float32))

    def conv(
        self, x: str, inputs: int, outputs: int, kernel: int = 1, *, dilation: int = 1, groups: int = 1,
        stride: int = 1, pad: int | None = None, bias: float | None = 0.0, gain: float = 1.0, name: str = "",
    ) -> str:  # fmt: skip
        """Conv1d [B, inputs, T] -> [B, outputs, T'], of the same length unless ``stride`` or ``pad`` say."""
        weight = self.noise(outputs, inputs // groups, kernel, inputs=inputs // groups * kernel, gain=gain)
        extra = () if bias is None else (self.full(outputs, bias),)
        side = dilation * (kernel - 1) // 2 if pad is None else pad
        result = self(
            "Conv", x, weight, *extra, name=name, dilations=[dilation], group=groups,
            kernel_shape=[kernel], pads=[side, side], strides=[stride],
        )  # fmt: skip
        return str(result)

    def upsample(
        self, x: str, inputs: int, outputs: int, kernel: int, stride: int, *, groups: int = 1, extra: int = 0
    ) -> str:
        """ConvTranspose1d, cut so that T becomes T * stride."""
        weight = self.noise(inputs, outputs // groups, kernel, inputs=inputs // groups * kernel // stride)
        side = (kernel - stride + extra) // 2
        result = self(
            "ConvTranspose", x, weight, self.full(outputs, 0.0), group=groups, kernel_shape=[kernel],
            pads=[side, side], strides=[stride], output_padding=[extra],
        )  # fmt: skip
        return str(result)

    def linear(self, x: str, inputs: int, outputs: int, *, bias: float = 0.0) -> str:
        """[..., inputs] -> [..., outputs]."""
        product = self("MatMul", x, self.noise(inputs, outputs, inputs=inputs))
        return str(self("Add", product, self.full(outputs, bias)))

    def norm(self, x: str, width: int) -> str:
        """Layer normalisation over the channels of [B, width, T]."""
        turned = self("Transpose", x, perm=(0, 2, 1))
        return str(self("Transpose", self.norm_last(turned, width), perm=(0, 2, 1)))

    def norm_last(self, x: str, width: int) -> str:
        """Layer normalisation over the last axis of [..., width]."""
        gain, bias = self.full(width, 1.0), self.full(width, 0.0)
        return str(self("LayerNormalization", x, gain, bias, axis=-1, epsilon=1e-5))

    def gelu(self, x: str) -> str:
        half = self("Mul", x, 0.5)
        return str(self("Mul", half, self("Add", self("Erf", self("Mul", x, 2**-0.5)), 1.0)))

    def length(self, x: str, axis: int = -1) -> str:
        """The size of an axis: int64 [1]."""
        return str(self("Gather", self("Shape", x), [axis]))

    def cut(self, x: str, start: str | int, stop: str | int, axis: int = 1) -> str:
        """``x[..., start:stop, ...]``; int or int64 [1]."""
        ends = (value if isinstance(value, str) else self.constant([value]) for value in (start, stop))
        return str(self("Slice", x, *ends, [axis]))

    def split(self, x: str, sizes: Sequence[int], axis: int = 1) -> list[str]:
        return list(self("Split", x, list(sizes), axis=axis, outputs=len(sizes)))

    def save(
        self,
        file: Path,
        inputs: Mapping[str, tuple[int, list[Any]]],
        outputs: Mapping[str, tuple[str, int, list[Any]]],
    ) -> None:
        """Check and write the graph.

        ``inputs``: name -> type, shape. ``outputs``: name -> tensor, type, shape.
        """
        for name, (tensor, _, _) in outputs.items():
            self._nodes.append(helper.make_node("Identity", [tensor], [name], f"/{name}"))
        graph = helper.make_graph(
            self._nodes,
            file.stem,
            [helper.make_tensor_value_info(name, *facts) for name, facts in inputs.items()],
            [helper.make_tensor_value_info(name, *facts[1:]) for name, facts in outputs.items()],
            list(self._weights.values()),
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
        )
        helper.set_model_props(model, {"synthetic": f"{NOTICE}; seed {self._seed}"})
        onnx.checker.check_model(model)
        file.parent.mkdir(parents=True, exist_ok=True)
        onnx.save(model, file)
