"""voicecore: a voice-agent appliance whose callers' voices never leave the box."""

__version__ = "0.1.0"
