from __future__ import annotations

import asyncio

import pytest

pytest.importorskip("llama_cpp")

from models.llm_llama.engine import LlamaLlm
from models.llm_llama.prompt import asked
from models.llm_llama.sampler import Sampling
from models.llm_llama.settings import Placement, Settings
from voicecore.errors import ConfigError, EngineError
from voicecore.ports import ConversationLlm, Llm
from voicecore.types import Message, ToolOffer, ToolRequest

PLACEMENT = Placement(cells=2048, sequences=12, batch=256, threads=1)
SETTINGS = Settings(PLACEMENT, sampling=Sampling(1.0, seed=3), reply_tokens=60, prompt_tokens=512)
SYSTEM = Message("system", "You are the agent of a clinic. " * 5)


@pytest.fixture(scope="module")
def real(toy):
    made = LlamaLlm(toy, SETTINGS)
    yield made
    made.close()


@pytest.fixture
def exact(fake, tmp_path):
    """Without a model, and so without rounding: the same words come out however they were read."""
    made = LlamaLlm(tmp_path, SETTINGS, fake())
    yield made
    made.close()


@pytest.fixture(params=["real", "exact"])
def llm(request):
    return request.getfixturevalue(request.param)


def talk(*said):
    return (SYSTEM, *(Message(("caller", "agent")[n % 2], text) for n, text in enumerate(said)))


async def reply(llm, call, *said, **facts):
    return [part async for part in llm.reply(call, talk(*said), **facts)]


def test_is_one(llm):
    assert isinstance(llm, ConversationLlm)
    assert isinstance(llm, Llm)


async def test_many_calls_at_once_say_what_each_would_alone(exact):
    llm = exact
    questions = [f"question number {n}" for n in range(6)]
    together = await asyncio.gather(*(reply(llm, f"t{n}", q) for n, q in enumerate(questions)))
    alone = [await reply(llm, f"a{n}", question) for n, question in enumerate(questions)]
    assert together == alone
    assert any(together)


async def test_reading_ahead_changes_nothing_but_the_work(exact):
    llm = exact
    expected = await reply(llm, "plain", "I want to pay my bill")
    for words in ("I want", "I want to play", "I want to pay my"):
        llm.prepare("ahead", talk(words))
        await asyncio.sleep(0.02)
    assert await reply(llm, "ahead", "I want to pay my bill") == expected


async def test_a_reply_that_was_cut_off_leaves_no_trace(exact):
    llm = exact
    heard = ("hello", "We open", "what?")
    expected = await reply(llm, "fresh", *heard)
    await reply(llm, "used", "hello")
    await reply(llm, "used", "hello", "We open at nine and close at five.", "no")
    assert await reply(llm, "used", *heard) == expected


async def test_many_real_calls_at_once(real):
    said = await asyncio.gather(*(reply(real, f"r{n}", f"question {n}") for n in range(6)))
    assert all(isinstance(part, str) and part for parts in said for part in parts)
    assert any(record.decoded == 6 for record in real.worker.records)


async def test_a_question_about_passages(llm):
    said = [part async for part in llm.generate("Answer briefly.", "when?", ["We open at nine."])]
    assert all(isinstance(part, str) and part for part in said)


def test_the_question_comes_last(llm):
    system, caller = asked("Answer.", "When do you open", ["We open at nine.", "Bring a card."])
    assert system == Message("system", "Answer.")
    assert caller.text.endswith("- Bring a card.\n\nWhen do you open")
    assert asked("Answer.", "When", ())[1] == Message("caller", "When")


async def test_a_tool_is_requested_as_it_is_offered(llm):
    offer = ToolOffer("stop", "Stops.", {"type": "object", "properties": {"now": {"type": "boolean"}}})
    (request,) = await reply(llm, "tools", "stop it", tools=[offer], insist=True)
    assert isinstance(request, ToolRequest)
    assert request.name == "stop"


async def test_stopping_early(exact):
    llm = exact
    stream = llm.reply("early", talk("tell me a lot"))
    waiting = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0.005)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await stream.aclose()
    assert await reply(llm, "early", "x") == await reply(llm, "other", "x")


async def test_what_nobody_waits_for_does_not_disturb_the_call(exact):
    llm = exact
    both = await asyncio.gather(reply(llm, "c", "sum up", urgent=False), reply(llm, "c", "hello"))
    assert both[1] == await reply(llm, "d", "hello")


@pytest.mark.parametrize(("opening", "messages"), [("", [SYSTEM]), (SYSTEM.text, None)])
async def test_warming_reads_the_system_prompt_in_advance(toy, opening, messages):
    llm = LlamaLlm(toy, SETTINGS, opening=opening)
    await llm.warm(messages)
    await asyncio.sleep(0.05)  # a step is recorded after what it said was handed out
    before = sum(record.read for record in llm.worker.records)
    await reply(llm, "a", "hi")
    llm.close()
    read = sum(record.read for record in llm.worker.records) - before
    assert 0 < read < 20 < before


async def test_without_an_opening_there_is_nothing_to_warm(llm):
    before = llm.worker.steps
    await llm.warm()
    assert llm.worker.steps == before


async def test_errors_carry_their_code(llm):
    with pytest.raises(EngineError) as caught:
        await reply(llm, "long", "word " * 2000)
    assert caught.value.code == "llm-prompt-too-long"


async def test_forgetting_ends_the_calls_work(llm):
    waiting = asyncio.ensure_future(reply(llm, "gone", "hello"))
    await asyncio.sleep(0)
    llm.forget("gone")
    with pytest.raises(EngineError, match="llm-forgotten"):
        await waiting


def test_no_model(tmp_path):
    with pytest.raises(EngineError, match="model-missing"):
        LlamaLlm(tmp_path)


@pytest.mark.parametrize("facts", [{"reply_tokens": 0}, {"prompt_tokens": 10}, {"prompt_tokens": 5000}])
def test_senseless_settings(facts):
    with pytest.raises(ConfigError, match="bad-llm-settings"):
        Settings(PLACEMENT, **facts)


@pytest.mark.parametrize("facts", [{"sequences": 1}, {"sequences": 257}, {"threads": 0}, {"gpu_layers": -2}])
def test_senseless_placements(facts):
    with pytest.raises(ConfigError, match="bad-placement"):
        Placement(**facts)


async def test_a_long_talk_goes_on_beyond_what_the_prompt_holds(real):
    """What is left is moved up in memory: no turn reads the whole of it again."""
    said, reads = [], []
    for n in range(24):
        said += [
            f"this is what I have to say in turn {n}, word by word",
            "I see, and what else may I do for you",
        ]
        before = sum(record.read for record in real.worker.records)
        await reply(real, "long talk", *said[:-1])
        reads.append(sum(record.read for record in real.worker.records) - before)
    assert sum(len(text) for text in said) > 4 * 512
    assert max(reads[1:]) < 200
    real.forget("long talk")
