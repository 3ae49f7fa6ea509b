"""Opens ONNX models the way an appliance wants them: one thread, little memory, no chatter."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import onnxruntime as ort

from models.onnx_taps import tapped
from voicecore.errors import EngineError

ERRORS_ONLY = 3


def open_session(model: Path, taps: Sequence[str] = ()) -> ort.InferenceSession:
    """An inference session on the CPU; ``taps`` names inner float tensors that become outputs too.

    One thread, because calls bring the parallelism and a spinning pool would starve the media thread;
    no memory arena, because it keeps the largest working set for ever. Raises EngineError with
    ``model-missing`` or ``model-broken``.
    """
    if not model.is_file():
        raise EngineError(
            "model-missing", f"{model} is not there; voicecore models pull gets models", file=str(model)
        )
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = options.enable_mem_pattern = False
    options.log_severity_level = ERRORS_ONLY
    try:
        source = tapped(model.read_bytes(), taps) if taps else model
        return ort.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as exc:  # onnxruntime's own exceptions share no narrower base
        raise EngineError("model-broken", f"{model} does not load: {exc}", file=str(model)) from exc
