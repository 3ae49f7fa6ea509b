"""Tells a synthetic model from a real one by what stands in the file itself."""

from __future__ import annotations

import json
import mmap
from pathlib import Path

NOTICE = "synthetic weights made by voicecore: for latency and capacity only, the output is noise"
"""Stands under ``synthetic`` in CTranslate2's ``config.json`` and in the metadata of an ONNX file, and
under ``voicecore.synthetic`` in GGUF."""
EDGE = 64 << 10
"""Bytes at either end of a weights file that hold its metadata: GGUF begins, ONNX ends with it."""


def is_synthetic(path: Path) -> bool:
    """Whether the model in ``path``, a file of weights or a folder of them, says that it is synthetic.

    Cheap: neither packages nor weights are loaded. False for what is not there.
    """
    if path.is_dir():
        return any(
            is_synthetic(file) for file in path.rglob("*") if file.suffix in {".json", ".gguf", ".onnx"}
        )
    if not path.is_file() or not path.stat().st_size:
        return False
    if path.suffix == ".json":
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            return False
        return isinstance(content, dict) and NOTICE in str(content.get("synthetic", ""))
    with path.open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as view:
        return NOTICE.encode() in view[:EDGE] + view[-EDGE:]
