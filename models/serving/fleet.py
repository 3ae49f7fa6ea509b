"""The engine processes of an appliance: one each for hearing, wording and speaking."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from models.choice import Choice
from models.engines import Port
from models.serving.clients import RemoteAsr, RemoteConversationLlm, RemoteLlm, RemoteTts, RemoteTurnModel
from models.serving.host import EngineHost
from models.serving.spec import Spec
from voicecore.ports import Asr, Llm, Tts, TurnModel

HOMES: Mapping[str, tuple[Port, ...]] = {"asr": ("asr", "turn"), "llm": ("llm", "embedder"), "tts": ("tts",)}
"""Which ports' engines share a process. The embedder is the language model's own, where it wants one."""


NETWORKED = frozenset({"openai"})
"""Engines that are a server's clients."""


class Fleet:
    """All engine processes; each is started again when it dies, without the others noticing."""

    def __init__(
        self,
        choices: Mapping[Port, Choice],
        data_dir: Path,
        on_death: Callable[[str], None] | None = None,
        sealed: bool = False,
    ) -> None:
        """``choices``: asr, turn, tts, llm, and embedder where the llm is "retrieval".

        ``on_death``: see ``EngineHost``; ``sealed``: whether processes get no internet sockets, but those of
        ``NETWORKED`` engines.
        """
        self.hosts: dict[str, EngineHost] = {}
        self._folder = tempfile.TemporaryDirectory(prefix="voicecore-boards-")
        for name, ports in HOMES.items():
            theirs = {port: choices[port] for port in ports if port in choices}
            offline = sealed and NETWORKED.isdisjoint(choice.name for choice in theirs.values())
            spec = Spec(theirs, data_dir, Path(self._folder.name), offline)
            self.hosts[name] = EngineHost(name, spec, on_death)

    @property
    def up(self) -> bool:
        """Whether all engines can answer now."""
        return all(host.up for host in self.hosts.values())

    def start(self) -> None:
        """Start all processes at once; return when all are loaded and warm.

        Raises the first EngineError of any, after stopping the others.
        """
        with ThreadPoolExecutor(len(self.hosts)) as pool:
            started = [pool.submit(host.start) for host in self.hosts.values()]
        failures = [future.exception() for future in started]
        failure = next(filter(None, failures), None)
        if failure is not None:
            for host, failed in zip(self.hosts.values(), failures, strict=True):
                if failed is None:
                    host.stop()
            raise failure

    def stop(self) -> None:
        """End all processes."""
        with ThreadPoolExecutor(len(self.hosts)) as pool:
            for host in self.hosts.values():
                pool.submit(host.stop)
        self._folder.cleanup()

    @property
    def asr(self) -> Asr:
        return RemoteAsr(self.hosts["asr"])

    @property
    def turn_model(self) -> TurnModel:
        return RemoteTurnModel(self.hosts["asr"])

    @property
    def tts(self) -> Tts:
        return RemoteTts(self.hosts["tts"])

    @property
    def llm(self) -> Llm:
        host = self.hosts["llm"]
        return RemoteConversationLlm(host) if host.converses else RemoteLlm(host)
