"""Takes voice models apart: encoder and decoder of a VITS voice, fixed noise, durations as an output."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil, prod

import numpy as np
import onnx
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper

from voicecore.errors import EngineError

POOL = 1 << 20
"""Random numbers that a model has, tiled where it wants more: 4 MB, and 40 s of sound at 24 kHz."""
_STRIDE = 104_729
"""Each place that wants noise begins this much further on in the pool."""
_NORMAL = frozenset({"RandomNormalLike", "RandomNormal"})
_UNIFORM = frozenset({"RandomUniformLike", "RandomUniform"})

_LOCAL = frozenset({
    "Conv", "ConvTranspose", "Add", "Sub", "Mul", "Div", "Neg", "Sum", "Exp", "Log", "Sqrt", "Pow", "Abs",
    "Sin", "Tanh", "Sigmoid", "Relu", "LeakyRelu", "Clip", "Cast", "Concat", "Split", "Slice", "Gather",
    "Squeeze", "Unsqueeze", "ConstantOfShape", "Expand", "Identity", "Where", "Shape", "Min", "Max",
})  # fmt: skip
"""Operations that look at one moment only, convolutions apart."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of a voice that works on a bounded neighbourhood, so that it can be run in pieces."""

    model: ModelProto
    latent: str
    """The input that is taken in pieces: float32 [1, channels, frames]."""
    context: tuple[str, ...]
    """What else it wants from the encoder: [1, n, frames], or [1, n, 1] for all frames (a speaker)."""
    hop: int
    """Frames or samples that it makes of each frame."""
    margin: int
    """Frames on either side that what it makes depends on."""


@dataclass(frozen=True, slots=True)
class Split:
    """A VITS voice in parts: ``encoder`` makes latents of a whole text, the ``stages`` sound of them."""

    encoder: ModelProto
    stages: tuple[Stage, ...]
    durations: str | None
    """The encoder's output with the frames of each input symbol; None if there is no such thing."""


def split_vits(model: ModelProto, before_flow: bool = True) -> Split:
    """Cut a voice before its decoder (HiFi-GAN, Kong et al. 2020), and before its flow as well.

    Places are found by structure: the decoder begins with the convolution wider than one sample before the
    first transposed one; the flow with the sum of a mean and the noise that is as long as the speech.
    From there on everything sees a bounded neighbourhood: a piece with its margin on either side
    gives exactly the samples of the whole. Noise is fixed (``fix_noise``). Raises
    EngineError("model-unsupported").
    """
    graph = model.graph
    shapes = _weight_shapes(graph)
    cuts = [_decoder_entry(graph, _makers(graph), shapes).input[0]]
    if before_flow:
        cuts.insert(0, _flow_entry(graph))
    fix_noise(model)
    makers, moving = _makers(graph), _moving(graph, {value.name for value in graph.input})
    durations = _durations(_ancestors(cuts[:1], makers))
    kinds = _kinds(model)
    stages = []
    for latent, made in zip(cuts, [*cuts[1:], graph.output[0].name], strict=True):
        following = _moving(graph, {latent})
        nodes, crossing = _between(graph, made, makers, following, moving)
        context = tuple(name for name in crossing if name != latent)
        within = _moving(graph, set(cuts[:1]))
        if any(name in within or kinds.get(name, TensorProto.FLOAT) != TensorProto.FLOAT for name in context):
            raise EngineError("model-unsupported", f"this voice cannot be cut at {latent}")
        hop, margin = _reach(nodes, latent, made, shapes)
        inputs = [_float(name, [1, "channels", "frames"]) for name in (latent, *context)]
        stages.append(Stage(_part(model, nodes, inputs, [_float(made)]), latent, context, hop, margin))
    wanted = dict.fromkeys([cuts[0], *(name for stage in stages for name in stage.context)])
    wanted |= dict.fromkeys([durations] if durations else [])
    encoder = _in_order(graph, _ancestors(wanted, makers))
    outputs = [_float(name) for name in wanted]
    return Split(_part(model, encoder, list(graph.input), outputs), tuple(stages), durations)


def expose_durations(model: ModelProto) -> str | None:
    """Make the frames per symbol of a Kokoro model an output, unless one exists; its name.

    Durations are rounded there from a sum of sigmoids over the speed (StyleTTS 2, Li et al. 2023).
    """
    if len(model.graph.output) > 1:
        return str(model.graph.output[1].name)
    makers = _makers(model.graph)
    for node in model.graph.node:
        if node.op_type == "Round":
            kinds = [n.op_type for n in _ancestors(node.input, makers, depth=4)]
            if {"Sigmoid", "ReduceSum", "Div"} <= set(kinds):
                kind = _kinds(model).get(node.output[0], TensorProto.FLOAT)
                model.graph.output.append(helper.make_tensor_value_info(node.output[0], kind, None))
                return str(node.output[0])
    return None


