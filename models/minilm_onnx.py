"""Converts all-MiniLM-L6-v2 from its published weights to an int8 ONNX graph, without torch.

Run as a process of its own (``python -m models.minilm_onnx FOLDER OUTPUT``), so that neither the onnx
package nor 90 MB of float weights ever enter a serving process. The architecture is BERT (Devlin et
al. 2019, post-norm, exact GELU) with mean pooling and unit length (Reimers & Gurevych 2019). The graph
takes one text at a time, so it needs no padding mask, and the dynamic int8 ranges of one text never
depend on its neighbours in a batch. A few channels of BERT's activations are far larger than the rest;
SmoothQuant (Xiao et al. 2023) moves that range into the weights before both become int8.
"""

from __future__ import annotations

import json
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort
from onnx import helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from voicecore.types import Floats

OPSET = 20
IR_VERSION = 10
SMOOTHING = 0.6
"""SmoothQuant's exponent: the best of 0.25 to 0.75."""
MIN_COSINE = 0.99
"""The int8 graph may not turn the embedding of a check sentence further from float32 than this."""
CALIBRATION = (
    "hello how can I help you",
    "the quick brown fox jumps over the lazy dog",
    "please send the invoice to my new address",
    "what time does the office open on saturday",
    "one two three four five six",
    "I don't understand this charge on my phone bill from last month",
)
CHECKS = (
    "I want to pay my bill",
    "what is the balance on my account",
    "could you pass me to a real person please",
    "no thank you goodbye",
    "there is a line on my invoice that I did not expect and I would like to know why",
)

