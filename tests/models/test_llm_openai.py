from __future__ import annotations

import asyncio
import json

import httpx
import pytest

from models.llm_openai import OpenAiLlm, Server, resolve
from voicecore.errors import ConfigError, EngineError
from voicecore.ports import ConversationLlm
from voicecore.types import Message, ToolOffer, ToolRequest

TALK = (Message("system", "Be brief."), Message("caller", "When do you open?"), Message("tool", "9"))
STOP = ToolOffer("stop", "Stops.", {"type": "object", "properties": {"now": {"type": "boolean"}}})


def said(*pieces, finish="stop"):
    """Chunks of a reply."""
    deltas = [{"choices": [{"index": 0, "delta": {"content": piece}}]} for piece in pieces]
    return [*deltas, {"choices": [{"delta": {}, "finish_reason": finish}]}, {"choices": [], "usage": {}}]


def called(name, *arguments):
    first = {"index": 0, "id": "1", "function": {"name": name, "arguments": ""}}
    rest = [{"index": 0, "function": {"arguments": part}} for part in arguments]
    return [{"choices": [{"delta": {"content": None, "tool_calls": [part]}}]} for part in (first, *rest)]


class Peer:
    """A server; remembers what it was asked."""

    def __init__(self, chunks=(), status=200, tail="data: [DONE]\n\n"):
        self.text = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + tail
        self.status, self.asked = status, []

    def __call__(self, request):
        self.asked.append(request)
        return httpx.Response(self.status, content=self.text.encode())


def engine(peer, url="http://127.0.0.1:8000/v1", addresses=("10.0.0.5",), **facts):
    return OpenAiLlm(Server(url, "m", **facts), lambda *_: addresses, httpx.MockTransport(peer))


async def replies(llm, *tools, **facts):
    return [part async for part in llm.reply("a", TALK, tools, **facts)]


def test_is_one():
    assert isinstance(engine(Peer()), ConversationLlm)


async def test_sentences_as_they_come(tmp_path):
    key = tmp_path / "key"
    key.write_text("secret\n")
    peer = Peer(said("We op", "en at nine. We", " close at", " five"))
    assert await replies(engine(peer, key_file=key)) == ["We open at nine.", "We close at five."]
    (request,) = peer.asked
    body = json.loads(request.content)
    assert str(request.url) == "http://127.0.0.1:8000/v1/chat/completions"
    assert request.headers["Authorization"] == "Bearer secret"
    assert body["stream"] is True
    assert [message["role"] for message in body["messages"]] == ["system", "user", "user"]
    assert body["messages"][2]["content"] == "[tool result] 9"
    assert "tools" not in body


async def test_half_a_sentence_at_the_limit_is_left_out():
    assert await replies(engine(Peer(said("One. Two and", finish="length")))) == ["One."]
    assert await replies(engine(Peer(said("Two and", finish="length")))) == ["Two and."]


async def test_generate():
    peer = Peer(said("At nine."))
    assert [part async for part in engine(peer).generate("Answer.", "When?", ["We open."])] == ["At nine."]
    assert "We open." in json.loads(peer.asked[0].content)["messages"][1]["content"]


@pytest.mark.parametrize(("insist", "choice"), [(False, "auto"), (True, "required")])
async def test_a_request_for_a_tool(insist, choice):
    peer = Peer(called("stop", '{"no', 'w":true}'))
    assert await replies(engine(peer), STOP, insist=insist) == [ToolRequest("stop", {"now": True})]
    body = json.loads(peer.asked[0].content)
    assert body["tool_choice"] == choice
    assert body["tools"][0]["function"]["parameters"] == STOP.parameters


@pytest.mark.parametrize("chunks", [called("go"), called("stop", '{"now":3}'), called("stop", "{")])
async def test_a_request_that_breaks_its_offer(chunks):
    with pytest.raises(EngineError, match="llm-bad-request"):
        await replies(engine(Peer(chunks)), STOP)


async def test_a_request_where_nothing_is_on_offer():
    with pytest.raises(EngineError, match="llm-bad-request"):
        await replies(engine(Peer(called("stop"))))


@pytest.mark.parametrize(
    "tail", ["data: {\n", "data: 7\n", 'data: {"choices":[3]}\n', "data: []\n", "data: " + "x" * 70_000]
)
async def test_a_stream_that_is_not_understood(tail):
    with pytest.raises(EngineError, match="llm-broken-reply"):
        await replies(engine(Peer(tail=tail)))


