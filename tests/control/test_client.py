"""The command line's client: codes of the API come through, secrets come from file or environment."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from voicecore.control.client import ControlClient, client_from
from voicecore.errors import AccessError, ConfigError


def client(status: int, content: bytes) -> tuple[ControlClient, list[httpx.Request]]:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(status, content=content)

    return ControlClient("https://box", "vct_x", transport=httpx.MockTransport(answer)), asked


def test_it_asks_in_the_tokens_name() -> None:
    made, asked = client(200, b"[1]")
    assert made.get("/v1/steps", call="c1") == [1]
    made.post("/v1/approvals", key="k", approved=True)
    assert [str(request.url) for request in asked] == [
        "https://box/v1/steps?call=c1",
        "https://box/v1/approvals",
    ]
    assert all(request.headers["authorization"] == "Bearer vct_x" for request in asked)
    assert json.loads(asked[1].content) == {"key": "k", "approved": True}


@pytest.mark.parametrize(
    ("status", "content", "code"),
    [
        (403, b'{"error": {"code": "forbidden", "message": "viewer may not decide"}}', "forbidden"),
        (500, b"[]", "bad-answer"),
        (200, b"<html>", "control-unreachable"),
    ],
)
def test_what_went_wrong_has_a_code(status: int, content: bytes, code: str) -> None:
    made, _ = client(status, content)
    with pytest.raises(AccessError, match=f"^{code}"):
        made.get("/v1/me")


def test_a_secret_comes_from_a_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VOICECORE_TOKEN", raising=False)
    with pytest.raises(ConfigError, match="no-secret"):
        client_from(None, None, None)
    with pytest.raises(ConfigError, match="no-secret"):
        client_from(None, tmp_path / "none", None)
    monkeypatch.setenv("VOICECORE_TOKEN", "vct_y")
    assert client_from("https://box:1", None, None)._headers["Authorization"] == "Bearer vct_y"
    (tmp_path / "token").write_text("vct_z\n")
    assert client_from(None, tmp_path / "token", None)._headers["Authorization"] == "Bearer vct_z"
    with pytest.raises(ConfigError, match="bad-certificate"):
        client_from(None, None, tmp_path / "none.pem")
