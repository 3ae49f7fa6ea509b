"""What the agent says in the situations that every flow has; each text may be reworded in agent.yaml."""

from __future__ import annotations

from itertools import chain
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from voicecore.config import Section
from voicecore.dialogue.template import holes


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Wordings = Annotated[tuple[str, ...], BeforeValidator(_as_list), Field(min_length=1)]
"""One text or several that say the same; the agent varies them. Templates: ``{path}``, ``{path:form}``."""


class Manners(Section):
    """What the agent says in situations that every flow has."""

    not_heard: Wordings = (
        "Sorry, I didn't catch that.",
        "Sorry, I missed that.",
        "Pardon, I didn't get that.",
    )
    still_not_heard: Wordings = (
        "I'm sorry, I still didn't get that.",
        "I'm afraid I didn't catch that either.",
    )
    silence: Wordings = ("Are you still there?", "Hello, are you still there?")
    """To a caller who says nothing: only to check in. The question is put again when that gets no answer."""
    still_silent: Wordings = ("I can't hear you.", "I still can't hear you.")
    present: Wordings = ("Good.", "All right.")
    """To a caller who answers that they are still there."""
    wait: Wordings = ("Of course, take your time.", "Sure, no hurry.")
    """To a caller who asks us to wait."""
    silence_end: Wordings = ("I can't hear you any more, so I'll hang up now. Please call again. Goodbye.",)
    handoff_misses: Wordings = ("I'm having trouble understanding you, and I'm sorry about that.",)
    handoff_failed: Wordings = (
        "I'm sorry, nobody can take your call right now. Please try again a little later. Goodbye.",
    )
    engine_failed: Wordings = ("I'm sorry. I'll put you through.",)
    """To a caller whose call can't go on because a part of us has failed. To be said within 2.5 seconds."""
    check: Wordings = ("I heard {value}. Is that right?", "Was that {value}?")
    checked: Wordings = ("Thank you.",)
    denied: Wordings = ("Sorry about that.", "My mistake.")
    corrected: Wordings = ("Right, {value}.", "I've changed that to {value}.")
    either: Wordings = ("Did you say {first}, or {second}?", "Was that {first}, or {second}?")
    either_intent: Wordings = ("Do you want to {first}, or to {second}?",)
    propose: Wordings = ("Do you want to {label}?", "Would you like to {label}?")
    either_digit: Wordings = ("After {prefix}, was it {first}, or {second}?",)
    partial: Wordings = ("I got {value}. What comes after that?", "{value}, so far. And the rest?")
    wrong_count: Wordings = ("I heard {count}, but it should be {expected}.",)
    busy: Wordings = ("One moment, please.", "Just a moment, please.")
    """To a caller whose reply is late, or who speaks while it is worked on."""
    slow: Wordings = ("This is taking a little longer than usual.", "I'm sorry, I'm still working on it.")
    """To a caller who goes on waiting."""
    approval: Wordings = ("That needs a colleague's approval. I'm asking now, please stay on the line.",)
    """To a caller who waits because a person has to decide."""
    approval_slow: Wordings = ("I'm still waiting for my colleague's decision.",)
    back: Wordings = ("All right, one step back.",)
    back_start: Wordings = ("We are at the beginning already.",)
    cancelled: Wordings = ("All right, we'll leave that.",)
    nothing_to_cancel: Wordings = ("There is nothing to cancel.",)
    repeat: Wordings = ("I said:", "Once more:")
    examples: Wordings = ("You can say, for example: {options}.",)
    help: Wordings = ("You can also say: repeat that, go back, operator, or goodbye.",)
    change_what: Wordings = ("What should I change: {options}?",)
    no_answer: Wordings = ("I'm afraid I don't know that.",)
    offer_operator: Wordings = ("Would you like to talk to a person?",)
    offer_goodbye: Wordings = ("Did you want to end the call?",)
    offer_cancel: Wordings = ("Did you want to cancel this?",)
    keypad_digits: Wordings = ("You can also key it in, and press hash at the end.",)
    keypad_yesno: Wordings = ("You can also press one for yes, or two for no.",)
    keypad_choice: Wordings = ("You can also use the keys: {options}.",)
    keypad_date: Wordings = ("You can also key in two digits for the day, and two for the month.",)
    keypad_amount: Wordings = ("You can also key in the amount, with a star before the cents, and hash.",)
    goodbye: Wordings = ("Thank you for calling. Goodbye.",)

    @property
    def fixed(self) -> tuple[str, ...]:
        """The texts without holes: always said alike, so that their sound can be kept."""
        texts = chain.from_iterable(getattr(self, name) for name in type(self).model_fields)
        return tuple(dict.fromkeys(text for text in texts if not holes(text)))
