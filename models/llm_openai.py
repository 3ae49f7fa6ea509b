"""A language model on a server of one's own that speaks OpenAI's protocol; never one that is elsewhere."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from models.llm_llama.grammar import ToolGrammar, tool_grammar
from models.llm_llama.prompt import ROLES, asked, cleaned
from models.llm_llama.sentences import Sentences
from voicecore.config import read_secret
from voicecore.errors import ConfigError, EngineError
from voicecore.types import Message, ToolOffer, ToolRequest

LOCAL = tuple(
    ipaddress.ip_network(network)
    for network in (
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    )
)
"""Loopback, private and link-local networks (RFC 1918, 3927, 4193, 4291)."""
LONGEST_LINE = 1 << 16
"""Bytes of one event of the stream."""

Resolve = Callable[[str, int], Sequence[str]]
"""The addresses of a host and port."""


def resolve(host: str, port: int) -> Sequence[str]:
    """By the system's resolver. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, slots=True)
class Server:
    """Where the model is, and how it is asked."""

    url: str
    """Up to "/v1"."""
    model: str
    key_file: Path | None = None
    key_env: str | None = None
    """Where the bearer key lies, if the server wants one: a file, or an environment variable."""
    allowed: tuple[str, ...] = ()
    """Host names, addresses or networks that may be asked although they are not local."""
    temperature: float = 0.0
    reply_tokens: int = 160
    timeout_s: float = 20.0
    """Longest silence of the server."""


