"""The billing example's back-end: a small JSON service over HTTP, as ``tools.yaml`` describes it.

``python -m voicecore.examples.billing.backend --port 0 --db FILE`` prints one JSON line with its URL and
serves until SIGINT or SIGTERM.
"""

from __future__ import annotations

import argparse
import json
import re
import signal
import socket
import sqlite3
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import unquote, urlsplit

from voicecore.examples.billing.ledger import KeyReused, Ledger, NoSuchInvoice

MAX_BODY = 65_536
"""Bytes of a request body."""


class Refused(Exception):
    """A request that gets an error answer: ``{"error": {"code", "message", ...}}``."""

    def __init__(self, status: HTTPStatus, code: str, message: str, **facts: str) -> None:
        super().__init__(code)
        self.status = status
        self.body = {"error": {"code": code, "message": message, **facts}}


@dataclass(frozen=True, slots=True)
class Request:
    """What a route gets: the values of its path and body, and the idempotency key."""

    path: Mapping[str, str]
    body: Mapping[str, Any]
    key: str

    def text(self, name: str, pattern: str) -> str:
        """A string argument that matches ``pattern`` as a whole. Raises Refused."""
        value = self.path.get(name, self.body.get(name))
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise _bad_argument(name, f"must be text like {pattern}")
        return value

    def count(self, name: str) -> int:
        """A positive integer argument. Raises Refused."""
        value = self.body.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise _bad_argument(name, "must be a positive integer")
        return value

    def day(self, name: str, earliest: date) -> date:
        """An ISO 8601 date argument, not before ``earliest``. Raises Refused."""
        try:
            value = date.fromisoformat(self.text(name, r"\d{4}-\d{2}-\d{2}"))
        except ValueError as exc:
            raise _bad_argument(name, "is not in the calendar") from exc
        if value < earliest:
            raise _bad_argument(name, "is past")
        return value


def _bad_argument(name: str, what: str) -> Refused:
    return Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "bad-argument", f"{name} {what}", argument=name)


_NUMBER = r"\d{1,12}"
_INVOICE = r"\d{1,12}"
_REFERENCE = r"\d{1,12}"


def _find_customer(ledger: Ledger, request: Request) -> dict[str, Any]:
    return ledger.customer(request.text("customer_number", _NUMBER))


def _verify_customer(ledger: Ledger, request: Request) -> dict[str, Any]:
    number = request.text("customer_number", _NUMBER)
    return ledger.verified(number, request.text("postcode", r"[0-9A-Za-z ]{1,12}"))


def _latest_invoice(ledger: Ledger, request: Request) -> dict[str, Any]:
    return ledger.latest_invoice(request.text("customer_number", _NUMBER))


def _explain_invoice(ledger: Ledger, request: Request) -> dict[str, Any]:
    return ledger.explained(request.text("invoice_id", _INVOICE))


def _create_arrangement(ledger: Ledger, request: Request) -> dict[str, Any]:
    if not request.key:
        message = "an arrangement needs the header Idempotency-Key"
        raise Refused(HTTPStatus.BAD_REQUEST, "missing-idempotency-key", message)
    try:
        return ledger.arrange(
            request.key,
            request.text("customer_number", _NUMBER),
            request.text("invoice_id", _INVOICE),
            request.count("instalments"),
            request.day("first_date", ledger.today),
        )
    except KeyReused as exc:
        message = "this Idempotency-Key was used for another request"
        raise Refused(HTTPStatus.CONFLICT, "idempotency-mismatch", message) from exc


def _cancel_arrangement(ledger: Ledger, request: Request) -> dict[str, Any]:
    return {"cancelled": ledger.cancel(request.text("reference", _REFERENCE))}


def _arrangements(ledger: Ledger, _request: Request) -> dict[str, Any]:
    return {"arrangements": ledger.arrangements()}


Route = Callable[[Ledger, Request], dict[str, Any]]
ROUTES: Mapping[tuple[str, str], Route] = {
    ("GET", "/customers/{customer_number}"): _find_customer,
    ("POST", "/customers/{customer_number}/verify"): _verify_customer,
    ("GET", "/customers/{customer_number}/invoices/latest"): _latest_invoice,
    ("GET", "/invoices/{invoice_id}/charges"): _explain_invoice,
    ("POST", "/arrangements"): _create_arrangement,
    ("GET", "/arrangements"): _arrangements,
    ("POST", "/arrangements/{reference}/cancel"): _cancel_arrangement,
}


