"""Gets a large file over HTTP: what is there already is kept, and a broken line is taken up again."""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

from voicecore.errors import ConfigError, EngineError

BLOCK = 1 << 20
"""Bytes read at a time."""
ATTEMPTS = 6
"""In a row that bring nothing, before we give up."""
TIMEOUT_S = 30
PATIENT = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
"""Refusals that may pass, like those from 500 on."""

Progress = Callable[[int, int | None], None]
"""Gets the bytes that are there and those that there will be, None where that is not known."""


def download(
    url: str,
    target: Path,
    progress: Progress = lambda _done, _total: None,
    wait: Callable[[float], None] = time.sleep,
) -> None:
    """Fetch ``url`` to ``target`` through ``target`` + ``.part``, from where an earlier try broke off.

    Nothing is checked but the length that the server states: the caller compares the hash. Raises
    ConfigError("bad-url"), EngineError("model-download-failed"); the partial file stays.
    """
    if not url.startswith(("https://", "http://")):
        raise ConfigError("bad-url", f"{url} is neither https nor http", url=url)
    part = target.with_name(f"{target.name}.part")
    part.parent.mkdir(parents=True, exist_ok=True)
    failures = 0
    while True:
        before = _size(part)
        try:
            _continue(url, part, progress)
            part.replace(target)
            return
        except (OSError, http.client.HTTPException) as exc:
            refused = isinstance(exc, urllib.error.HTTPError) and exc.code < 500 and exc.code not in PATIENT
            failures = 1 if _size(part) > before else failures + 1
            if refused or failures >= ATTEMPTS:
                raise EngineError("model-download-failed", f"{url}: {exc}", url=url) from exc
            wait(min(30, 2**failures))


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _continue(url: str, part: Path, progress: Progress) -> None:
    """One request for what ``part`` lacks. Raises OSError where the line breaks before the end."""
    have = _size(part)
    request = urllib.request.Request(url, headers={"User-Agent": "voicecore", "Accept-Encoding": "identity"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        answer = urllib.request.urlopen(request, timeout=TIMEOUT_S)
    except urllib.error.HTTPError as exc:
        exc.close()
        if exc.code != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise
        if exc.headers.get("Content-Range") == f"bytes */{have}":
            return
        part.unlink()
        raise ConnectionError("the partial file was not of this one") from exc
    with answer, part.open("ab") as out:
        if answer.status != HTTPStatus.PARTIAL_CONTENT:
            out.truncate(0)
            have = 0
        total = _total(answer, have)
        progress(have, total)
        while block := answer.read(BLOCK):
            out.write(block)
            have += len(block)
            progress(have, total)
    if total is not None and have != total:
        raise ConnectionError(f"broke off after {have} of {total} bytes")


def _total(answer: Any, have: int) -> int | None:
    """Bytes of the whole file. Raises ConnectionError for a part that is not the one asked for."""
    stated = answer.headers.get("Content-Range")
    if answer.status == HTTPStatus.PARTIAL_CONTENT and not (stated or "").startswith(f"bytes {have}-"):
        raise ConnectionError(f"asked for bytes from {have}, got {stated}")
    length = answer.headers.get("Content-Length")
    return have + int(length) if length else None
