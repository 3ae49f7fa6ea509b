"""Words that tell what a number is."""

from voicecore.redaction.cues import Cue, Cues, tail_asked


def spotted(said, cues=None):
    return [(c.cue.entity, c.start, c.end) for c in (cues or Cues()).spot(said.split())]


def test_the_longest_phrase_wins():
    assert spotted("my social security number is") == [("national_id", 1, 4)]
    assert spotted("the security code") == [("cvv", 1, 3)]


def test_endings_of_recognisers_do_not_matter():
    assert spotted("card number's") == spotted("card numbers") == [("card", 0, 2)]


def test_a_bundle_adds_its_own():
    cues = Cues([(Cue("order", 6, 24, 2), ["order number"])])
    assert spotted("order number", cues) == [("order", 0, 2)]


def test_tails():
    assert tail_asked(["the", "last", "four", "of", "it"])
    assert not tail_asked(["the", "four", "last", "ones"])
