"""Charts: well-formed SVG whose geometry says what the numbers say."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest

from voicecore.console.charts import Scale, bars, cdf, histogram, legend, lines, tag


def drawn(markup: str) -> ET.Element:
    return ET.fromstring(markup)


def rects(markup: str, class_: str) -> list[ET.Element]:
    return [rect for rect in drawn(markup).iter("rect") if rect.get("class") == class_]


def test_bar_lengths_are_in_proportion_and_stacked() -> None:
    picture = bars(
        [("a <b>", {"x": 100, "y": 50}), ("c", {"x": 200})],
        {"x": "First", "y": "Second"},
        "ms",
        {"goal": 250},
    )
    first, second = rects(picture, "c0")
    (stacked,) = rects(picture, "c1")
    width = float(first.get("width"))
    assert float(second.get("width")) == pytest.approx(2 * width, rel=0.01)
    assert float(stacked.get("width")) == pytest.approx(width / 2, rel=0.01)
    assert float(stacked.get("x")) == pytest.approx(float(first.get("x")) + width, rel=0.01)
    words = [text.text for text in drawn(picture).iter("text")]
    assert {"a <b>", "150", "200", "goal"} <= set(words)


def test_a_negative_part_counts_but_is_not_drawn() -> None:
    picture = bars([("a", {"x": 100, "y": -20})], {"x": "X", "y": "Y"}, "ms")
    assert rects(picture, "c1") == []
    assert "80" in [text.text for text in drawn(picture).iter("text")]


def test_histogram_counts_everything_once() -> None:
    picture = histogram([1, 1, 1, 5, 9], "ms", {"p50": 1})
    counts = [int(rect.find("title").text.rsplit(" ", 1)[1]) for rect in rects(picture, "c1")]
    assert sorted(counts) == [1, 1, 3]


def test_cdf_ends_at_the_largest_value_and_all_of_them() -> None:
    picture = cdf({"calls": [3.0, 1.0, 2.0], "none": []}, "ms", {"goal": 4.0})
    (path,) = [path for path in drawn(picture).iter("path") if path.get("class") == "line l1"]
    assert path.get("d").count("H") == 3
    assert path.get("d").endswith("V22.0")


def test_lines_pass_through_their_points() -> None:
    picture = lines({"memory": [(0, 10.0), (100, 20.0), (200, 15.0)]}, "calls", "MB")
    (path,) = [path for path in drawn(picture).iter("path") if path.get("class") == "line l1"]
    points = [tuple(map(float, point.split())) for point in path.get("d")[1:].split("L")]
    assert [round(x2 - x1) for (x1, _), (x2, _) in pairwise(points)] == [416, 416]
    assert points[1][1] < points[2][1] < points[0][1]


def test_a_limit_lies_level_within_the_picture() -> None:
    picture = lines({"latency": [(1, 10.0), (2, 20.0)]}, "calls", "ms", {"budget 50 ms": 50.0})
    (limit,) = [line for line in drawn(picture).iter("line") if line.get("class") == "mark"]
    assert limit.get("y1") == limit.get("y2")
    (path,) = [path for path in drawn(picture).iter("path") if path.get("class") == "line l1"]
    heights = [float(point.split()[1]) for point in path.get("d")[1:].split("L")]
    assert 0 < float(limit.get("y1")) < min(heights)
    assert "budget 50 ms" in {text.text for text in drawn(picture).iter("text")}


@pytest.mark.parametrize(
    "chart", [histogram([], "ms"), cdf({}, "ms"), lines({}, "x", "y"), bars([], {}, "ms")]
)
def test_nothing_to_draw_is_still_a_picture(chart: str) -> None:
    assert drawn(chart).tag == "svg"


@pytest.mark.parametrize(("low", "high", "step"), [(0, 1000, 200), (0, 0.7, 0.2), (3, 3, 0.2), (-5, 7, 2)])
def test_scales_have_round_steps_around_the_values(low: float, high: float, step: float) -> None:
    scale = Scale(low, high, 0, 600)
    assert scale.step == pytest.approx(step)
    ticks = list(scale.ticks())
    assert ticks[0] <= low
    assert ticks[-1] >= high
    assert (scale(ticks[0]), scale(ticks[-1])) == (0, pytest.approx(600))


def test_words_are_escaped() -> None:
    assert (
        tag("g", class_="a", data_from=1.5, title='<"&')
        == '<g class="a" data-from="1.5" title="&lt;&quot;&amp;"></g>'
    )
    assert "&lt;b&gt;" in legend(["<b>"])