def fix_noise(model: ModelProto) -> None:
    """Replace random numbers by fixed ones, so that the same text always gives the same samples.

    Each place reads a stretch of one pool, repeated as often as its shape asks.
    """
    graph = model.graph
    nodes: list[NodeProto] = []
    count = 0
    for node in graph.node:
        if node.op_type in _NORMAL | _UNIFORM:
            nodes += _reading(node, count)
            count += 1
        else:
            nodes.append(node)
    if not count:
        return
    del graph.node[:]
    graph.node.extend(nodes)
    random = np.random.default_rng(1)
    pools = {"normal": random.standard_normal(POOL, np.float32), "uniform": random.random(POOL, np.float32)}
    graph.initializer.extend(numpy_helper.from_array(pool, f"noise.{kind}") for kind, pool in pools.items())
    constants = {"noise.size": [POOL], "noise.zero": [0], "noise.all": [-1], "noise.one": [1]}
    graph.initializer.extend(numpy_helper.from_array(np.array(v, np.int64), n) for n, v in constants.items())


def _reading(node: NodeProto, nth: int) -> Iterator[NodeProto]:
    """Nodes that give what the random ``node`` gave: its shape's worth of the pool, scaled and moved."""
    at = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    kind = "normal" if node.op_type in _NORMAL else "uniform"
    low, high = float(at.get("low", 0)), float(at.get("high", 1))
    scale, offset = (at.get("scale", 1.0), at.get("mean", 0.0)) if kind == "normal" else (high - low, low)
    name = f"noise.{nth}."
    start = nth * _STRIDE % POOL
    if node.input:
        yield helper.make_node("Shape", [node.input[0]], [name + "shape"])
    else:
        yield _constant(name + "shape", np.array(at["shape"], np.int64))
    yield _constant(name + "start", np.array([start], np.int64))
    yield _constant(name + "scale", np.float32(scale))
    yield _constant(name + "offset", np.float32(offset))
    yield helper.make_node("ReduceProd", [name + "shape"], [name + "count"], keepdims=1)
    yield helper.make_node("Add", [name + "count", name + "start"], [name + "end"])
    yield helper.make_node("Div", [name + "end", "noise.size"], [name + "whole"])
    yield helper.make_node("Add", [name + "whole", "noise.one"], [name + "times"])
    yield helper.make_node("Tile", [f"noise.{kind}", name + "times"], [name + "tiled"])
    yield helper.make_node("Slice", [name + "tiled", name + "start", name + "end"], [name + "flat"])
    yield helper.make_node("Reshape", [name + "flat", name + "shape"], [name + "plain"])
    yield helper.make_node("Mul", [name + "plain", name + "scale"], [name + "scaled"])
    yield helper.make_node("Add", [name + "scaled", name + "offset"], [node.output[0]])


def _constant(name: str, value: object) -> NodeProto:
    return helper.make_node("Constant", [], [name], value=numpy_helper.from_array(np.asarray(value)))


def _float(name: str, shape: Sequence[int | str] | None = None) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def _makers(graph: GraphProto) -> dict[str, NodeProto]:
    """The node that makes each value."""
    return {name: node for node in graph.node for name in node.output}


def _flow_entry(graph: GraphProto) -> str:
    """What the flow begins with: noise that depends on the durations, scaled and added to a mean."""
    makers = _makers(graph)
    users: dict[str, list[NodeProto]] = {}
    for node in graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)
    for node in graph.node:
        if node.op_type == "RandomNormalLike" and _durations(_ancestors(node.input, makers)):
            value = node.output[0]
            while len(users.get(value, ())) == 1 and users[value][0].op_type == "Mul":
                value = users[value][0].output[0]
            if [user.op_type for user in users.get(value, ())] == ["Add"]:
                return str(users[value][0].output[0])
    raise EngineError("model-unsupported", "no VITS voice: no noise is added to what its text becomes")


def _decoder_entry(
    graph: GraphProto, makers: dict[str, NodeProto], shapes: dict[str, tuple[int, ...]]
) -> NodeProto:
    """The decoder's first convolution."""
    raising = [node for node in graph.node if node.op_type == "ConvTranspose"]
    if raising:
        fringe = [raising[0].input[0]]
        while fringe:
            node = makers.get(fringe.pop(0))
            if node is None:
                continue
            if node.op_type != "Conv":
                fringe += node.input
            elif _kernel(node, shapes) > 1:
                return node
    raise EngineError("model-unsupported", "no VITS voice: nothing in it raises the rate after a convolution")


def _reads(node: NodeProto) -> Iterator[str]:
    """The values that a node depends on, those inside its subgraphs included."""
    yield from node.input
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            for inner in graph.node:
                yield from _reads(inner)
            yield from (output.name for output in graph.output)