class OpenAiLlm:
    """``ports.ConversationLlm`` over HTTP, streamed. Nothing is sent before the server's address was checked.

    The host is resolved for every reply, all its addresses must be local or allowed, and the connection
    goes to the one that was checked, whatever the name stands for a moment later. Proxies and redirects
    are not followed. Reading ahead is left to the server's own prefix cache.
    """

    def __init__(
        self,
        server: Server,
        resolver: Resolve = resolve,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Raises ConfigError: "bad-llm-server", "no-secret"; EngineError("llm-not-local") as far as known."""
        self._server, self._resolver, self._transport = server, resolver, transport
        keyed = server.key_file is not None or server.key_env is not None
        self._key = read_secret(server.key_file, server.key_env, "no key") if keyed else None
        try:
            self._url = httpx.URL(server.url.rstrip("/") + "/chat/completions")
            networks = [entry for entry in server.allowed if not _is_name(entry)]
            self._allowed = (*LOCAL, *(ipaddress.ip_network(network) for network in networks))
        except (httpx.InvalidURL, ValueError) as exc:
            raise ConfigError("bad-llm-server", f"{server.url}: {exc}") from exc
        if self._url.scheme not in {"http", "https"} or not self._url.host or self._url.userinfo:
            raise ConfigError("bad-llm-server", f"{server.url}: http(s)://host[:port]/v1, without a user")
        self._port = self._url.port or {"http": 80, "https": 443}[self._url.scheme]
        self._tls = ssl.create_default_context() if self._url.scheme == "https" else False
        if not _is_name(self._url.host):
            self._check(self._url.host)

    def prepare(self, call: str, messages: Sequence[Message], tools: Sequence[ToolOffer] = ()) -> None:
        """Nothing is sent: a server keeps what it has read as it sees fit."""

    def forget(self, call: str) -> None:
        """Nothing of the call is kept here."""

    async def generate(self, instruction: str, question: str, passages: Sequence[str]) -> AsyncIterator[str]:
        """See ``ports.Llm``."""
        async for said in self.reply("", asked(instruction, question, passages)):
            if isinstance(said, str):
                yield said

    async def reply(
        self,
        call: str,  # noqa: ARG002
        messages: Sequence[Message],
        tools: Sequence[ToolOffer] = (),
        urgent: bool = True,  # noqa: ARG002
        insist: bool = False,
    ) -> AsyncIterator[str | ToolRequest]:
        """See ``ConversationLlm``. Raises EngineError with ``llm-not-local``, ``llm-unreachable``,
        ``llm-refused`` (HTTP status), ``llm-broken-reply`` or ``llm-bad-request``."""
        grammar = tool_grammar(tools) if tools else None
        reading = _Reply(grammar)
        async for line in self._lines(self._body(messages, tools, insist)):
            for sentence in reading.take(line):
                yield sentence
            if reading.over:
                break
        for last in reading.finish():
            yield last

    def _body(self, messages: Sequence[Message], tools: Sequence[ToolOffer], insist: bool) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self._server.model,
            "messages": [{"role": ROLES[m.role], "content": cleaned(m)} for m in messages],
            "stream": True,
            "max_tokens": self._server.reply_tokens,
            "temperature": self._server.temperature,
        }
        if tools:
            body["tools"] = [
                {
                    "type": "function",
                    "function": {
                        "name": offer.name,
                        "description": offer.description,
                        "parameters": dict(offer.parameters),
                    },
                }
                for offer in tools
            ]
            body["tool_choice"] = "required" if insist else "auto"
        return body

    async def _lines(self, body: Mapping[str, Any]) -> AsyncIterator[str]:
        """The data of each event of the stream (Server-Sent Events)."""
        address = await self._address()
        headers = {"Host": self._url.netloc.decode()}
        if self._key is not None:
            headers["Authorization"] = f"Bearer {self._key}"
        timeout = httpx.Timeout(self._server.timeout_s, connect=min(5.0, self._server.timeout_s))
        client = httpx.AsyncClient(
            transport=self._transport, verify=self._tls, trust_env=False, timeout=timeout
        )
        request = client.build_request(
            "POST",
            self._url.copy_with(host=address),
            json=body,
            headers=headers,
            extensions={"sni_hostname": self._url.host, "timeout": timeout.as_dict()},
        )
        try:
            async with client:
                response = await client.send(request, stream=True)
                try:
                    if response.status_code != 200:
                        raise EngineError("llm-refused", f"HTTP {response.status_code}", host=self._url.host)
                    async for data in _events(response):
                        yield data
                finally:
                    await response.aclose()
        except (httpx.HTTPError, httpx.StreamError) as exc:
            what = f"{self._url.host}: {type(exc).__name__}"
            raise EngineError("llm-unreachable", what, host=self._url.host) from exc

    async def _address(self) -> str:
        """One of the host's addresses, all checked."""
        host = self._url.host
        if not _is_name(host):
            self._check(host)
            return host
        try:
            addresses = await asyncio.to_thread(self._resolver, host, self._port)
        except OSError as exc:
            raise EngineError("llm-unreachable", f"{host}: {exc}", host=host) from exc
        if not addresses:
            raise EngineError("llm-unreachable", f"{host} has no address", host=host)
        if host not in self._server.allowed:
            for address in addresses:
                self._check(address)
        return addresses[0]

    def _check(self, address: str) -> None:
        ip = ipaddress.ip_address(address.partition("%")[0])
        ip = getattr(ip, "ipv4_mapped", None) or ip
        if not any(ip in network for network in self._allowed):
            message = f"{self._url.host} is {ip}: neither local nor allowed"
            raise EngineError("llm-not-local", message, host=self._url.host, address=str(ip))


class _Reply:
    """What a stream of completion chunks says."""

    def __init__(self, grammar: ToolGrammar | None) -> None:
        self._grammar = grammar
        self._sentences = Sentences()
        self._spoken = False
        self._cut = False
        self._name = ""
        self._arguments = ""
        self.over = False

    def take(self, data: str) -> list[str]:
        """The sentences that one event completes."""
        if data == "[DONE]":
            self.over = True
            return []
        try:
            choices = json.loads(data)["choices"]
            if not choices:
                return []
            delta = choices[0].get("delta") or {}
            for part in delta.get("tool_calls") or ():
                if part.get("index", 0) == 0:
                    self._name += part["function"].get("name") or ""
                    self._arguments += part["function"].get("arguments") or ""
            self._cut = choices[0].get("finish_reason") == "length"
            said = self._sentences.feed(delta.get("content") or "")
        except (ValueError, KeyError, TypeError, AttributeError) as exc:
            raise EngineError("llm-broken-reply", "the server's stream is not understood") from exc
        self._spoken = self._spoken or bool(said)
        return said

    def finish(self) -> list[str | ToolRequest]:
        """What is left: the request for a tool, or the last sentence, if whole or the only one."""
        if not self._name:
            return [] if self._cut and self._spoken else [*self._sentences.flush()]
        if self._grammar is None:
            raise EngineError("llm-bad-request", "a request for a tool, but none is on offer")
        try:
            arguments = json.loads(self._arguments or "{}")
        except ValueError as exc:
            raise EngineError("llm-bad-request", "arguments that are not JSON") from exc
        return [self._grammar.request(self._name, arguments)]


async def _events(response: httpx.Response) -> AsyncIterator[str]:
    """The "data:" lines of a response, one at a time."""
    rest = b""
    async for chunk in response.aiter_bytes():
        *lines, rest = (rest + chunk).split(b"\n")
        if len(rest) > LONGEST_LINE:
            raise EngineError("llm-broken-reply", "an endless line")
        for line in lines:
            if line.startswith(b"data:"):
                yield line[5:].decode(errors="replace").strip()


def _is_name(host: str) -> bool:
    """Whether it is neither an address nor a network."""
    try:
        ipaddress.ip_network(host, strict=False)
    except ValueError:
        return True
    return False
