"""Sessions as configured: threads, devices that are there, and clear refusals."""

from __future__ import annotations

import onnxruntime as ort
import pytest

from models.session import open_session, providers_for
from voicecore.errors import EngineError


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    vits = pytest.importorskip("models.synthesize.vits")
    file = tmp_path_factory.mktemp("session") / "toy.onnx"
    vits.write("toy", file)
    return file


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_are_those_asked_for_and_do_not_spin(model, threads):
    options = open_session(model, threads=threads).get_session_options()
    assert options.intra_op_num_threads == threads
    assert options.inter_op_num_threads == 1
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"


def test_a_gpu_by_configuration(monkeypatch):
    monkeypatch.setattr(ort, "get_available_providers", lambda: ["CUDAExecutionProvider"])
    monkeypatch.setattr(ort, "preload_dlls", lambda: None)
    for device, number in (("cuda", 0), ("cuda:1", 1)):
        (cuda, options), cpu = providers_for(device)
        assert (cuda, cpu) == ("CUDAExecutionProvider", "CPUExecutionProvider")
        assert options["device_id"] == number


def test_never_the_cpu_instead_of_a_gpu(model, monkeypatch):
    """onnxruntime itself only warns."""
    monkeypatch.setattr("models.session.providers_for", lambda _: ["CPUExecutionProvider"])
    with pytest.raises(EngineError) as caught:
        open_session(model, device="cuda")
    assert caught.value.code == "device-missing"
