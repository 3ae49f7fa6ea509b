"""What callers say over an agent, in wordings that are learned from and others that are tested on."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

Split = Literal["train", "test"]
Wordings = Mapping[Split, tuple[str, ...]]


def _lines(train: str, test: str) -> Wordings:
    return MappingProxyType({"train": _split(train), "test": _split(test)})


def _split(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.strip().splitlines())


INTERRUPTIONS = _lines(
    train="""
    no wait
    stop
    hang on a second, that's not right
    actually I want to pay a bill
    can I talk to a person
    no no no
    wait a minute, I have a question
    that's wrong
    I didn't say that
    excuse me
    let me stop you there
    sorry, can you repeat that
    no, I meant the other one
    go back
    operator
    that is not my address
    I already did that
    can you just cancel it
    what about my refund
    I said Thursday
    but I paid that last week
    how much is it
    what was the first option
    I don't need that
    skip this please
    just tell me the balance
    could you speak slower
    no, the last four are nine two one seven
    I want to change my appointment
    start over
    hold up, who is this
    not that account, the savings one
    my number is five five five, one two one two
    yes, that's the one, book it
    please stop talking
    I need to speak with somebody in billing
    when does it arrive
    is there a fee for that
    no thanks, I'm not interested
    that's not what I asked
    wait, what did you say
    can we do it tomorrow instead
    I lost my card
    """,
    test="""
    hold it
    that's not it
    whoa, back up a bit
    actually make it Friday
    give me a human being
    nope
    one question before you go on
    you got that wrong
    I never ordered that
    pardon me
    let me finish
    say that again
    no, the blue one
    previous menu
    representative please
    I moved, that's the old address
    we've been through this already
    forget about the transfer
    where is my money
    it was for the twelfth
    that charge isn't mine
    what does it cost
    repeat the options
    that won't be necessary
    move on
    only the total please
    you're talking too fast
    it ends in four four eight zero
    I'd like to reschedule
    let's begin again
    who am I speaking to
    the checking account, not the credit card
    call me back on my mobile
    yes, do that
    quiet please
    connect me to technical support
    how long will that take
    do I have to pay for it
    I'd rather not
    you misunderstood me
    hey, listen to me
    what if I come in on Monday
    somebody stole my phone
    """,
)
"""Callers who want the floor."""

BACKCHANNELS: tuple[str, ...] = (
    *("mm-hm", "uh-huh", "yeah", "yep", "okay", "right", "I see", "sure", "got it", "mhm", "alright"),
    *("oh okay", "yes", "oh", "ah", "okay okay", "yeah yeah", "good", "great", "hmm", "true", "oh I see"),
    *("all right", "of course", "fine", "exactly", "really", "wow", "yup", "aha"),
)
"""Listeners who want the agent to go on: the same few words everywhere, so only the voices differ."""

ASIDES = _lines(
    train="""
    hold on
    one sec
    just a minute
    not now honey
    can you turn that down
    I'm on the phone
    the keys are on the table
    no, the other drawer
    close the door please
    I'll be right there
    put your shoes on
    did you feed the dog
    ask your mother
    it's the phone company
    where did you put my glasses
    leave it, I'll do it later
    dinner is in the oven
    come here for a second
    don't touch that
    what do you want on your sandwich
    tell him I'm coming
    is that the doorbell
    get down from there
    she's still asleep
    """,
    test="""
    wait, somebody's at the door
    give me a moment
    in a minute sweetheart
    shut the window
    could you keep it quiet
    I'm talking to the bank
    look under the sofa
    no, upstairs
    go and play outside
    I'm nearly done
    have you done your homework
    let the cat in
    go and ask dad
    it's just some robot
    have you seen my wallet
    don't worry, I'll clean it up
    the soup is getting cold
    can you hand me a pen
    stop hitting your sister
    do you want milk with that
    tell them five minutes
    was that the postman
    sit down please
    he's in the shower
    """,
)
"""Speech to somebody else in the room."""

HESITATIONS: tuple[str, ...] = ("um", "uh", "er", "erm", "uhm")
"""Sounds of somebody thinking: as a caller's whole utterance, no claim to the floor."""