def _matched(pattern: str, path: str) -> dict[str, str] | None:
    """The values of the ``{names}`` in ``pattern``, or None if ``path`` is another one."""
    wanted, given = pattern.split("/"), path.split("/")
    if len(wanted) != len(given):
        return None
    values = {}
    for part, value in zip(wanted, given, strict=True):
        if part.startswith("{"):
            values[part[1:-1]] = unquote(value)
        elif part != value:
            return None
    return values


def _routed(method: str, path: str) -> tuple[Route, dict[str, str]]:
    """The route for a request and the values in its path. Raises Refused."""
    allowed = []
    for (verb, pattern), route in ROUTES.items():
        values = _matched(pattern, path)
        if values is not None and verb == method:
            return route, values
        if values is not None:
            allowed.append(verb)
    if allowed:
        message = f"use {' or '.join(allowed)}"
        raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, "method-not-allowed", message, allow=", ".join(allowed))
    raise Refused(HTTPStatus.NOT_FOUND, "no-such-path", "there is nothing at this path")


class _Handler(BaseHTTPRequestHandler):
    """One connection; kept open between requests."""

    server: _Server
    protocol_version = "HTTP/1.1"
    server_version = "billing/1"
    sys_version = ""
    wbufsize = -1
    disable_nagle_algorithm = True
    timeout = 60

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    do_PUT = do_DELETE = do_PATCH = do_POST

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: paths hold customer numbers."""

    def _serve(self) -> None:
        try:
            body = self._body()
            route, values = _routed(self.command, urlsplit(self.path).path)
            request = Request(values, body, self.headers.get("Idempotency-Key", ""))
            status, answer = HTTPStatus.OK, route(self.server.ledger, request)
        except Refused as exc:
            status, answer = exc.status, exc.body
        except NoSuchInvoice:
            status = HTTPStatus.NOT_FOUND
            answer = {"error": {"code": "no-such-invoice", "message": "the customer has no such invoice"}}
        except sqlite3.Error as exc:
            status = HTTPStatus.SERVICE_UNAVAILABLE
            answer = {"error": {"code": "database", "message": str(exc)}}
        self._answer(status, answer)

    def _body(self) -> dict[str, Any]:
        """The JSON object sent along; empty without a body. Raises Refused."""
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or "Transfer-Encoding" in self.headers:
            self.close_connection = True
            message = "a body needs a plain Content-Length"
            raise Refused(HTTPStatus.LENGTH_REQUIRED, "length-required", message)
        if int(length) > MAX_BODY:
            self.close_connection = True
            message = f"at most {MAX_BODY} bytes"
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body-too-large", message)
        raw = self.rfile.read(int(length))
        if not raw:
            return {}
        try:
            body = json.loads(raw)
        except (ValueError, RecursionError) as exc:
            raise Refused(HTTPStatus.BAD_REQUEST, "bad-json", "the body is not JSON") from exc
        if not isinstance(body, dict):
            raise Refused(HTTPStatus.BAD_REQUEST, "bad-json", "the body is not a JSON object")
        return body

    def _answer(self, status: HTTPStatus, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if status is HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header("Allow", answer["error"]["allow"])
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    """Closes idle kept-alive connections when it stops, and waits for its threads."""

    daemon_threads = False

    def __init__(self, address: tuple[str, int], ledger: Ledger) -> None:
        self.ledger = ledger
        self._live: set[socket.socket] = set()
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._live.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._live.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        for connection in tuple(self._live):
            try:
                connection.shutdown(socket.SHUT_RD)
            except OSError:
                continue  # its own thread closed it meanwhile
        super().server_close()


class BillingBackend:
    """The service as a context manager: ``with BillingBackend(db) as backend: backend.url``.

    A new ``db`` file is filled with the seed customers. ``today`` fixes the back-end's day.
    """

    def __init__(self, db: Path, host: str = "127.0.0.1", port: int = 0, today: date | None = None) -> None:
        self.ledger = Ledger(db, today)
        self._server = _Server((host, port), self.ledger)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="billing")

    @property
    def url(self) -> str:
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    def __enter__(self) -> BillingBackend:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to stop; returns the exit status."""
    parser = argparse.ArgumentParser(prog="billing-backend", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8090, help="0 lets the system choose")
    parser.add_argument("--db", type=Path, required=True, help="SQLite file; made and filled if missing")
    parser.add_argument("--today", type=date.fromisoformat, help="the day to act on; default: the system's")
    options = parser.parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with BillingBackend(options.db, options.host, options.port, options.today) as backend:
        print(json.dumps({"url": backend.url}), flush=True)
        stop.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
