"""An agent: everything that a folder of YAML files says, checked and ready to run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from voicecore.config import parse_yaml
from voicecore.dialogue.checks import check_references
from voicecore.dialogue.knowledge import Passage, parse_knowledge
from voicecore.dialogue.schema import Flow, Intent, Intents, Lexicon, Persona, Slot, Slots, Tool, Tools
from voicecore.errors import ConfigError

REQUIRED = ("agent.yaml", "intents.yaml", "slots.yaml", "tools.yaml")


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent as data; built by ``parse``, which is pure, or ``load_agent``."""

    persona: Persona
    flows: Mapping[str, Flow]
    slots: Mapping[str, Slot]
    intents: Mapping[str, Intent]
    tools: Mapping[str, Tool]
    backend: str
    """Base URL of the tools."""
    lexicon: Mapping[str, str]
    """Word as written -> as it is to be pronounced."""
    passages: tuple[Passage, ...]

    @staticmethod
    def parse(files: Mapping[str, str], folder: str = "") -> Agent:
        """Build an agent from texts by relative path ("agent.yaml", "flows/main.yaml", "knowledge/x.md").

        ``folder`` is put before the names in complaints. Raises ConfigError with facts file, line and
        field: ``no-such-file``, ``yaml-syntax``, ``bad-field``, ``bad-knowledge`` or
        ``bad-reference`` (a name that no other file defines, a label that is not there, an effect
        that no confirmation guards).
        """
        names = {name: str(PurePosixPath(folder, name)) for name in files}
        for name in REQUIRED:
            if name not in files:
                path = str(PurePosixPath(folder, name))
                raise ConfigError("no-such-file", f"{path}: an agent needs this file", file=path)
        flows = {
            PurePosixPath(name).stem: parse_yaml(text, names[name], Flow)
            for name, text in files.items()
            if name.startswith("flows/") and name.endswith(".yaml")
        }
        tools = parse_yaml(files["tools.yaml"], names["tools.yaml"], Tools)
        agent = Agent(
            persona=parse_yaml(files["agent.yaml"], names["agent.yaml"], Persona),
            flows=flows,
            slots=parse_yaml(files["slots.yaml"], names["slots.yaml"], Slots).slots,
            intents=parse_yaml(files["intents.yaml"], names["intents.yaml"], Intents).intents,
            tools=tools.tools,
            backend=tools.base_url,
            lexicon=parse_yaml(files.get("lexicon.yaml", ""), f"{folder}/lexicon.yaml", Lexicon).words,
            passages=tuple(
                passage
                for name, text in sorted(files.items())
                if name.startswith("knowledge/") and name.endswith(".md")
                for passage in parse_knowledge(text, names[name], PurePosixPath(name).stem)
            ),
        )
        check_references(agent, files, names)
        return agent

    @property
    def topics(self) -> frozenset[str]:
        """The knowledge files, without ".md"."""
        return frozenset(passage.topic for passage in self.passages)


def load_agent(folder: Path) -> Agent:
    """Read an agent's folder, once, at start-up. Raises ConfigError as ``Agent.parse`` does."""
    paths = [*folder.glob("*.yaml"), *folder.glob("flows/*.yaml"), *folder.glob("knowledge/*.md")]
    try:
        files = {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in paths}
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError("no-such-file", f"{folder}: {exc}", file=str(folder)) from exc
    return Agent.parse(files, str(folder))