Ids = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Bert:
    """Shapes and float32 weights of a BERT encoder, named as published."""

    weights: dict[str, Floats]
    layers: int
    heads: int
    epsilon: float

    def dense(self, name: str) -> tuple[Floats, Floats]:
        """Kernel [in, out] and bias [out] of a linear layer.

        ``*.attention.self`` is query, key and value side by side, the query already divided by the
        square root of a head's width.
        """
        if not name.endswith(".self"):
            return self.weights[f"{name}.weight"].T, self.weights[f"{name}.bias"]
        parts = [self.dense(f"{name}.{part}") for part in ("query", "key", "value")]
        scale = np.float32(1 / math.sqrt(parts[0][1].size // self.heads))
        parts[0] = (parts[0][0] * scale, parts[0][1] * scale)
        return np.concatenate([w for w, _ in parts], axis=1), np.concatenate([b for _, b in parts])

    def norm(self, name: str) -> tuple[Floats, Floats]:
        """Gain and bias of a layer normalisation."""
        return self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]


def read_bert(folder: Path) -> Bert:
    """The weights in ``folder`` (``model.safetensors``, ``config.json``)."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    weights = load_file(folder / "model.safetensors")
    return Bert(
        {name.removeprefix("bert."): w for name, w in weights.items() if w.dtype == np.float32},
        layers=config["num_hidden_layers"],
        heads=config["num_attention_heads"],
        epsilon=config["layer_norm_eps"],
    )


def embed_reference(bert: Bert, ids: Ids, peaks: dict[str, Floats] | None = None) -> Floats:
    """The float32 embedding of one text in plain numpy: ``ids`` [T] -> unit vector [H].

    ``peaks`` collects, for each linear layer, the largest magnitude [in] of every input channel.
    """

    def norm(x: Floats, name: str) -> Floats:
        gain, bias = bert.norm(name)
        centred: Floats = x - x.mean(axis=-1, keepdims=True)
        centred /= np.sqrt(centred.var(axis=-1, keepdims=True) + np.float32(bert.epsilon))
        return centred * gain + bias

    def linear(x: Floats, name: str) -> Floats:
        kernel, bias = bert.dense(name)
        if peaks is not None:
            peaks[name] = np.maximum(np.abs(x).max(axis=0), peaks.get(name, 0))
        return x @ kernel + bias

    erf = np.frompyfunc(math.erf, 1, 1)
    table = {part: bert.weights[f"embeddings.{part}_embeddings.weight"] for part in ("word", "position")}
    types = bert.weights["embeddings.token_type_embeddings.weight"]
    x = norm(table["word"][ids] + table["position"][: len(ids)] + types[0], "embeddings.LayerNorm")
    for layer in (f"encoder.layer.{i}" for i in range(bert.layers)):
        joint = linear(x, f"{layer}.attention.self")
        q, k, v = joint.reshape(len(ids), 3, bert.heads, -1).transpose(1, 2, 0, 3)
        scores = np.exp(q @ k.transpose(0, 2, 1))
        heads = scores / scores.sum(axis=-1, keepdims=True) @ v
        mixed = linear(heads.transpose(1, 0, 2).reshape(x.shape), f"{layer}.attention.output.dense")
        x = norm(x + mixed, f"{layer}.attention.output.LayerNorm")
        wide = linear(x, f"{layer}.intermediate.dense")
        wide = wide * (0.5 + 0.5 * erf(wide / math.sqrt(2)).astype(np.float32))
        x = norm(x + linear(wide, f"{layer}.output.dense"), f"{layer}.output.LayerNorm")
    pooled: Floats = x.mean(axis=0)
    return pooled / np.linalg.norm(pooled)


class _Graph:
    """Collects nodes and constants; every operation returns the name of its result."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, array: npt.ArrayLike) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def op(self, kind: str, *inputs: str, outputs: int = 1, **attributes: Any) -> Any:
        """Append a node; the name of its output, or a list of names where it has several."""
        names = [f"n{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, inputs, names, f"{kind}{len(self.nodes)}", **attributes))
        return names[0] if outputs == 1 else names

    def linear(self, x: str, kernel: Floats, bias: Floats, peak: Floats | None) -> str:
        """``x @ kernel + bias``, with the range of ``x`` evened out where its peaks [in] are known."""
        if peak is not None:
            weight = np.maximum(np.abs(kernel).max(axis=1), 1e-5)
            scale = np.maximum(peak, np.float32(1e-5)) ** SMOOTHING / weight ** (1 - SMOOTHING)
            x, kernel = self.op("Mul", x, self.constant(1 / scale)), kernel * scale[:, None]
        return str(self.op("Add", self.op("MatMul", x, self.constant(kernel)), self.constant(bias)))

    def norm(self, x: str, gain: Floats, bias: Floats, epsilon: float) -> str:
        scale, offset = self.constant(gain), self.constant(bias)
        return str(self.op("LayerNormalization", x, scale, offset, axis=-1, epsilon=epsilon))


def build_graph(bert: Bert, peaks: dict[str, Floats]) -> onnx.ModelProto:
    """The encoder as ONNX: ``input_ids`` int64 [T] -> ``embedding`` float32 [H], unit length.

    ``peaks`` as collected by ``embed_reference``; it changes nothing but the effect of quantisation.
    """
    graph = _Graph()
    x = _embeddings(graph, bert)
    for layer in (f"encoder.layer.{i}" for i in range(bert.layers)):
        x = _layer(graph, bert, layer, x, peaks)
    axis = graph.constant(np.array([0]))
    pooled = graph.op("ReduceMean", x, axis, keepdims=0)
    graph.nodes.append(helper.make_node("LpNormalization", [pooled], ["embedding"], "unit", axis=-1, p=2))
    hidden = bert.weights["embeddings.word_embeddings.weight"].shape[1]
    return helper.make_model(
        helper.make_graph(
            graph.nodes,
            "minilm",
            [helper.make_tensor_value_info("input_ids", onnx.TensorProto.INT64, ["tokens"])],
            [helper.make_tensor_value_info("embedding", onnx.TensorProto.FLOAT, [hidden])],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="voicecore",
    )


def _embeddings(graph: _Graph, bert: Bert) -> str:
    """Word, position and (single) sentence-type embeddings, normalised: [T, H]."""
    types = bert.weights["embeddings.token_type_embeddings.weight"]
    positions = graph.constant(bert.weights["embeddings.position_embeddings.weight"] + types[0])
    words = graph.op("Gather", graph.constant(bert.weights["embeddings.word_embeddings.weight"]), "input_ids")
    start = graph.constant(np.array([0]))
    places = graph.op("Slice", positions, start, graph.op("Shape", "input_ids"), start)
    return graph.norm(graph.op("Add", words, places), *bert.norm("embeddings.LayerNorm"), bert.epsilon)


def _layer(graph: _Graph, bert: Bert, layer: str, x: str, peaks: dict[str, Floats]) -> str:
    """One transformer layer, post-norm: [T, H] -> [T, H]."""

    def linear(x: str, part: str) -> str:
        name = f"{layer}.{part}"
        return graph.linear(x, *bert.dense(name), peaks.get(name))

    joint = linear(x, "attention.self")
    split = graph.op("Reshape", joint, graph.constant(np.array([0, 3, bert.heads, -1])))
    stacked = graph.op("Transpose", split, perm=(1, 2, 0, 3))
    parts = graph.op("Split", stacked, axis=0, num_outputs=3, outputs=3)
    q, k, v = (graph.op("Squeeze", part, graph.constant(np.array([0]))) for part in parts)
    scores = graph.op("MatMul", q, graph.op("Transpose", k, perm=(0, 2, 1)))
    heads = graph.op("MatMul", graph.op("Softmax", scores, axis=-1), v)
    joined = graph.op("Transpose", heads, perm=(1, 0, 2))
    flat = graph.op("Reshape", joined, graph.constant(np.array([0, -1])))
    mixed = linear(flat, "attention.output.dense")
    attended = f"{layer}.attention.output.LayerNorm"
    x = graph.norm(graph.op("Add", x, mixed), *bert.norm(attended), bert.epsilon)
    wide = graph.op("Gelu", linear(x, "intermediate.dense"))
    x = graph.op("Add", x, linear(wide, "output.dense"))
    return graph.norm(x, *bert.norm(f"{layer}.output.LayerNorm"), bert.epsilon)


def convert(folder: Path, output: Path) -> float:
    """Write the int8 graph of the model in ``folder`` to ``output``.

    Weights become int8 per channel, activations uint8 with a range per text; where the processor's
    int8 products saturate (x86 without VNNI) the weights become uint8 instead. Returns the smallest
    cosine between int8 and float32 embeddings of ``CHECKS``; raises ValueError below ``MIN_COSINE``.
    """
    bert = read_bert(folder)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    checks = [np.array(tokenizer.encode(text).ids) for text in CHECKS]
    wanted = [embed_reference(bert, ids) for ids in checks]
    peaks: dict[str, Floats] = {}
    for text in CALIBRATION:
        embed_reference(bert, np.array(tokenizer.encode(text).ids), peaks)
    cosine = 0.0
    for weight_type in (QuantType.QInt8, QuantType.QUInt8):
        quantize_dynamic(
            build_graph(bert, peaks),
            output,
            op_types_to_quantize=["MatMul", "Gather"],
            weight_type=weight_type,
            per_channel=True,
        )
        session = ort.InferenceSession(output, providers=["CPUExecutionProvider"])
        got = [session.run(None, {"input_ids": ids})[0] for ids in checks]
        cosine = min(float(a @ b) for a, b in zip(got, wanted, strict=True))
        if cosine >= MIN_COSINE:
            return cosine
    output.unlink()
    raise ValueError(f"int8 embeddings turned too far from float32: cosine {cosine:.4f} < {MIN_COSINE}")


if __name__ == "__main__":
    print(f"cosine to float32 {convert(Path(sys.argv[1]), Path(sys.argv[2])):.4f}")
