"""Trains the guardrails' classifiers: heads on MiniLM's embeddings, from the sets beside it.

``python -m benchmarks.training.guards train`` writes ``models/data/guard_{input,output}.onnx``; ``... folds``
says how well wordings are judged that a head has not seen, fold by fold. A head is a multinomial logistic
regression, fitted by gradient descent in numpy: the same weights every time.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import yaml
from onnx import helper, numpy_helper

from models.engines import load
from models.guard_head import FOLDER, LABELS
from voicecore.config import data_dir
from voicecore.ports import Embedder
from voicecore.types import Floats

SETS = Path(__file__).parent / "data" / "guards"
SIDES = ("input", "output")
FOLDS = 5
OPSET, IR_VERSION = 20, 10
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a head is fitted."""

    steps: int = 800
    rate: float = 0.5
    momentum: float = 0.9
    decay: float = 0.003
    """L2 penalty on the weights."""
    scale: float = 8.0
    """Unit vectors are stretched by it, so that few steps suffice."""
    damaged: int = 2
    """Copies of each text with a word or two lost, as a recogniser loses them."""
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Head:
    """Weights [D, labels] and bias [labels] on unit vectors."""

    labels: tuple[str, ...]
    weights: Floats
    bias: Floats

    def scores(self, vectors: Floats) -> Floats:
        """Probabilities [N, labels] of vectors [N, D]."""
        return _softmax(vectors @ self.weights + self.bias)


def read_set(side: str) -> tuple[list[str], list[str]]:
    """The texts of one side and the label of each."""
    data: dict[str, list[str]] = yaml.safe_load((SETS / f"{side}.yaml").read_text(encoding="utf-8"))
    pairs = [(text, label) for label, texts in data.items() for text in texts]
    return [text for text, _ in pairs], [label for _, label in pairs]


def fit(embedder: Embedder, texts: Sequence[str], labels: Sequence[str], recipe: Recipe) -> Head:
    """A head for ``labels``; the same for the same texts."""
    names = tuple(dict.fromkeys(labels))
    chance = random.Random(recipe.seed)
    heard = [(text, label) for text, label in zip(texts, labels, strict=True)]
    heard += [(_damaged(text, chance), label) for text, label in heard for _ in range(recipe.damaged)]
    x = embedder.embed([text for text, _ in heard]) * np.float32(recipe.scale)
    y = np.array([names.index(label) for _, label in heard])
    w, b = _descend(x, y, len(names), recipe)
    return Head(names, w * np.float32(recipe.scale), b)


def _descend(x: Floats, y: Labels, count: int, recipe: Recipe) -> tuple[Floats, Floats]:
    """Nesterov's gradient descent on the cross entropy."""
    target = np.eye(count)[y]
    w, b = np.zeros((x.shape[1], count)), np.zeros(count)
    vw, vb = np.zeros_like(w), np.zeros_like(b)
    for _ in range(recipe.steps):
        ahead_w, ahead_b = w + recipe.momentum * vw, b + recipe.momentum * vb
        back = (_softmax(x @ ahead_w + ahead_b) - target) / len(y)
        vw = recipe.momentum * vw - recipe.rate * (x.T @ back + recipe.decay * ahead_w)
        vb = recipe.momentum * vb - recipe.rate * back.sum(0)
        w, b = w + vw, b + vb
    return w.astype(np.float32), b.astype(np.float32)


def _softmax(odds: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    belief: npt.NDArray[np.floating] = np.exp(odds - odds.max(1, keepdims=True))
    belief /= belief.sum(1, keepdims=True)
    return belief


def _damaged(text: str, chance: random.Random) -> str:
    words = text.split()
    for _ in range(chance.randint(1, 2)):
        if len(words) > 3:
            del words[chance.randrange(len(words))]
    return " ".join(words)


def to_onnx(head: Head) -> onnx.ModelProto:
    """``vectors`` float32 [N, D] -> ``scores`` float32 [N, labels]; the labels are in the metadata."""
    shapes = [("vectors", ["texts", head.weights.shape[0]]), ("scores", ["texts", len(head.labels)])]
    given, found = (helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, shape) for n, shape in shapes)
    nodes = [
        helper.make_node("Gemm", ["vectors", "weights", "bias"], ["odds"]),
        helper.make_node("Softmax", ["odds"], ["scores"], axis=-1),
    ]
    constants = [numpy_helper.from_array(head.weights, "weights"), numpy_helper.from_array(head.bias, "bias")]
    graph = helper.make_graph(nodes, "guard", [given], [found], constants)
    opset = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=IR_VERSION, producer_name="voicecore")
    helper.set_model_props(model, {LABELS: " ".join(head.labels)})
    return model


def train() -> None:
    """The shipped heads, from the committed sets. Raises EngineError("model-missing")."""
    embedder = load("embedder", "minilm", data_dir())
    for side in SIDES:
        head = fit(embedder, *read_set(side), Recipe())
        onnx.save(to_onnx(head), FOLDER / f"guard_{side}.onnx")


def folds() -> None:
    """Per label, in cross-validation: how many are found, and how many ordinary texts are taken for it."""
    embedder = load("embedder", "minilm", data_dir())
    for side in SIDES:
        texts, labels = read_set(side)
        vectors = embedder.embed(texts)
        order = np.random.default_rng(Recipe().seed).permutation(len(texts))
        scores = np.zeros((len(texts), len(set(labels))), np.float32)
        for nth in range(FOLDS):
            left = order[nth::FOLDS]
            kept = np.setdiff1d(order, left)
            head = fit(embedder, [texts[i] for i in kept], [labels[i] for i in kept], Recipe())
            names = [head.labels.index(label) for label in dict.fromkeys(labels)]
            scores[left] = head.scores(vectors[left])[:, names]
        print(side, *_table(tuple(dict.fromkeys(labels)), labels, scores), sep="\n")


def _table(names: tuple[str, ...], labels: Sequence[str], scores: Floats) -> list[str]:
    """A line per label and threshold; a text counts as found when its unsafe labels together reach it."""
    ordinary = names.index("ordinary")
    truth = np.array([names.index(label) for label in labels])
    unsafe = 1 - scores[:, ordinary]
    lines = []
    for threshold in (0.5, 0.6, 0.7, 0.8, 0.9):
        wrong = float((unsafe[truth == ordinary] >= threshold).mean())
        found = {
            n: float((unsafe[truth == i] >= threshold).mean()) for i, n in enumerate(names) if i != ordinary
        }
        each = " ".join(f"{name} {share:.2f}" for name, share in found.items())
        lines.append(f"  {threshold}: ordinary {wrong:.3f}; {each}")
    return lines


def main() -> None:
    """Run the step named on the command line."""
    steps = {"train": train, "folds": folds}
    if len(sys.argv) != 2 or sys.argv[1] not in steps:
        sys.exit(f"which of {', '.join(steps)}?")
    steps[sys.argv[1]]()


if __name__ == "__main__":
    main()
