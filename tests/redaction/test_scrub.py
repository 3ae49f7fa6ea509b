"""Logs and traces without private data."""

import io
import logging

import pytest

from voicecore.redaction.scrub import LogFilter, Scrubber

CARD = "4111 1111 1111 1111"


@pytest.fixture
def log():
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(LogFilter(Scrubber()))
    logger = logging.getLogger("voicecore.test.scrub")
    logger.propagate = False
    logger.addHandler(handler)
    yield logger, stream
    logger.removeHandler(handler)


def test_messages_and_their_arguments_are_scrubbed(log):
    logger, stream = log
    logger.warning("caller said %s and %s", f"my card is {CARD}", "jane dot doe at gmail dot com")
    assert stream.getvalue() == "caller said my card is [CARD] and [EMAIL]\n"


def test_exceptions_are_scrubbed(log):
    logger, stream = log
    try:
        raise ValueError(f"bad card {CARD}")
    except ValueError:
        logger.exception("failed")
    assert "bad card [CARD]" in stream.getvalue()
    assert "4111" not in stream.getvalue()


def test_what_is_marked_private_is_dropped(log, caplog):
    record = logging.makeLogRecord({"msg": "hello", "pii": "jane"})
    assert LogFilter(Scrubber()).filter(record)
    assert not hasattr(record, "pii")


def test_nested_values(log):
    trace = {
        "text": [f'{{"card":"{CARD}","mail":"a@b.org"}}', 7],
        "pii": "x",
        "error": ValueError(CARD),
        "at": 1.5,
    }
    assert Scrubber().value(trace) == {
        "text": ['{"card":"[CARD]","mail":"[EMAIL]"}', 7],
        "error": "ValueError: [CARD]",
        "at": 1.5,
    }


@pytest.mark.parametrize(
    "line", ["pid 17636 on port 5060", "id 1763654321123456", "took 12.5 ms", "rtp 10.0.0.1:20000"]
)
def test_technical_numbers_stay(line):
    assert Scrubber().text(line) == line
