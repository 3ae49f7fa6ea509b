"""The dialogue: an agent as a folder of YAML, and a pure engine that decides what to say and do."""

from voicecore.dialogue.actions import Action, CallTool, Generate, HangUp, Say, Transfer
from voicecore.dialogue.agent import Agent, load_agent
from voicecore.dialogue.engine import Dialogue
from voicecore.dialogue.events import (
    Delivered,
    Event,
    Generated,
    Heard,
    NoInput,
    Pressed,
    Resumed,
    Steered,
    ToolFailed,
    ToolReturned,
)
from voicecore.dialogue.intents import IntentIndex
from voicecore.dialogue.state import State

__all__ = [
    "Action",
    "Agent",
    "CallTool",
    "Delivered",
    "Dialogue",
    "Event",
    "Generate",
    "Generated",
    "HangUp",
    "Heard",
    "IntentIndex",
    "NoInput",
    "Pressed",
    "Resumed",
    "Say",
    "State",
    "Steered",
    "ToolFailed",
    "ToolReturned",
    "Transfer",
    "load_agent",
]
