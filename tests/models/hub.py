"""A model hub on the loopback, that breaks off, forgets ranges and lies when it is told to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class FakeHub:
    """``files`` by path; the asked-for ranges are noted."""

    files: dict[str, bytes]
    url: str = ""
    ranges: list[str | None] = field(default_factory=list)
    break_after: list[int] = field(default_factory=list)
    """Bytes after which the next answers break off."""
    statuses: list[int] = field(default_factory=list)
    """What the next answers are instead."""
    knows_ranges: bool = True
    off_by: int = 0
    """By how much a part that is sent is not the one asked for."""
    states_length: bool = True
    redirects: dict[str, str] = field(default_factory=dict)
    """Path to where its content is, as a hub sends one to its storage."""


@contextmanager
def serve(files: dict[str, bytes]) -> Iterator[FakeHub]:
    """Run a hub for the time of a test."""
    hub = FakeHub(files)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers.get("Range")
            hub.ranges.append(asked)
            path = self.path.lstrip("/")
            if path in hub.redirects:
                self.send_response(302)
                self.send_header("Location", f"{hub.url}/{hub.redirects[path]}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            content = hub.files.get(path)
            status = hub.statuses.pop(0) if hub.statuses else 200 if content is not None else 404
            if status != 200 or content is None:
                self.send_error(status)
                return
            self._send(content, int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0)

        def _send(self, content: bytes, start: int) -> None:
            if start and hub.knows_ranges:
                if start >= len(content):
                    self.send_response(416)
                    self.send_header("Content-Range", f"bytes */{len(content)}")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                start += hub.off_by
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            else:
                start = 0
                self.send_response(200)
            body = content[start:]
            if hub.states_length:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: hub.break_after.pop(0)] if hub.break_after else body)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A client that hangs up early is what the tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
