"""The billing service over real HTTP."""

import json
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from voicecore.dialogue.schema import Tools
from voicecore.examples.billing import backend as module
from voicecore.examples.billing.backend import MAX_BODY, ROUTES, BillingBackend

TODAY = date(2026, 11, 20)
ARRANGEMENT = {
    "customer_number": "482716",
    "invoice_id": "4102",
    "instalments": 3,
    "first_date": "2026-12-01",
}


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[BillingBackend]:
    with BillingBackend(tmp_path / "billing.db", today=TODAY) as running:
        yield running


@pytest.fixture
def client(backend: BillingBackend) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=backend.url) as http:
        yield http


def error(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


def fits(value: Any, kind: str) -> bool:
    kinds: dict[str, type] = {"string": str, "integer": int, "boolean": bool, "list": list, "date": str}
    return isinstance(value, kinds[kind.removesuffix("?")])


def test_it_serves_exactly_what_the_agent_declares(client: httpx.Client) -> None:
    declared = Tools.model_validate(yaml.safe_load(Path(module.__file__).with_name("tools.yaml").read_text()))
    known: dict[str, Any] = {**ARRANGEMENT, "postcode": "24718", "reference": "2741"}
    for name, tool in declared.tools.items():
        assert (tool.method, tool.path) in ROUTES, name
        path, arguments = tool.path, {key: known[key] for key in tool.arguments}
        for key in list(arguments):
            if f"{{{key}}}" in path:
                path = path.replace(f"{{{key}}}", arguments.pop(key))
        headers = {} if tool.read_only else {"Idempotency-Key": "call-1:3"}
        body = arguments if tool.method == "POST" else None
        response = client.request(tool.method, path, json=body, headers=headers)
        assert response.status_code == 200, name
        answer = response.json()
        assert set(answer) <= set(tool.returns), name
        for field, kind in tool.returns.items():
            assert field in answer or kind.endswith("?"), (name, field)
            assert field not in answer or fits(answer[field], kind), (name, field)


def test_a_task_from_lookup_to_arrangement(client: httpx.Client) -> None:
    assert client.get("/customers/482716").json()["last_name"] == "Keller"
    assert client.post("/customers/482716/verify", json={"postcode": "24718"}).json() == {"verified": True}
    invoice = client.get("/customers/482716/invoices/latest").json()
    assert (invoice["open_cents"], invoice["status"]) == (8640, "open")
    assert client.get(f"/invoices/{invoice['invoice_id']}/charges").json()["difference_cents"] == 3450
    answers = [
        client.post("/arrangements", json=ARRANGEMENT, headers={"Idempotency-Key": "call-1:7"}).json()
        for _ in range(2)
    ]
    assert answers[0] == answers[1]
    assert answers[0]["accepted"]
    stored = client.get("/arrangements").json()["arrangements"]
    assert [a["customer"] for a in stored] == ["836142", "482716"]


def test_not_found_and_declined_are_results(client: httpx.Client) -> None:
    assert client.get("/customers/111111").json() == {"found": False}
    late = {**ARRANGEMENT, "first_date": "2027-03-01"}
    response = client.post("/arrangements", json=late, headers={"Idempotency-Key": "k"})
    assert (response.status_code, response.json()) == (200, {"accepted": False, "decline": "too-late"})


@pytest.mark.parametrize(
    ("change", "argument"),
    [
        ({"instalments": 0}, "instalments"),
        ({"instalments": "three"}, "instalments"),
        ({"instalments": True}, "instalments"),
        ({"first_date": "next friday"}, "first_date"),
        ({"first_date": "2026-02-30"}, "first_date"),
        ({"first_date": "2026-11-19"}, "first_date"),
        ({"customer_number": 482716}, "customer_number"),
        ({"customer_number": ""}, "customer_number"),
        ({"invoice_id": None}, "invoice_id"),
    ],
)
def test_bad_arguments_are_named(client: httpx.Client, change: dict[str, Any], argument: str) -> None:
    response = client.post("/arrangements", json=ARRANGEMENT | change, headers={"Idempotency-Key": "k"})
    assert error(response) == (422, "bad-argument")
    assert response.json()["error"]["argument"] == argument


def test_errors_have_status_and_code(client: httpx.Client) -> None:
    key = {"Idempotency-Key": "k"}
    assert error(client.get("/nothing")) == (404, "no-such-path")
    assert error(client.get("/customers/'; drop table customers")) == (422, "bad-argument")
    assert error(client.get("/invoices/1/charges")) == (404, "no-such-invoice")
    assert error(client.post("/arrangements", json=ARRANGEMENT)) == (400, "missing-idempotency-key")
    assert error(client.post("/arrangements", content=b"{", headers=key)) == (400, "bad-json")
    assert error(client.post("/arrangements", content=b"[1]", headers=key)) == (400, "bad-json")
    assert error(client.post("/arrangements", content=b"[" * 60_000, headers=key)) == (400, "bad-json")
    assert error(client.post("/arrangements", content=b"x" * (MAX_BODY + 1), headers=key)) == (
        413, "body-too-large",
    )  # fmt: skip
    assert client.post("/arrangements", json=ARRANGEMENT, headers=key).status_code == 200
    other = ARRANGEMENT | {"instalments": 2}
    assert error(client.post("/arrangements", json=other, headers=key)) == (409, "idempotency-mismatch")


def test_a_wrong_method_says_the_right_one(client: httpx.Client) -> None:
    response = client.delete("/arrangements")
    assert error(response) == (405, "method-not-allowed")
    assert response.headers["Allow"] == "POST, GET"


def test_a_body_of_unknown_length_is_refused(client: httpx.Client) -> None:
    assert error(client.post("/arrangements", content=iter([b"{}"]))) == (411, "length-required")


def test_a_broken_database_is_an_answer_too(client: httpx.Client, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "billing.db")) as db, db:
        db.execute("drop table charges")
    assert error(client.get("/invoices/4102/charges")) == (503, "database")


def test_it_stops_while_a_client_keeps_its_connection_open(tmp_path: Path) -> None:
    with httpx.Client() as http, BillingBackend(tmp_path / "billing.db") as running:
        http.get(f"{running.url}/customers/482716")
        address = running.url.removeprefix("http://").split(":")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address[0], int(address[1])), timeout=2)


@pytest.mark.interop
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_prints_its_url_and_ends_when_told(tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", module.__name__, "--port", "0", "--db", str(tmp_path / "b.db")]
    root = Path(module.__file__).parents[3]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        assert httpx.get(f"{url}/customers/482716").json()["found"]
        process.send_signal(number)
        assert process.wait(10) == 0
