"""Who has the floor: endpointing and the state machine of turns. Pure: numbers in, actions out."""

from voicecore.turns.endpointing import Wait, silence_to_wait
from voicecore.turns.floor import Act, Features, Floor, State

__all__ = ["Act", "Features", "Floor", "State", "Wait", "silence_to_wait"]
