"""The environment of a process that asks no hub."""

from __future__ import annotations

from voicecore.egress import OFFLINE, go_offline


def test_hubs_telemetry_and_proxies_are_off() -> None:
    environment = {
        "PATH": "/bin",
        "HTTPS_PROXY": "http://proxy:3128",
        "all_proxy": "x",
        "HF_HUB_OFFLINE": "0",
    }
    go_offline(environment)
    assert environment == {"PATH": "/bin", **OFFLINE}
    assert OFFLINE["HF_HUB_OFFLINE"] == OFFLINE["TRANSFORMERS_OFFLINE"] == "1"
