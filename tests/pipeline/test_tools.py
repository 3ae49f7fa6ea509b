"""Tools over HTTP: what is sent, what comes back, and every way to fail."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from voicecore.dialogue.schema import Tool, Tools
from voicecore.errors import ToolError
from voicecore.examples.billing import backend as billing
from voicecore.pipeline.tools import MAX_ANSWER, HttpTools, misfits

TOOLS = {
    "look": Tool(
        path="/things/{id}",
        arguments={"id": "string", "day": "date?", "full": "boolean?"},
        returns={"found": "boolean", "name": "string?"},
        timeout_ms=100,
        fails=("no",),
    ),
    "make": Tool(
        method="POST",
        path="/things",
        read_only=False,
        arguments={"count": "integer", "first": "date", "tags": "list?", "price": "number?"},
        returns={},
        fails=("no",),
    ),
}
Handler = Callable[[httpx.Request], httpx.Response]


def tools(handler: Any, base_url: str = "http://back.end/api") -> HttpTools:
    return HttpTools(TOOLS, base_url, httpx.MockTransport(handler))


def answers(status: int = 200, **body: Any) -> Handler:
    return lambda request: httpx.Response(status, json=body)


async def code(http: HttpTools, name: str, **arguments: Any) -> str:
    with pytest.raises(ToolError) as caught:
        await http.call(name, arguments, "key")
    await http.close()
    return caught.value.code


async def test_arguments_go_into_path_and_query() -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"found": True, "name": "a", "internal": 1})

    http = tools(handler)
    found = await http.call("look", {"id": "a/b ?%", "day": date(2026, 12, 1), "full": None}, "key")
    assert found == {"found": True, "name": "a"}
    assert seen[0].url.raw_path == b"/api/things/a%2Fb%20%3F%25?day=2026-12-01"
    assert seen[0].method == "GET"
    assert "Idempotency-Key" not in seen[0].headers
    await http.close()


async def test_effects_carry_a_body_and_the_key() -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={})

    http = tools(handler)
    arguments = {"count": 3, "first": "2026-12-01", "tags": ["a"], "price": 1}
    assert await http.call("make", arguments, "call-1:7") == {}
    assert seen[0].headers["Idempotency-Key"] == "call-1:7"
    assert json.loads(seen[0].content) == arguments
    await http.close()


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"id": 5},
        {"id": None},
        {"id": ""},
        {"id": ".."},
        {"id": "1", "day": "tomorrow"},
        {"id": "1", "day": "2026-02-30"},
        {"id": "1", "full": "yes"},
        {"id": "1", "color": "red"},
    ],
)
async def test_bad_arguments_never_leave_the_house(arguments: dict[str, Any]) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise AssertionError("nothing may be sent")

    assert await code(tools(handler), "look", **arguments) == "tool-bad-arguments"


async def test_values_stay_out_of_the_message() -> None:
    http = tools(answers())
    with pytest.raises(ToolError) as caught:
        await http.call("make", {"count": "482716", "first": "2026-12-01"}, "key")
    assert str(caught.value) == "tool-bad-arguments: count is no integer"
    assert caught.value.facts == {"tool": "make"}
    await http.close()


async def test_an_unknown_tool_lists_the_known_ones() -> None:
    http = tools(answers())
    with pytest.raises(ToolError, match="known: look, make") as caught:
        await http.call("fly", {}, "key")
    assert caught.value.code == "tool-unknown"
    await http.close()


async def test_a_silent_backend_is_a_timeout() -> None:
    async def handler(request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    assert await code(tools(handler), "look", id="1") == "tool-timeout"


async def test_the_limit_covers_a_slow_body_too() -> None:
    class Drip(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b"{"
            await asyncio.Event().wait()

    assert await code(tools(lambda _: httpx.Response(200, stream=Drip())), "look", id="1") == "tool-timeout"


async def test_a_refused_connection_is_unreachable() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    assert await code(tools(handler), "look", id="1") == "tool-unreachable"


async def test_a_broken_answer_is_unreachable() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise httpx.RemoteProtocolError("half an answer", request=request)

    assert await code(tools(handler), "look", id="1") == "tool-unreachable"


@pytest.mark.parametrize(
    ("status", "body", "code", "reason"),
    [
        (404, b'{"error": {"code": "no-such-thing"}}', "tool-rejected", "no-such-thing"),
        (500, b"<html>", "tool-status", ""),
        (429, b"", "tool-status", ""),
        (422, b'{"error": {"code": "Caller 482716!"}}', "tool-rejected", ""),
        (201, b"{}", "tool-status", ""),
        (503, b'{"error": [1]}', "tool-status", ""),
        (503, b"[" * 100_000, "tool-status", ""),
    ],
)
async def test_other_statuses_are_errors_with_the_reason(
    status: int, body: bytes, code: str, reason: str
) -> None:
    http = tools(lambda _: httpx.Response(status, content=body))
    with pytest.raises(ToolError) as caught:
        await http.call("look", {"id": "1"}, "key")
    assert caught.value.code == code
    assert caught.value.facts == {"tool": "look", "status": status, "reason": reason}
    await http.close()


async def test_redirects_are_not_followed() -> None:
    asked: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(302, headers={"Location": "http://elsewhere/"})

    assert await code(tools(handler), "look", id="1") == "tool-status"
    assert asked == ["http://back.end/api/things/1"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"[]",
        b"[" * 100_000,
        b"{}",
        b'{"found": "yes"}',
        b'{"found": true, "name": 5}',
        b" " * (MAX_ANSWER + 1),
    ],
)
async def test_answers_out_of_contract_are_refused(body: bytes) -> None:
    http = tools(lambda _: httpx.Response(200, content=body))
    assert await code(http, "look", id="1") == "tool-bad-answer"


def test_optional_values_may_be_missing_but_not_wrong() -> None:
    assert misfits({}, {"a": "list?"}) == []
    assert misfits({"a": None}, {"a": "number?"}) == []
    assert misfits({"a": True}, {"a": "number?"}) == ["a is no number"]
    assert misfits({"a": True}, {"a": "integer"}) == ["a is no integer"]


async def test_the_billing_example_end_to_end(tmp_path: Path) -> None:
    text = Path(billing.__file__).with_name("tools.yaml").read_text()
    declared = Tools.model_validate(yaml.safe_load(text)).tools
    with billing.BillingBackend(tmp_path / "b.db", today=date(2026, 11, 20)) as backend:
        http = HttpTools(declared, backend.url)
        customer = {"customer_number": "482716"}
        assert (await http.call("find_customer", customer, ""))["last_name"] == "Keller"
        assert await http.call("verify_customer", customer | {"postcode": "24718"}, "") == {"verified": True}
        invoice = await http.call("latest_invoice", customer, "")
        plan = {"invoice_id": invoice["invoice_id"], "instalments": 3, "first_date": date(2026, 12, 1)}
        made = [await http.call("create_arrangement", customer | plan, "call-1:9") for _ in range(2)]
        assert made[0]["accepted"]
        assert made[0] == made[1]
        with pytest.raises(ToolError) as caught:
            await http.call("explain_invoice", {"invoice_id": "1"}, "")
        assert caught.value.facts["reason"] == "no-such-invoice"
        await http.close()
    http = HttpTools(declared, backend.url)
    assert await code(http, "find_customer", **customer) == "tool-unreachable"
