"""What holds for all tests: property tests are the same on every run and know no wall clock."""

from hypothesis import settings

settings.register_profile("voicecore", deadline=None, derandomize=True)
settings.load_profile("voicecore")
