"""The environment in which libraries neither ask a hub nor report home."""

from __future__ import annotations

from collections.abc import MutableMapping

OFFLINE = {
    "ORT_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "OTEL_SDK_DISABLED": "true",
    "FASTAPI_OTEL_AUTO_CONFIGURE": "false",
    "DO_NOT_TRACK": "1",
}
"""Read by ONNX Runtime (which else reports to mobile.events.data.microsoft.com since 1.31), huggingface_hub,
transformers, datasets, OpenTelemetry, FastAPI, and others."""
_PROXIES = ("http_proxy", "https_proxy", "ftp_proxy", "all_proxy")
"""A proxy would make every address look like its own."""


def go_offline(environment: MutableMapping[str, str]) -> None:
    """Set ``OFFLINE`` and drop proxies; children inherit it. Before the libraries are imported."""
    environment.update(OFFLINE)
    for name in [name for name in environment if name.lower() in _PROXIES]:
        del environment[name]