@pytest.mark.parametrize("status", [302, 401, 500])
async def test_a_server_that_refuses(status):
    with pytest.raises(EngineError, match=f"llm-refused: HTTP {status}"):
        await replies(engine(Peer(status=status)))


async def test_a_server_that_breaks_off():
    def broken(request):
        raise httpx.ReadError("gone")

    with pytest.raises(EngineError, match="llm-unreachable"):
        await replies(engine(broken))


@pytest.mark.parametrize(
    "addresses",
    [
        ("8.8.8.8",),
        ("10.0.0.5", "8.8.8.8"),
        ("2001:4860:4860::8888",),
        ("::ffff:8.8.8.8",),
        ("100.64.0.1",),
        ("0.0.0.0",),
        ("172.32.0.1",),
    ],
)
async def test_what_is_elsewhere_is_never_asked(addresses):
    peer = Peer(said("hi"))
    with pytest.raises(EngineError, match="llm-not-local"):
        await replies(engine(peer, "http://models.example/v1", addresses))
    assert peer.asked == []


@pytest.mark.parametrize(
    ("addresses", "allowed"),
    [
        (("127.0.0.1",), ()),
        (("::1",), ()),
        (("::ffff:10.1.1.1",), ()),
        (("fe80::1%eth0",), ()),
        (("192.168.7.7", "fd00::1"), ()),
        (("8.8.8.8",), ("8.8.8.0/24",)),
        (("8.8.8.8",), ("models.example",)),
    ],
)
async def test_what_is_local_or_allowed_is_asked_at_the_address_that_was_checked(addresses, allowed):
    peer = Peer(said("hi"))
    llm = engine(peer, "https://models.example/v1", addresses, allowed=allowed)
    assert await replies(llm) == ["hi."]
    (request,) = peer.asked
    assert request.url.host == addresses[0]
    assert request.headers["Host"] == "models.example"
    assert request.extensions["sni_hostname"] == "models.example"


def test_an_address_elsewhere_is_refused_at_once():
    with pytest.raises(EngineError, match="llm-not-local"):
        engine(Peer(), "http://8.8.8.8/v1")


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("ftp://127.0.0.1/v1", ()),
        ("/v1", ()),
        ("http://user:secret@127.0.0.1/v1", ()),
        ("http://127.0.0.1/v1", ("10.0.0.1/8",)),
        ("http://[::1", ()),
    ],
)
def test_senseless_servers(url, allowed):
    with pytest.raises(ConfigError, match="bad-llm-server"):
        engine(Peer(), url, allowed=allowed)


async def test_a_name_that_nobody_knows():
    def nobody(host, port):
        raise OSError("unknown")

    for resolver in (nobody, lambda *_: ()):
        with pytest.raises(EngineError, match="llm-unreachable"):
            await replies(OpenAiLlm(Server("http://models.example/v1", "m"), resolver))


async def test_the_key_from_the_environment(monkeypatch):
    monkeypatch.setenv("LLM_KEY", "secret")
    peer = Peer()
    await replies(engine(peer, key_env="LLM_KEY"))
    assert peer.asked[0].headers["Authorization"] == "Bearer secret"


def test_a_key_that_is_not_there(tmp_path):
    for facts in ({"key_file": tmp_path / "none"}, {"key_env": "NO_SUCH_KEY"}):
        with pytest.raises(ConfigError, match="no-secret"):
            engine(Peer(), **facts)


async def test_over_a_socket_and_stopped_early():
    gone = asyncio.Event()

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        try:
            while True:
                writer.write(b'data: {"choices":[{"delta":{"content":"Word. "}}]}\n\n')
                await writer.drain()
                await asyncio.sleep(0.001)
        except ConnectionError:
            gone.set()
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    llm = OpenAiLlm(Server(f"http://localhost:{port}/v1", "m"), lambda *_: ("127.0.0.1",))
    stream = llm.reply("a", TALK)
    assert await anext(stream) == "Word."
    await stream.aclose()
    await asyncio.wait_for(gone.wait(), 5)
    server.close()


def test_the_systems_resolver():
    assert set(resolve("localhost", 80)) <= {"127.0.0.1", "::1"}
