"""A language model that reads along, in a process of its own: llama.cpp with tiny synthetic weights."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from models.choice import Choice
from models.serving.clients import RemoteConversationLlm
from models.serving.host import EngineHost
from models.serving.spec import Spec
from models.synthesize.install import synthesize
from tests.models.serving.standing import stand_still
from voicecore.errors import EngineError
from voicecore.ports import ConversationLlm
from voicecore.types import Message

pytestmark = pytest.mark.interop
SETTINGS = {
    "placement": {"cells": 8192, "sequences": 8, "threads": 1},
    "sampling": {"temperature": 1.0, "seed": 1},
    "reply_tokens": 24,
}
TALK = (Message("system", "Be brief."), Message("caller", "what is a late fee"))


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    pytest.importorskip("llama_cpp")
    data = tmp_path_factory.mktemp("llama")
    synthesize("qwen2.5-1.5b", data, shape="toy", quantisation="F16")
    started = EngineHost("llm", Spec({"llm": Choice("llama", options={"settings": SETTINGS})}, data))
    started.start()
    yield started
    started.stop()


@pytest.fixture
def llm(host):
    assert host.converses
    return RemoteConversationLlm(host)


async def said_by(llm, call, talk=TALK):
    return [said async for said in llm.reply(call, talk)]


async def test_calls_are_answered_side_by_side(llm):
    assert isinstance(llm, ConversationLlm)
    answers = await asyncio.gather(*(said_by(llm, f"call-{nth}") for nth in range(4)))
    assert all(answers)


async def test_reading_ahead_and_forgetting_ask_for_no_answer(llm):
    llm.prepare("call-9", TALK[:1])
    assert await said_by(llm, "call-9")
    llm.forget("call-9")


async def test_a_reply_may_be_stopped_early(llm, host):
    reply = llm.reply("call-1", TALK)
    await anext(reply)
    await reply.aclose()
    assert not host._lines


async def test_conversations_go_on_after_a_restart(llm, host):
    first = host.pid
    stand_still(first)
    asking = asyncio.ensure_future(said_by(llm, "call-1"))
    await asyncio.sleep(0.1)
    os.kill(first, signal.SIGKILL)
    with pytest.raises(EngineError, match="engine-died"):
        await asyncio.wait_for(asking, 2.0)
    async with asyncio.timeout(60):
        while not host.up:
            await asyncio.sleep(0.01)
    llm.prepare("call-1", TALK[:1])
    assert await said_by(llm, "call-1")
