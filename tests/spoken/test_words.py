"""Words, corrections and rejections as every parser sees them."""

from voicecore.spoken.words import rejected, segments, tokens


def test_words_lose_punctuation_fillers_and_hyphens_but_keep_their_place() -> None:
    found = tokens("Uh, forty-two Euros… [noise] -5 2026-12-03!")
    assert [(t.text, t.at) for t in found] == [
        ("forty", 1), ("two", 1), ("euros", 2), ("minus", 4), ("5", 4), ("2026-12-03", 5),
    ]  # fmt: skip


def test_fillers_are_kept_on_demand() -> None:
    assert [t.text for t in tokens("uh huh", fillers=True)] == ["uh", "huh"]


def test_corrections_take_an_utterance_apart() -> None:
    parts = segments(tokens("sorry forty no wait sorry i mean fifty actually"))
    assert [[t.text for t in part] for part in parts] == [["forty"], ["fifty"], []]


def test_rather_than_is_no_correction() -> None:
    words = [t.text for t in tokens("forty rather than fifty")]
    assert len(segments(tokens("forty rather than fifty"))) == 1
    assert rejected(words, 3)
    assert not rejected(words, 0)
