"""The kernels under pytest-benchmark: ``pytest benchmarks/test_kernels.py --benchmark-enable``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchmarks.kernels import Pair, pairs, run

PAIRS = pairs()


@pytest.mark.parametrize("side", ["kernel", "twin"])
@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_kernel_and_twin(benchmark: Any, pair: Pair, side: str) -> None:
    benchmark.group = pair.name
    out = benchmark(getattr(pair, side))
    other = getattr(pair, "twin" if side == "kernel" else "kernel")()
    if pair.name == "framer":
        assert np.shape(out)[1] == np.shape(other)[1] == 256
    else:
        assert size(out) == size(other)


def size(out: Any) -> int:
    return len(out) if isinstance(out, bytes) else np.size(out)


def test_every_figure_says_whether_it_met_its_goal() -> None:
    figures = run()
    assert len({figure["name"] for figure in figures}) == len(figures) >= 25
    for figure in figures:
        assert set(figure) == {"name", "value", "goal", "unit", "n", "ok"}
        assert (figure["ok"] is None) == (figure["goal"] is None)
        assert figure["value"] > 0
