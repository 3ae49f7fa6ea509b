"""The API as a whole: its description, its headers, what it does with nonsense."""

from __future__ import annotations

from tests.control.conftest import Control
from voicecore.control.app import MAX_BODY


async def test_it_describes_itself_with_permissions(control: Control) -> None:
    document = (await control.client.get("/v1/openapi.json", headers=await control.be("viewer"))).json()
    assert document["openapi"].startswith("3.")
    assert document["paths"]["/v1/approvals"]["post"]["x-permission"] == "decide"
    assert document["paths"]["/v1/login"]["post"]["x-permission"] == "anybody"
    assert all("summary" in operation for path in document["paths"].values() for operation in path.values())


async def test_every_answer_is_private_and_says_nothing_of_the_server(control: Control) -> None:
    for path in ("/v1/health", "/v1/me", "/nothing"):
        answer = await control.client.get(path)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["strict-transport-security"]
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert "server" not in answer.headers
    for path in ("/docs", "/redoc", "/openapi.json"):
        assert (await control.client.get(path)).json()["error"]["code"] == "no-such-path"


async def test_nonsense_gets_a_code(control: Control) -> None:
    assert (await control.client.get("/v1/health")).json() == {"status": "ok"}
    wrong = await control.client.put("/v1/login")
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (405, "method-not-allowed")
    for content in (b"", b"{", b"[]", b"\xff"):
        answer = await control.client.post("/v1/login", content=content)
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "bad-request"), content


async def test_a_body_that_is_too_long_ends_the_request(control: Control) -> None:
    answer = await control.client.post("/v1/login", content=b"x" * (MAX_BODY + 1))
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too-long")
