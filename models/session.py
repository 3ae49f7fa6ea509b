"""Opens ONNX models the way an appliance wants them: few threads, little memory, no chatter."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import onnxruntime as ort

from models.onnx_taps import tapped
from voicecore.errors import ConfigError, EngineError

ERRORS_ONLY = 3
CUDA = "CUDAExecutionProvider"
CPU = "CPUExecutionProvider"


def open_session(
    model: Path, taps: Sequence[str] = (), threads: int = 1, device: str = "cpu"
) -> ort.InferenceSession:
    """An inference session; ``taps`` names inner float tensors that become outputs too.

    One thread unless told otherwise, because calls bring the parallelism, and never a spinning pool, which
    would starve the media thread; no memory arena on the CPU, because it keeps the largest working set for
    ever. ``device``: "cpu", "cuda" or "cuda:1"; what cannot be had is refused, never replaced by the CPU.
    Raises EngineError (``model-missing``, ``model-broken``, ``device-missing``), ConfigError("bad-device").
    """
    providers = providers_for(device)
    if not model.is_file():
        raise EngineError(
            "model-missing", f"{model} is not there; voicecore models pull gets models", file=str(model)
        )
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = options.enable_mem_pattern = False
    options.log_severity_level = ERRORS_ONLY
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        source = tapped(model.read_bytes(), taps) if taps else model
        session = ort.InferenceSession(source, options, providers=providers)
    except Exception as exc:  # onnxruntime's own exceptions share no narrower base
        raise EngineError("model-broken", f"{model} does not load: {exc}", file=str(model)) from exc
    if device != "cpu" and CUDA not in session.get_providers():
        raise EngineError("device-missing", f"{model.name} cannot run on {device}", device=device)
    return session


def providers_for(device: str) -> list[Any]:
    """What onnxruntime calls ``device``. Raises ConfigError("bad-device"), EngineError("device-missing")."""
    kind, _, number = device.partition(":")
    if kind not in ("cpu", "cuda") or (number and (kind == "cpu" or not number.isdecimal())):
        raise ConfigError("bad-device", f"no device {device!r}; known: cpu, cuda, cuda:N", device=device)
    if kind == "cpu":
        return [CPU]
    if CUDA not in ort.get_available_providers():
        message = "this onnxruntime is without CUDA: pip install 'onnxruntime-gpu[cuda,cudnn]' in its place"
        raise EngineError("device-missing", message, device=device)
    ort.preload_dlls()
    return [(CUDA, {"device_id": int(number or 0), "cudnn_conv_algo_search": "HEURISTIC"}), CPU]