def _ancestors(names: Iterable[str], makers: dict[str, NodeProto], depth: int = 1 << 30) -> list[NodeProto]:
    """The nodes that ``names`` depend on, at most ``depth`` steps back."""
    seen: dict[int, NodeProto] = {}
    level = list(names)
    while level and depth:
        nodes = [makers[name] for name in level if name in makers and id(makers[name]) not in seen]
        seen |= {id(node): node for node in nodes}
        level = [name for node in nodes for name in _reads(node)]
        depth -= 1
    return list(seen.values())


def _moving(graph: GraphProto, sources: set[str]) -> set[str]:
    """The values that depend on ``sources``, these included."""
    moving = set(sources)
    for node in graph.node:
        if any(name in moving for name in _reads(node)):
            moving |= set(node.output)
    return moving


def _between(
    graph: GraphProto, made: str, makers: dict[str, NodeProto], following: set[str], moving: set[str]
) -> tuple[list[NodeProto], tuple[str, ...]]:
    """The nodes that make ``made`` of what it follows, and what else that depends on the input they take."""
    keep: dict[int, NodeProto] = {}
    crossing: dict[str, None] = {}
    fringe = [made]
    while fringe:
        name = fringe.pop()
        node = makers.get(name)
        if name in moving and (name not in following or node is None or following.isdisjoint(_reads(node))):
            crossing[name] = None
        elif node is not None and id(node) not in keep:
            keep[id(node)] = node
            fringe += _reads(node)
    return _in_order(graph, keep.values()), tuple(crossing)


def _kinds(model: ModelProto) -> dict[str, int]:
    """The element type of each value, where it can be told."""
    inferred = onnx.shape_inference.infer_shapes(model)
    return {value.name: value.type.tensor_type.elem_type for value in inferred.graph.value_info}


def _durations(nodes: Sequence[NodeProto]) -> str | None:
    """VITS rounds the frames of each symbol up, and nothing else."""
    names = [node.output[0] for node in nodes if node.op_type == "Ceil"]
    return str(names[0]) if len(names) == 1 else None


def _in_order(graph: GraphProto, nodes: Iterable[NodeProto]) -> list[NodeProto]:
    wanted = {id(node) for node in nodes}
    return [node for node in graph.node if id(node) in wanted]


def _part(
    model: ModelProto,
    nodes: Sequence[NodeProto],
    inputs: Sequence[onnx.ValueInfoProto],
    outputs: Sequence[onnx.ValueInfoProto],
) -> ModelProto:
    """A model of some nodes of another, with the weights that they use."""
    used = {name for node in nodes for name in _reads(node)}
    weights = [tensor for tensor in model.graph.initializer if tensor.name in used]
    graph = helper.make_graph(nodes, "part", inputs, outputs, weights)
    part = helper.make_model(graph, opset_imports=model.opset_import, functions=model.functions)
    part.ir_version = model.ir_version
    part.metadata_props.extend(model.metadata_props)
    return part


def _weight_shapes(graph: GraphProto) -> dict[str, tuple[int, ...]]:
    shapes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            shapes[node.output[0]] = tuple(node.attribute[0].t.dims)
        elif node.op_type == "Identity" and node.input[0] in shapes:
            shapes[node.output[0]] = shapes[node.input[0]]
    return shapes


def _reach(
    nodes: Sequence[NodeProto], latent: str, output: str, shapes: dict[str, tuple[int, ...]]
) -> tuple[int, int]:
    """(samples per frame, frames on either side that a sample depends on) of a decoder.

    Walks along with the rate of each value, and how far back or ahead it looks, in frames.
    """
    known = {latent: (1, 0.0)}
    for node in nodes:
        seen = [known[name] for name in node.input if name in known]
        if not seen:
            continue
        if node.op_type not in _LOCAL:
            raise EngineError("model-unsupported", f"{node.op_type} looks at everything at once")
        rate, reach = max(rate for rate, _ in seen), max(reach for _, reach in seen)
        if node.op_type in ("Conv", "ConvTranspose"):
            rate, reach = _convolved(node, _kernel(node, shapes), rate, reach)
        known |= dict.fromkeys(node.output, (rate, reach))
    hop, reach = known[output]
    return hop, ceil(reach) + 1


def _kernel(node: NodeProto, shapes: dict[str, tuple[int, ...]]) -> int:
    """The width of a convolution; its weight may be computed, where it is kept as length and direction."""
    told = [attribute.ints[0] for attribute in node.attribute if attribute.name == "kernel_shape"]
    width = told[0] if told else (*shapes.get(node.input[1], ()), 1, 1, 1)[2]
    return int(width)


def _convolved(node: NodeProto, kernel: int, rate: int, reach: float) -> tuple[int, float]:
    at = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    stride, dilation = prod(at.get("strides", [1])), prod(at.get("dilations", [1]))
    before = at.get("pads", [0, 0])[0]
    side = max(before, (kernel - 1) * dilation - before)
    if node.op_type == "ConvTranspose":
        return rate * stride, reach + side / (stride * rate)
    if stride != 1:
        raise EngineError("model-unsupported", "a decoder that lowers the rate cannot be cut")
    return rate, reach + side / rate
