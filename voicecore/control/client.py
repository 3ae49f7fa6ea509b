"""Asks a control process over its API, for the command line: secrets from a file or the environment only."""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from typing import Any

import httpx

from voicecore.errors import AccessError, ConfigError

URL_VARIABLE, TOKEN_VARIABLE, CA_VARIABLE = "VOICECORE_CONTROL", "VOICECORE_TOKEN", "VOICECORE_CA"
_DEFAULT_URL = "https://127.0.0.1:8443"
_LIMIT_S = 40.0


class ControlClient:
    """One API, in the name of a token."""

    def __init__(
        self, url: str, token: str, ca: Path | None = None, transport: httpx.BaseTransport | None = None
    ) -> None:
        """``ca``: certificates to trust instead of the system's; ``transport`` replaces the network in tests.

        Raises ConfigError("bad-certificate").
        """
        try:
            trust = ssl.create_default_context(cafile=ca)
        except (OSError, ssl.SSLError) as exc:
            raise ConfigError("bad-certificate", f"{ca}: {exc}") from exc
        self.url, self._trust, self._transport = url, trust, transport
        self._headers = {"Authorization": f"Bearer {token}"}

    def get(self, path: str, **query: str) -> Any:
        """What is at ``path``. Raises AccessError with the API's code, or ``control-unreachable``."""
        return self._answer("GET", path, params=query)

    def post(self, path: str, **body: Any) -> Any:
        """Have something done; the same errors."""
        return self._answer("POST", path, json=body)

    def _open(self) -> httpx.Client:
        return httpx.Client(
            base_url=self.url,
            headers=self._headers,
            verify=self._trust,
            trust_env=False,
            timeout=_LIMIT_S,
            transport=self._transport,
        )

    def _answer(self, method: str, path: str, **more: Any) -> Any:
        try:
            with self._open() as client:
                response = client.request(method, path, **more)
            content = response.json() if response.content else None
        except (httpx.HTTPError, ValueError) as exc:
            raise AccessError("control-unreachable", f"{self.url}: {type(exc).__name__}") from exc
        if response.is_error:
            error = content.get("error", {}) if isinstance(content, dict) else {}
            raise AccessError(str(error.get("code", "bad-answer")), str(error.get("message", "")))
        return content


def client_from(url: str | None, token_file: Path | None, ca: Path | None) -> ControlClient:
    """The client that options and environment describe. Raises ConfigError("no-secret")."""
    if token_file is not None:
        try:
            token = token_file.read_text(encoding="utf-8").strip()
        except OSError as exc:
            raise ConfigError("no-secret", f"{token_file}: {exc.strerror}") from exc
    else:
        token = os.environ.get(TOKEN_VARIABLE, "")
    if not token:
        raise ConfigError("no-secret", f"a token is needed: --token-file or ${TOKEN_VARIABLE}")
    trusted = ca or (Path(os.environ[CA_VARIABLE]) if CA_VARIABLE in os.environ else None)
    return ControlClient(url or os.environ.get(URL_VARIABLE, _DEFAULT_URL), token, trusted)
