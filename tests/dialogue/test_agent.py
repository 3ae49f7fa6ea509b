"""An agent's folder: what is read, and how every fault names its place."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from voicecore.dialogue import Agent, load_agent
from voicecore.errors import ConfigError


def test_the_example_is_read_whole(agent: Agent) -> None:
    assert agent.persona.name == "Northwind billing"
    assert set(agent.flows) == {"main", "identify", "invoice", "explain", "arrangement"}
    assert agent.tools["create_arrangement"].read_only is False
    assert agent.backend == "http://127.0.0.1:8090"
    assert agent.lexicon["Northwind"] == "North wind"
    assert all(len(intent.examples) >= 15 for intent in agent.intents.values())
    assert agent.topics == {"opening-hours", "payment-methods", "late-fees", "paper-bills", "moving-house"}


def test_parsing_texts_equals_loading_the_folder(agent: Agent, files: dict[str, str]) -> None:
    assert Agent.parse(files) == agent


def test_a_folder_without_an_agent_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_agent(tmp_path)
    assert caught.value.code == "no-such-file"
    assert caught.value.facts["file"] == str(tmp_path / "agent.yaml")


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "agent.yaml").write_bytes(b"name: \xff\xfe")
    with pytest.raises(ConfigError, match="no-such-file"):
        load_agent(tmp_path)


FAULTS = yaml.safe_load((Path(__file__).parent / "data" / "faults.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("fault", FAULTS, ids=[f"{f['file']}: {f['new'].strip()}" for f in FAULTS])
def test_a_fault_names_file_line_and_field(files: dict[str, str], fault: dict[str, str]) -> None:
    file, code, field = fault["file"], fault["code"], fault["field"]
    assert fault["old"] in files[file]
    text = files[file].replace(fault["old"], fault["new"], 1)
    with pytest.raises(ConfigError) as caught:
        Agent.parse({**files, file: text}, "agents/billing")
    error, path = caught.value, f"agents/billing/{file}"
    line = error.facts["line"]
    assert isinstance(line, int)
    assert (error.code, error.facts["file"], error.facts["field"]) == (code, path, field)
    assert fault.get("line", fault["new"]).strip() in text.splitlines()[line - 1]
    assert f"{path}:{line}: " in str(error)


def test_broken_yaml_names_its_line(files: dict[str, str]) -> None:
    with pytest.raises(ConfigError) as caught:
        Agent.parse({**files, "slots.yaml": "slots:\n  a: [1,\n  b: 2\n"})
    assert (caught.value.code, caught.value.facts["line"]) == ("yaml-syntax", 4)


def test_an_effect_needs_a_confirmation_before_it(files: dict[str, str]) -> None:
    flow = files["flows/arrangement.yaml"]
    start, end = flow.index("  - id: read_back"), flow.index("  - call: create_arrangement")
    with pytest.raises(ConfigError, match="must be a confirm") as caught:
        Agent.parse({**files, "flows/arrangement.yaml": flow[:start] + flow[end:]})
    assert caught.value.facts["field"] == "steps.6.call"


def test_flows_that_run_each_other_for_ever_are_found(files: dict[str, str]) -> None:
    loop = "title: a loop\nsteps:\n  - run: {}\n"
    files = {**files, "flows/one.yaml": loop.format("two"), "flows/two.yaml": loop.format("one")}
    with pytest.raises(ConfigError, match="would run itself") as caught:
        Agent.parse(files)
    assert caught.value.facts["file"] == "flows/one.yaml"


def test_all_faults_are_told_at_once(files: dict[str, str]) -> None:
    broken = {
        **files,
        "agent.yaml": files["agent.yaml"].replace("start: main", "start: x"),
        "flows/main.yaml": files["flows/main.yaml"].replace("opening_hours", "hours"),
    }
    with pytest.raises(ConfigError) as caught:
        Agent.parse(broken)
    assert "agent.yaml:" in str(caught.value)
    assert "flows/main.yaml:" in str(caught.value)
