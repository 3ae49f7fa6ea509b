"""Steps: what each kind does, and that no flow runs for ever."""

from __future__ import annotations

from tests.dialogue.conftest import TODAY, Conversation
from voicecore.dialogue import Agent, Dialogue, IntentIndex

BASE = {
    "agent.yaml": "name: x\nstart: main\nhandoff: {target: 'sip:person@here', say: Hold on.}",
    "intents.yaml": "intents: {}",
    "slots.yaml": """
slots:
  size: {kind: number, label: the size, prompt: "What size?", minimum: 1, maximum: 9, ack: "{value}."}
  wish: {kind: open, label: your wish, prompt: "What would you like?"}
""",
    "tools.yaml": """
base_url: http://x
tools:
  look:
    path: /look
    arguments: {size: integer}
    returns: {state: string, stock: integer, ready: boolean, things: list}
    fails: Sorry.
""",
    "knowledge/shop.md": "## What do you sell?\nShoes.\n",
}
LOOK = "  - ask: size\n  - call: look\n    arguments: {size: size}\n    save: seen\n"
SEEN = {
    "state": "new",
    "stock": 3,
    "ready": True,
    "things": [{"name": "a boot", "cents": 250}, {"name": "a lace"}],
}


def run(steps: str, look: dict[str, object] | None = None, tools: str = "", **more: str) -> Conversation:
    """A call to an agent whose main flow is ``steps``; ``more`` are the steps of other flows."""
    extra = {f"flows/{name}.yaml": f"title: {name}\nsteps:\n{text}" for name, text in more.items()}
    base = {**BASE, "tools.yaml": tools or BASE["tools.yaml"]}
    agent = Agent.parse({**base, "flows/main.yaml": f"title: main\nsteps:\n{steps}", **extra})
    return Conversation(
        Dialogue(agent, IntentIndex.build(agent), TODAY), {"look": look or SEEN, "store": {"state": "new"}}
    )


def test_a_flow_that_ends_says_goodbye() -> None:
    call = run("  - say: Hello.\n")
    assert call.said == "Hello. Thank you for calling. Goodbye."
    assert call.hung_up == "done"


def test_wordings_take_turns() -> None:
    call = run("  - id: a\n    say: [One., Two., Three.]\n  - goto: a\n    at_most: 3\n    otherwise: done\n")
    assert call.said.startswith("One. Two. Three. One.")


def test_a_circle_ends_with_a_person() -> None:
    call = run("  - id: a\n    say: Again.\n  - goto: a\n")
    assert call.transferred


def test_a_list_is_read_item_by_item() -> None:
    call = run(LOOK + '  - say: "{item.name}, {item.cents:money}."\n    each: seen.things\n')
    assert "A boot, two euros and fifty cents. A lace, unknown." in call.says("three")


def test_a_branch_takes_the_first_case_that_holds() -> None:
    steps = LOOK + (
        "  - branch:\n"
        "      - when: {seen.state: old}\n        goto: old\n"
        "      - when: {seen.ready: true, seen.stock: {above: 5}}\n        goto: many\n"
        "      - when: {seen.ready: true, seen.stock: {below: 5}}\n        goto: few\n"
        "    otherwise: none\n"
        "  - id: old\n    end: Old.\n  - id: many\n    end: Many.\n"
        "  - id: few\n    end: Few.\n  - id: none\n    end: None.\n"
    )
    assert run(steps).says("three").endswith("Few.")
    assert run(steps, {**SEEN, "stock": 6}).says("three").endswith("Many.")
    assert run(steps, {**SEEN, "state": "old"}).says("three").endswith("Old.")
    assert run(steps, {**SEEN, "ready": False}).says("three").endswith("None.")


def test_a_branch_without_a_case_goes_on() -> None:
    steps = LOOK + "  - branch:\n      - when: {seen.stock: 99}\n        goto: done\n  - end: Further on.\n"
    assert run(steps).says("three").endswith("Further on.")


def test_a_flow_runs_another_unless_it_need_not() -> None:
    steps = "  - run: other\n    unless: size\n  - run: other\n    unless: size\n  - end: Over.\n"
    call = run(steps, other="  - ask: size\n  - say: Set.\n")
    assert call.says("four") == "Four. Set. Over."
    assert call.state.done == ("other",)


def test_an_answer_step_uses_what_was_asked(agent: Agent) -> None:
    call = run("  - answer: shop\n  - end: Over.\n")
    assert call.said == "Shoes. Over."


def test_a_handoff_says_its_own_words() -> None:
    call = run("  - handoff: My boss will help.\n")
    assert call.said == "My boss will help."
    assert call.transferred


def test_a_filler_is_said_before_a_call() -> None:
    call = run(LOOK + "    wait: Let me see.\n  - end: Over.\n")
    assert call.says("three") == "Three. Let me see. Over."


def test_an_open_answer_is_kept_as_it_was_said() -> None:
    call = run("  - ask: wish\n  - end: Over.\n")
    call.says("I want to go back to the moon, please!")
    assert call.state.values["wish"] == "I want to go back to the moon, please!"


def test_an_open_question_still_hears_commands() -> None:
    call = run("  - ask: wish\n  - end: Over.\n")
    call.says("operator")
    assert call.transferred


EFFECT = """
  store:
    path: /store
    read_only: false
    arguments: {size: integer}
    returns: {state: string}
    fails: Sorry.
"""


def test_no_jump_leads_around_a_confirmation() -> None:
    steps = (
        "  - ask: size\n  - goto: store\n  - confirm: Shall I store {size}?\n    declined: done\n"
        "  - id: store\n    call: store\n    arguments: {size: size}\n    save: kept\n  - end: Over.\n"
    )
    call = run(steps, tools=BASE["tools.yaml"] + EFFECT)
    assert call.says("three") == "Three. Shall I store three?"
    assert call.calls("store") == []
    call.says("yes")
    assert call.calls("store") == [{"size": 3}]


def test_a_bound_does_not_hold_for_what_is_no_number() -> None:
    steps = LOOK + "  - branch:\n      - when: {seen.state: {above: 0}}\n        goto: done\n  - end: Over.\n"
    assert run(steps).says("three").endswith("Over.")
