"""Settings that cannot work are refused."""

from __future__ import annotations

import pytest

from models.asr_whisper.settings import Settings
from voicecore.errors import ConfigError


@pytest.mark.parametrize(
    "settings",
    [
        {"cap_s": 29},
        {"cap_s": 5, "keep_s": 5},
        {"keep_s": 0},
        {"partial_every_s": 0},
        {"tokens_per_s": 0},
        {"timeout_s": 0},
        {"streams": 0},
        {"prompt_tokens": 129},
        {"prompt_tokens": -1},
    ],
)
def test_what_cannot_work_is_refused(settings):
    with pytest.raises(ConfigError) as failure:
        Settings(**settings)
    assert failure.value.code == "bad-settings"


def test_the_defaults_work():
    assert Settings().windows_s[-1] == 30
