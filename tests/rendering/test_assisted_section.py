"""Assisted and other pull requests in words: one sentence for each condition, and never a claim of a cause."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.rendering import render_csv, render_html, render_markdown, render_terminal
from prodlens.rendering.adoption_words import adoption_sentences
from prodlens.rendering.assisted_section import TITLE, assisted_section, short_sentence, verdict_sentences
from prodlens.rendering.wording import forbidden_words
from tests.metrics.situations import validator
from tests.rendering.test_nulls import SCHEMA, nullable, without

if TYPE_CHECKING:
    from collections.abc import Mapping


def ratio(value: float | None, low: float, high: float) -> dict[str, Any]:
    """Return a ratio as a report has it."""
    return {"ratio": value, "interval": {"low": low, "high": high, "level": 0.95}, "one_author_decides": value is None}


def outcome(name: str, scale: str, assisted: float, other: float, estimate: float | None) -> dict[str, Any]:
    """Return an outcome as a report has it."""
    return {
        "outcome": name,
        "scale": scale,
        "assisted": {"n": 94, "value": assisted},
        "other": {"n": 158, "value": other},
        "estimate": estimate,
        "interval": {"low": 0.01, "high": 0.2, "level": 0.95},
        "one_author_decides": estimate is None,
        "p_value": 0.02,
        "reason": None,
        "q": 0.04,
    }


def found(**changes: Any) -> dict[str, Any]:
    """Return a comparison that found something; ``changes`` are of its figures."""
    return {
        "period": {"start": "2026-01-05T00:00:00+00:00", "end": "2026-06-29T00:00:00+00:00"},
        "pull_requests": {
            "opened": 275,
            "assisted": 94,
            "traced": 90,
            "signed": 4,
            "nearby": 3,
            "other": 158,
            "unknown": 15,
            "excluded": {"bots": 4, "other_base": 1, "under_a_minute": 0, "reverts": 0, "calls_after_opening": 0},
        },
        "authors": {"all": 16, "in_traces": 15},
        "comparison": {
            "authors": 14,
            "all_authors": 15,
            "assisted": 94,
            "other": 158,
            "share_open": 0.01,
            "measure": "time_ratio",
            "verdict": "sooner",
            "reason": None,
            **ratio(0.539, 0.347, 0.837),
            "p_value": 0.01,
            "effective_authors": 12.0,
            "minimum_detectable": 1.85,
            "check": {"measure": "hazard_ratio", **ratio(1.65, 1.15, 2.38)},
            "without_size": ratio(0.44, 0.3, 0.7),
            "size_ratio": ratio(0.8, 0.7, 0.95),
            "unseen_cause": {
                "robustness_value": 0.186,
                "size_of_choice": 0.0068,
                "size_of_outcome": 0.127,
                "times_size": 6.34,
                "e_value": 3.117,
                "e_value_of_bound": 1.676,
            },
            "matched_pairs": {"pairs": 62, "ratio": 0.54, "p_value": 0.0102, "gamma": 1.3},
            "previous_pull_request": ratio(0.77, 0.54, 1.09),
            **changes,
        },
        "by_evidence": [
            {"evidence": "traced", "assisted": 90, **ratio(0.5, 0.34, 0.8)},
            {"evidence": "with_nearby_calls", "assisted": 94, **ratio(0.5, 0.34, 0.8)},
        ],
        "outcomes": [
            outcome("review_hours", "ratio", 2.84, 3.68, 0.77),
            outcome("reworked", "points", 0.106, 0.063, None),
            outcome("review_rounds", "difference", 1.5, 1.25, 0.25),
        ],
        "adoption": adoption(),
    }


def adoption(**changes: Any) -> dict[str, Any]:
    """Return what changed after authors began."""
    return {
        "first_week": "2026-01-05",
        "weeks": 25,
        "authors": 20,
        "began": 12,
        "adopters": 9,
        "always": 0,
        "sporadic": 1,
        "began_by_week": [{"week": "2026-02-02", "authors": 12}],
        "verdict": "more",
        "reason": None,
        "ratio": 1.5,
        "interval": {"low": 1.1, "high": 2.05, "level": 0.95},
        "p_value": 0.012,
        "minimum_detectable": 1.4,
        "ratio_without_absences": 1.45,
        "placebo": {"ratio": 1.1, "p_value": 0.4},
        "by_week": [{"week": -4, "ratio": 1.0, "authors": 9}],
        **changes,
    }


def said(**changes: Any) -> str:
    """Return what is said of a comparison."""
    return " ".join(verdict_sentences(found(**changes)))


def test_a_difference_has_its_sample_its_period_and_its_yardstick() -> None:
    """The sentence has ratio, interval, sample and period; rework stands in it; then the yardstick."""
    assert said() == (
        "Assisted pull requests of the same authors were merged in 0.54 times the time "
        "(0.35 to 0.84; 94 and 158 pull "
        "requests of 14 authors, from 2026-01-05 to before 2026-06-29), at the same size, but were reworked 10.6% "
        "against 6.3%. Authors chose when to use the assistant; a difference in the work "
        "as telling as size, 6.3 times "
        "over, would explain it. Most of the plain difference (0.44 times) is that "
        "assisted pull requests are smaller."
    )


def test_a_hazard_is_a_rate() -> None:
    """Where many are open, the sentence speaks of the rate of merging, and not of how long."""
    text = said(measure="hazard_ratio", **ratio(1.65, 1.15, 2.38))
    assert text.startswith(
        "At any time, assisted pull requests of the same authors were merged at 1.65 times the rate (1.15 to 2.38; "
    )
    assert "plain difference" not in text


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"verdict": "too_few", "authors": 2, "interval": None},
            (
                "2 of 15 authors have both kinds, 94 assisted and 158 other pull requests. Not "
                "enough to compare (8 authors "
                "needed for a verdict)."
            ),
        ),
        (
            {"verdict": "not_enough", "authors": 5},
            (
                "Between 0.35 and 0.84 times the time to merge of the others, from 2026-01-05 to "
                "before 2026-06-29: too few "
                "authors for a verdict (8 needed)."
            ),
        ),
        (
            {"verdict": "cannot_answer", "interval": {"low": 0.6, "high": 1.4, "level": 0.95}},
            (
                "These data cannot answer it: anything from 0.60 to 1.40 times the time to merge "
                "fits, from 2026-01-05 to "
                "before 2026-06-29. A difference of 1.85 times (or 0.54) would have been needed."
            ),
        ),
        (
            {"verdict": "cannot_answer", "minimum_detectable": None},
            (
                "These data cannot answer it: anything from 0.35 to 0.84 times the time to merge "
                "fits, from 2026-01-05 to "
                "before 2026-06-29. What would have been needed cannot be told."
            ),
        ),
        (
            {"verdict": "no_large_difference", "interval": {"low": 0.9, "high": 1.1, "level": 0.95}},
            (
                "No large difference: between 0.90 and 1.10 times the time to merge of the "
                "others, from 2026-01-05 to before "
                "2026-06-29."
            ),
        ),
    ],
)
def test_each_condition_has_its_sentence(changes: Mapping[str, Any], expected: str) -> None:
    """Too few, no verdict, no answer, no large difference."""
    assert said(without_size=None, **changes) == expected


def test_without_a_yardstick_the_sentence_says_so() -> None:
    """A size that hardly goes with the choice measures nothing else."""
    cause = found()["comparison"]["unseen_cause"] | {"times_size": None}
    assert "; size is too weak a yardstick for what else may differ in the work." in said(unseen_cause=cause)


def test_rework_that_is_the_same_or_better_is_told_without_but() -> None:
    """Only what moves the other way is set against the time; unknown rework is not mentioned."""
    report = found()
    report["outcomes"][1]["assisted"]["value"] = 0.01
    assert ", and were reworked 1.0% against 6.3%." in " ".join(verdict_sentences(report))
    report["outcomes"][1]["other"]["value"] = None
    assert "reworked" not in " ".join(verdict_sentences(report))
    report["outcomes"] = []
    assert "reworked" not in " ".join(verdict_sentences(report))


def test_larger_work_is_said_to_be_larger() -> None:
    """Where assisted ones are larger, a plain difference in the other direction is size too."""
    text = said(
        verdict="later", **ratio(1.3, 1.1, 1.6), without_size=ratio(1.9, 1.5, 2.4), size_ratio=ratio(1.5, 1.2, 1.9)
    )
    assert "Most of the plain difference (1.90 times) is that assisted pull requests are larger." in text
    assert "plain difference" not in said(without_size=ratio(0.6, 0.5, 0.9))


def test_the_section_goes_from_who_is_in_to_how_sure_it_is() -> None:
    """Who is in, what is compared, the figure; then unseen causes, other ways, and who began."""
    section = assisted_section({"assisted_pull_requests": found()})
    assert section is not None
    assert section.title == TITLE
    assert section.sentences[:3] == (
        (
            "275 pull requests opened from 2026-01-05 to before 2026-06-29: 94 assisted, 158 "
            "other, 3 with calls nearby that "
            "name no branch, 15 unknown."
        ),
        "Left out: 4 by bots or by nobody known, 1 into other branches.",
        (
            "14 of 15 authors have both kinds. Compared are pull requests of one author, "
            "opened in the same week, at the same "
            "size."
        ),
    )
    assert section.after[0].startswith("An unseen property of the work that explains 18.6% of what is left of both")
    assert "Size explains 0.7% of the choice and 12.7% of the time." in section.after[0]
    assert section.after[1] == (
        "As a ratio, it would have to be 3.12 with both (1.68 for the nearer end of the interval)."
    )
    assert section.after[2] == (
        "In other ways: 1.15 to 2.38 times the rate of merging, open ones counted; 0.54 "
        "times the time in 62 pairs of "
        "like size (p = 0.010); 0.34 to 0.80 times with traced ones alone."
    )
    assert section.after[3] == (
        "The pull request before, which cannot depend on it: 0.54 to 1.09 times; near 1 is as it should be."
    )
    assert section.table is not None
    assert section.table.rows == (
        ("Time to first review", "2.8 h", "3.7 h", "0.77 times", "0.01 to 0.20", "0.040"),
        ("Reopened, or changes requested", "10.6%", "6.3%", "one author decides", "+1.0 to +20.0 points", "0.040"),
        ("Rounds of review", "1.50", "1.25", "+0.25", "+0.01 to +0.20", "0.040"),
    )


def test_without_anything_assisted_there_is_no_section() -> None:
    """Nothing assisted and nobody who began: nothing to say; without calls nearby or exclusions, no word of them."""
    report = found()
    report["pull_requests"] |= {"assisted": 0, "nearby": 0, "excluded": {"bots": 0}}
    report["adoption"]["began"] = 0
    assert assisted_section({"assisted_pull_requests": report}) is None
    report["adoption"]["began"] = 1
    report["outcomes"] = []
    section = assisted_section({"assisted_pull_requests": report})
    assert section is not None
    assert section.table is None
    assert len(section.sentences) == 4


@pytest.mark.parametrize(
    ("verdict", "begins"),
    [
        ("sooner", "Assisted pull requests of the same authors were merged in 0.54 times the time"),
        ("no_large_difference", "No large difference"),
        ("cannot_answer", None),
        ("too_few", None),
    ],
)
def test_in_short_only_a_verdict_is_told(verdict: str, begins: str | None) -> None:
    """One sentence where there is a verdict, with its interval and who chose."""
    sentence = short_sentence({"assisted_pull_requests": found(verdict=verdict)})
    assert (sentence is None) is (begins is None)
    assert sentence is None or sentence.startswith(begins or "")
    assert verdict != "sooner" or (sentence or "").endswith("Authors chose when to use the assistant.")


def test_adoption_in_words() -> None:
    """Who began and when; the ratio with interval and p, or why it is missing."""
    assert " ".join(adoption_sentences(adoption())).startswith(
        "12 authors of 20 began to use an assistant in 25 weeks from 2026-01-05. They "
        "then merged 1.50 times as many pull "
        "requests a week as those who had not begun would let expect (95% CI 1.10 to 2.05), which other dates would "
        "rarely give (p = 0.012 by exchanging the dates). A change of 1.40 times would usually have been seen."
    )
    unsure = " ".join(adoption_sentences(adoption(verdict="cannot_answer", p_value=0.3, interval=None)))
    assert "would let expect, which other dates would give as well (p = 0.300 by exchanging the dates)." in unsure
    changing = " ".join(adoption_sentences(adoption(verdict="already_changing", ratio=None)))
    assert changing.endswith("Those who started were already changing; no figure is given.")
    few = " ".join(adoption_sentences(adoption(verdict="too_few", ratio=None)))
    assert "Not enough to say what changed" in few
    assert "nine times in ten" in few
    assert list(adoption_sentences(adoption(began=0))) == []


def test_every_form_has_the_section_before_the_days(reports: Mapping[str, list[dict[str, Any]]]) -> None:
    """Markdown, page and terminal have it before the folded association; the CSV has every figure."""
    report = copy.deepcopy(reports["rich"][0]) | {"assisted_pull_requests": found()}
    validator().validate(report)
    markdown, page = render_markdown(report), render_html(report)
    assert 0 < markdown.index(TITLE) < markdown.index("<strong>How days move together</strong>")
    assert 0 < page.index(TITLE) < page.index("How days move together")
    assert TITLE in render_terminal(report)
    assert "How days move together" not in render_terminal(report)
    assert "simulated/team,assisted_pull_requests.comparison.ratio,0.539" in render_csv(report)
    assert forbidden_words(markdown) == []
    assert not any(word in markdown for word in ("helps", " saves", "faster because"))


def test_no_missing_figure_stops_the_section(reports: Mapping[str, list[dict[str, Any]]]) -> None:
    """Each figure can be null by itself, whatever the verdict."""
    report = copy.deepcopy(reports["rich"][0]) | {"assisted_pull_requests": found()}
    schema = SCHEMA["properties"]["assisted_pull_requests"]
    paths = list(nullable(schema, report["assisted_pull_requests"], ("assisted_pull_requests",)))
    assert len(paths) > 30
    for path in paths:
        assert render_terminal(without(report, path))
    assert render_terminal(without(report, *paths))
