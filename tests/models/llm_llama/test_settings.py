"""Where a language model runs, and what is refused."""

from __future__ import annotations

import pytest

from models.llm_llama.settings import Placement, Settings
from voicecore.errors import ConfigError

SETTINGS = Settings(Placement(cells=8192, threads=3))


@pytest.mark.parametrize(
    ("device", "layers", "gpu"), [("cpu", 0, 0), ("cuda", -1, 0), ("cuda:0", -1, 0), ("cuda:2", -1, 2)]
)
def test_a_device_takes_all_layers(device, layers, gpu):
    placement = SETTINGS.placed(device).placement
    assert (placement.gpu_layers, placement.gpu) == (layers, gpu)
    assert (placement.threads, placement.cells) == (3, 8192)


def test_some_layers_may_stay_where_they_are():
    assert Settings(Placement(gpu_layers=20)).placed("cuda:1").placement.gpu_layers == 20


def test_threads_may_be_said_apart():
    assert SETTINGS.placed("cpu", threads=2).placement.threads == 2


@pytest.mark.parametrize("device", ["gpu", "cuda:x", "cpu:1", ""])
def test_no_such_device(device):
    with pytest.raises(ConfigError, match="bad-device"):
        SETTINGS.placed(device)


@pytest.mark.parametrize("wrong", [{"gpu": -1}, {"gpu_layers": -2}, {"cells": 0}, {"sequences": 1}])
def test_no_such_placement(wrong):
    with pytest.raises(ConfigError, match="bad-placement"):
        Placement(**wrong)
