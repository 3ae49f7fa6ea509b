"""Downloads over a real socket: resumed, restarted, retried, given up."""

from __future__ import annotations

import random

import pytest

from models.download import ATTEMPTS, download
from tests.models.hub import serve
from voicecore.errors import ConfigError, EngineError

CONTENT = random.Random(0).randbytes(3_000_000)


@pytest.fixture
def hub():
    with serve({"weights": CONTENT, "empty": b""}) as hub:
        yield hub


def get(hub, target, name="weights"):
    """Download without waiting; what was told of the progress."""
    told: list[tuple[int, int | None]] = []
    download(f"{hub.url}/{name}", target, lambda *state: told.append(state), wait=lambda _: None)
    return told


def test_brings_the_file_and_tells_how_far_it_is(hub, tmp_path):
    told = get(hub, tmp_path / "deep" / "weights")
    assert (tmp_path / "deep" / "weights").read_bytes() == CONTENT
    assert told[0] == (0, len(CONTENT))
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert [file.name for file in (tmp_path / "deep").iterdir()] == ["weights"]


def test_the_range_goes_along_to_where_a_hub_keeps_its_files(hub, tmp_path):
    hub.redirects = {"some/repo/weights": "weights"}
    (tmp_path / "weights.part").write_bytes(CONTENT[:2_000_000])
    get(hub, tmp_path / "weights", "some/repo/weights")
    assert hub.ranges == ["bytes=2000000-"] * 2
    assert (tmp_path / "weights").read_bytes() == CONTENT


def test_an_empty_file_is_a_file(hub, tmp_path):
    get(hub, tmp_path / "empty", "empty")
    assert (tmp_path / "empty").read_bytes() == b""


def test_a_broken_line_is_taken_up_where_it_broke(hub, tmp_path):
    hub.break_after = [1_000_000, 500_000]
    get(hub, tmp_path / "weights")
    assert (tmp_path / "weights").read_bytes() == CONTENT
    assert hub.ranges == [None, "bytes=1000000-", "bytes=1500000-"]


def test_what_an_earlier_run_left_is_kept(hub, tmp_path):
    (tmp_path / "weights.part").write_bytes(CONTENT[:2_000_000])
    told = get(hub, tmp_path / "weights")
    assert hub.ranges == ["bytes=2000000-"]
    assert told[0] == (2_000_000, len(CONTENT))
    assert (tmp_path / "weights").read_bytes() == CONTENT


def test_a_partial_file_that_is_whole_is_only_renamed(hub, tmp_path):
    (tmp_path / "weights.part").write_bytes(CONTENT)
    get(hub, tmp_path / "weights")
    assert (tmp_path / "weights").read_bytes() == CONTENT


def test_a_partial_file_longer_than_the_file_begins_again(hub, tmp_path):
    (tmp_path / "weights.part").write_bytes(CONTENT + b"more")
    get(hub, tmp_path / "weights")
    assert (tmp_path / "weights").read_bytes() == CONTENT


def test_a_server_without_ranges_begins_again(hub, tmp_path):
    hub.knows_ranges = False
    (tmp_path / "weights.part").write_bytes(b"wrong" * 1000)
    get(hub, tmp_path / "weights")
    assert (tmp_path / "weights").read_bytes() == CONTENT


def test_a_part_that_was_not_asked_for_is_never_joined(hub, tmp_path):
    hub.off_by = 3
    (tmp_path / "weights.part").write_bytes(CONTENT[:1000])
    with pytest.raises(EngineError, match="asked for bytes from 1000"):
        get(hub, tmp_path / "weights")
    assert (tmp_path / "weights.part").read_bytes() == CONTENT[:1000]


def test_without_a_stated_length_the_end_of_the_line_is_the_end(hub, tmp_path):
    hub.states_length = False
    told = get(hub, tmp_path / "weights")
    assert told[-1] == (len(CONTENT), None)
    assert (tmp_path / "weights").read_bytes() == CONTENT


def test_a_server_that_is_busy_is_asked_again(hub, tmp_path):
    hub.statuses = [503, 429, 500]
    get(hub, tmp_path / "weights")
    assert (tmp_path / "weights").read_bytes() == CONTENT


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refusal_is_not_repeated(hub, tmp_path, status):
    hub.statuses = [status] * 9
    with pytest.raises(EngineError) as caught:
        get(hub, tmp_path / "weights")
    assert caught.value.code == "model-download-failed"
    assert str(status) in str(caught.value)
    assert len(hub.ranges) == 1


def test_gives_up_after_attempts_that_bring_nothing_and_keeps_the_part(hub, tmp_path):
    hub.break_after = [1000] + [0] * 20
    with pytest.raises(EngineError, match="model-download-failed"):
        get(hub, tmp_path / "weights")
    assert len(hub.ranges) == 1 + ATTEMPTS - 1
    assert (tmp_path / "weights.part").read_bytes() == CONTENT[:1000]


def test_waits_longer_from_time_to_time(hub, tmp_path):
    hub.statuses = [503] * ATTEMPTS
    waits: list[float] = []
    with pytest.raises(EngineError):
        download(f"{hub.url}/weights", tmp_path / "weights", wait=waits.append)
    assert waits == sorted(waits)
    assert len(set(waits)) > 1
    assert max(waits) <= 30


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://host/file", "weights"])
def test_only_http_is_spoken(url, tmp_path):
    with pytest.raises(ConfigError, match="bad-url"):
        download(url, tmp_path / "weights")


def test_a_host_that_is_not_there(tmp_path):
    with pytest.raises(EngineError, match="model-download-failed"):
        download("http://127.0.0.1:9/weights", tmp_path / "weights", wait=lambda _: None)
