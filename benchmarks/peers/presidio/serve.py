"""Presidio's pattern recognisers over a blank spaCy model: texts in, entities out, as JSON lines.

Runs in an environment of its own (``requirements.txt``). Nothing is tuned: the registry as it comes, for
English.
"""

# mypy: disable-error-code="import-not-found,misc"
from __future__ import annotations

import json
import logging
import sys
import time

import spacy
import tldextract
from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
from presidio_analyzer.nlp_engine import NerModelConfiguration, SpacyNlpEngine


class BlankEngine(SpacyNlpEngine):
    """Tokens and no model, so that nothing is downloaded and only patterns and check digits find things."""

    def __init__(self) -> None:
        super().__init__(ner_model_configuration=NerModelConfiguration(labels_to_ignore=[]))
        self.nlp = {"en": spacy.blank("en")}


def main() -> None:
    """A JSON string a line on standard input; for each [[entity, start, end], ...] and milliseconds of
    processor time."""
    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=())  # no download
    logging.disable(logging.WARNING)
    registry = RecognizerRegistry(supported_languages=["en"])
    registry.load_predefined_recognizers(languages=["en"])
    engine = AnalyzerEngine(registry=registry, nlp_engine=BlankEngine(), supported_languages=["en"])
    engine.analyze("warm up", "en")
    for line in sys.stdin:
        text = json.loads(line)
        began = time.thread_time()
        found = engine.analyze(text, "en")
        took = (time.thread_time() - began) * 1000
        print(json.dumps({"found": [[f.entity_type, f.start, f.end] for f in found], "ms": took}), flush=True)


if __name__ == "__main__":
    main()
