"""What holds for all tests: property tests are the same on every run and know no wall clock."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import settings

from models.pull import verify

settings.register_profile("voicecore", deadline=None, derandomize=True)
settings.load_profile("voicecore")

_OVER_SIP = ("test_serve", "test_conversations")


@pytest.fixture(scope="session")
def model_data() -> Path:
    """The folder of pulled models: ``$VOICECORE_DATA``, else ``.data`` in the checkout."""
    folder = Path(os.environ.get("VOICECORE_DATA", Path(__file__).parents[1] / ".data"))
    absent = [name for name, state in verify(folder).items() if state != "ok"]
    if absent:
        pytest.skip(f"needs models: VOICECORE_DATA={folder} voicecore models pull {' '.join(absent)}")
    return folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Real SIP needs pjsua2, which has no wheel for Python 3.13."""
    if find_spec("pjsua2") is not None:
        return
    skip = pytest.mark.skip(reason="needs pjsua2: no wheel for this Python, build pjproject's binding")
    for item in items:
        if item.path.stem in _OVER_SIP:
            item.add_marker(skip)
