"""Pipecat's own turn handling, with its defaults, on calls that come in over a socket.

Runs in its own environment (see README.md beside it) with the socket as standard input; imports nothing of
voicecore. One call at a time; a pipeline is built ahead for each. Packets (``SOCK_SEQPACKET``) in::

    A<pcm>  20 ms of the caller, int16 at 16 kHz      S  the agent is heard speaking
    H       the call is over                          Q  the agent has stopped speaking

and out, a JSON object each: ``ready`` (versions, settings) before every call, then Pipecat's decisions
``vad-start``, ``turn-start``, ``interruption``, ``vad-stop``, ``verdict`` (of its turn model) and
``turn-stop``. ``at`` is how much of the call had come in by then, in seconds.
"""

# mypy: ignore-errors
from __future__ import annotations

import asyncio
import contextlib
import json
import platform
import socket
import sys
from importlib.metadata import version
from typing import Any

import numpy as np
from pipecat.audio.turn.smart_turn.local_smart_turn_v3 import LocalSmartTurnAnalyzerV3
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    Frame,
    InputAudioRawFrame,
    InterruptionFrame,
    MetricsFrame,
    StartFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.metrics.metrics import TurnMetricsData
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_transport import TransportParams
from pipecat.turns.user_stop import TurnAnalyzerUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.workers.runner import WorkerRunner

RATE = 16_000
PACKET = 4096

DECISIONS: dict[type[Frame], str] = {
    VADUserStartedSpeakingFrame: "vad-start",
    UserStartedSpeakingFrame: "turn-start",
    InterruptionFrame: "interruption",
    VADUserStoppedSpeakingFrame: "vad-stop",
    UserStoppedSpeakingFrame: "turn-stop",
}


class Line(BaseInputTransport):
    """The caller's end of the pipeline."""

    heard = 0
    """Samples that have come in."""

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def hear(self, pcm: bytes) -> None:
        self.heard += len(pcm) // 2
        await self.push_audio_frame(InputAudioRawFrame(audio=pcm, sample_rate=RATE, num_channels=1))


class Agent(FrameProcessor):
    """Stands where Pipecat's language model, voice and output are: tells what reaches them."""

    def __init__(self, line: Line, wire: socket.socket) -> None:
        super().__init__()
        self._line = line
        self._wire = wire

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if direction is FrameDirection.DOWNSTREAM:
            self._tell(frame)
        await self.push_frame(frame, direction)

    def _tell(self, frame: Frame) -> None:
        at = self._line.heard / RATE
        if (event := DECISIONS.get(type(frame))) is not None:
            send(self._wire, {"event": event, "at": at})
        elif isinstance(frame, MetricsFrame):
            for data in frame.data:
                if isinstance(data, TurnMetricsData):
                    facts = {"probability": data.probability, "took_ms": data.e2e_processing_time_ms}
                    send(self._wire, {"event": "verdict", "at": at, **facts})


def send(wire: socket.socket, message: dict[str, Any]) -> None:
    """One packet; the other side reads every 20 ms, so a full socket is a fault worth ending for."""
    wire.send(json.dumps(message).encode())


def default_strategies() -> UserTurnStrategies:
    """Pipecat's defaults, except that no turn waits for a transcript.

    The words are the product's business and don't come here. So a turn ends when Pipecat's turn model
    says so: as by default with a recogniser whose final text is always there already.
    """
    stop = TurnAnalyzerUserTurnStopStrategy(
        turn_analyzer=LocalSmartTurnAnalyzerV3(), wait_for_transcript=False
    )
    return UserTurnStrategies(stop=[stop])


def settings(params: LLMUserAggregatorParams) -> dict[str, Any]:
    """What is in effect, read from the objects that act on it."""
    strategies = params.user_turn_strategies
    stop = strategies.stop[0]
    return {
        "sample_rate": RATE,
        "vad": params.vad_analyzer.params.model_dump(),
        "start": [type(strategy).__name__ for strategy in strategies.start],
        "stop": [type(strategy).__name__ for strategy in strategies.stop],
        "turn_analyzer": type(stop._turn_analyzer).__name__,
        "smart_turn": stop._turn_analyzer.params.model_dump(),
        "wait_for_transcript": stop.wait_for_transcript,
        "mute": [type(strategy).__name__ for strategy in params.user_mute_strategies],
        "user_turn_stop_timeout": params.user_turn_stop_timeout,
        "audio_idle_timeout": params.audio_idle_timeout,
    }


def warm_up(strategies: UserTurnStrategies) -> None:
    """Run the turn model once, as the product does with its own, so that no turn pays for its first use."""
    strategies.stop[0]._turn_analyzer._predict_endpoint(np.zeros(RATE, np.float32))


async def serve_call(wire: socket.socket) -> bool:
    """Build a pipeline, say so, serve one call; False when the other side has gone."""
    loop = asyncio.get_running_loop()
    strategies = default_strategies()
    params = LLMUserAggregatorParams(vad_analyzer=SileroVADAnalyzer(), user_turn_strategies=strategies)
    users = LLMContextAggregatorPair(LLMContext(), user_params=params).user()
    line = Line(TransportParams(audio_in_enabled=True))
    agent = Agent(line, wire)
    worker = PipelineWorker(Pipeline([line, users, agent]), idle_timeout_secs=None)
    started = asyncio.Event()
    worker.add_event_handler("on_pipeline_started", lambda *_: started.set())
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    await started.wait()
    warm_up(strategies)
    known = {name: version(name) for name in ("pipecat-ai", "onnxruntime", "numpy")}
    known["python"] = platform.python_version()
    send(wire, {"event": "ready", "peer": "pipecat", "versions": known, "settings": settings(params)})
    try:
        while packet := await loop.sock_recv(wire, PACKET):
            match packet[:1]:
                case b"A":
                    await line.hear(packet[1:])
                case b"S":
                    await agent.broadcast_frame(BotStartedSpeakingFrame)
                case b"Q":
                    await agent.broadcast_frame(BotStoppedSpeakingFrame)
                case b"H":
                    return True
        return False
    finally:
        await worker.cancel()
        await running


async def main() -> None:
    with socket.socket(fileno=sys.stdin.fileno()) as wire, contextlib.suppress(ConnectionResetError):
        wire.setblocking(False)
        while await serve_call(wire):
            pass


if __name__ == "__main__":
    asyncio.run(main())
