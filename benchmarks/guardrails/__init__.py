"""``voicecore bench guardrails``: what the guardrails stop, what they stop wrongly, and what that takes."""
