"""From the texts of the inputs to checked settings."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodlens.action.inputs import INPUTS
from prodlens.action.settings import parse_settings
from prodlens.errors import ConfigurationError

if TYPE_CHECKING:
    from prodlens.action.settings import Settings

NOW = datetime(2026, 6, 15, 23, 30, tzinfo=UTC)


def parse(**texts: str) -> Settings:
    """Parse texts given with underscores for hyphens."""
    return parse_settings({name.replace("_", "-"): text for name, text in texts.items()}, NOW)


def test_defaults() -> None:
    """Without any text the window is the 28 days before today and nothing is gated or ingested."""
    settings = parse()
    assert (settings.since, settings.until, settings.lag_days) == (date(2026, 5, 18), None, 1)
    assert (settings.fail_if, settings.trace_paths, settings.acceptance_target) == ((), (), None)
    assert settings.summary is True


@pytest.mark.parametrize(
    ("text", "expected"),
    [("2026-01-31", date(2026, 1, 31)), ("7d", date(2026, 6, 8)), ("2w", date(2026, 6, 1)), ("0d", date(2026, 6, 15))],
)
def test_since_is_a_day_or_an_age(text: str, expected: date) -> None:
    """``since`` is a day, or days or weeks back from today."""
    assert parse(since=text).since == expected


def test_today_is_the_day_of_the_time_zone() -> None:
    """An age counts back from the day that it is in the team's time zone."""
    settings = parse(since="1d", timezone="Asia/Kathmandu")
    assert (settings.since, settings.timezone) == (date(2026, 6, 15), ZoneInfo("Asia/Kathmandu"))


def test_lines() -> None:
    """Several values are lines; blank lines and white space around them are nothing."""
    settings = parse(policy_models=" claude-* \n\n gpt-4o \n", holidays="2026-05-01")
    assert settings.policy_models == ("claude-*", "gpt-4o")
    assert settings.holidays == (date(2026, 5, 1),)


def test_every_mistake_is_reported_at_once() -> None:
    """Each wrong text is one line that names the input, the text and what would be right."""
    with pytest.raises(ConfigurationError) as caught:
        parse(
            repository="octocat\n../etc",
            since="yesterday",
            timezone="Mars/Olympus",
            lag_days="8",
            holidays="2026-13-01",
            acceptance_target="1.5",
            summary="maybe",
            fail_if="error_rate is high",
            github_budget="0",
            plan_cost_usd_per_month="nan",
        )
    named = [mistake.split(":")[0] for mistake in caught.value.mistakes]
    assert sorted(named) == sorted(
        [
            *("repository", "repository", "since", "timezone", "lag-days", "holidays", "acceptance-target"),
            *("summary", "fail-if", "github-budget", "plan-cost-usd-per-month"),
        ]
    )
    assert all("\n" not in mistake for mistake in caught.value.mistakes)


def test_a_window_must_have_a_day() -> None:
    """A start that is not before the end is a mistake, also when the end is now."""
    for texts in ({"since": "2026-06-02", "until": "2026-06-02"}, {"since": "2026-07-01"}):
        with pytest.raises(ConfigurationError, match="not before the end"):
            parse(**texts)


def test_the_token_is_never_shown() -> None:
    """The text form of the settings, which a traceback or a log may show, holds no token."""
    assert "s3cret" not in repr(parse(token="s3cret"))


@given(st.dictionaries(st.sampled_from([item.name for item in INPUTS]), st.text(max_size=40)))
def test_any_text_is_settings_or_mistakes(texts: dict[str, str]) -> None:
    """No text makes parsing fail in any way but a list of mistakes, each of which names an input."""
    try:
        parse_settings(texts, NOW)
        mistakes: tuple[str, ...] = ()
    except ConfigurationError as error:
        mistakes = error.mistakes or ("no mistake was named",)
    assert all(mistake.split(":")[0] in {item.name for item in INPUTS} for mistake in mistakes)


def test_an_empty_text_means_none_where_it_can() -> None:
    """An empty text names no artifacts; every other input takes its default, and so do all that are absent."""
    given = parse(cache_artifact=" ", trace_artifacts="\n", since="", cache_workflows="")
    assert (given.cache_artifact, given.trace_artifacts, given.cache_workflows) == ("", (), ())
    assert given.since == parse().since
    assert (parse().cache_artifact, parse().trace_artifacts) == ("prodlens-cache", ("prodlens-traces",))
    assert (parse().cache_retention_days, parse().keep_days) == (90, 400)


def test_artifacts_are_named_as_github_allows() -> None:
    """A trace artifact may be a shell pattern, the cache may not; a workflow file comes to its path."""
    given = parse(trace_artifacts="traces-*\ntraces-[ab]?", cache_workflows="weekly.yml")
    assert given.trace_artifacts == ("traces-*", "traces-[ab]?")
    assert given.cache_workflows == (".github/workflows/weekly.yml",)
    with pytest.raises(ConfigurationError) as caught:
        parse(trace_artifacts="a/b\nc:d", cache_artifact="cache-*")
    assert [line.partition(":")[0] for line in caught.value.mistakes] == ["trace-artifacts"] * 2 + ["cache-artifact"]
