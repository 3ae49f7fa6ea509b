"""Simulated people: scripted callers, their recordings, and what can be measured in them."""

from voicecore.simulation.caller import CallerResult, Errand, run_caller, run_callers
from voicecore.simulation.script import Script, load_script
from voicecore.simulation.visit import SpokenLine

__all__ = ["CallerResult", "Errand", "Script", "SpokenLine", "load_script", "run_caller", "run_callers"]
