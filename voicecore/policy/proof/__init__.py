"""What can be proved about policies, with z3; loaded only where it is asked for."""

from voicecore.policy.proof.compare import Comparison, Difference, compare
from voicecore.policy.proof.limits import Claim, Proof, prove, require_proved

__all__ = ["Claim", "Comparison", "Difference", "Proof", "compare", "prove", "require_proved"]
