"""From texts (flags, ``INPUT_`` variables) to checked settings; every mistake is reported at once."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from prodlens.action import anonymize
from prodlens.action.artifacts.listing import checked_name
from prodlens.action.event import workflow_path
from prodlens.action.inputs import COMMENT_MODES, INPUTS
from prodlens.errors import ConfigurationError
from prodlens.metrics import Gate, parse_gates
from prodlens.slugs import checked_slug
from prodlens.timestamps import day_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from prodlens.action.inputs import Input

MAX_LAG_DAYS = 7
_AGE = re.compile(r"(\d{1,4})([dw])", re.IGNORECASE)
_DAYS = {"d": 1, "w": 7}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a run was asked to do, checked.

    Attributes:
        token: GitHub token; empty when there is none.
        repository: Slugs to report on; empty: the clone's own.
        since: First day of the report, in ``timezone``.
        until: First day after the report; None: now.
        timezone: Time zone that days are counted in.
        lag_days: Lag of the headline association, in days.
        policy_models: Approved models; shell patterns.
        trace_artifacts: Names and shell patterns of artifacts to ingest.
        trace_paths: Files, folders and globs to ingest.
        cache_artifact: Artifact that carries the database from run to run; empty: none does.
        cache_retention_days: Days that GitHub keeps it.
        cache_workflows: Paths of the workflow files whose cache is trusted; empty: this workflow's own.
        keep_days: Days after which rows leave the cache.
        history_days: Days that associations and charts look back on.
        holidays: Days without work.
        acceptance_target: Acceptance rate aimed at, 0 to 1.
        diff_threshold: Diff ratio from which a suggestion counts as kept.
        plan_cost_usd_per_month: What subscriptions cost.
        people: File that joins trace identities to logins.
        attribute_by_person: Whether person and time join calls to pull requests where nothing else does.
        prices: File of the user's own prices.
        publish_to: Place of the published tables; empty: none.
        publish_team: Team that they name; empty: none.
        organisation_from: Place whose tables get a report on the organisation; empty: none.
        organisation_teams: File of the teams' repositories.
        organisation_people_at_least: Fewest people behind a figure of that report.
        comment: When to write the pull request comment.
        comment_threshold_usd: Cost of the pull request below which ``auto`` writes no comment.
        comment_key: What tells this report from others of the same workflow file and job.
        comment_issue: Issue that gets the report on runs without a pull request.
        summary: Whether to write the job summary.
        fail_if: Gates on the report.
        github_budget: Most API requests of the run.
        anonymize: Whether people of the traces are anonymised: ``auto``, ``on`` or ``off``.
        anonymize_key: Secret that makes pseudonyms; empty when there is none.
        output_dir: Folder of the rendered reports.
        dry_run: Whether GitHub is only read.
    """

    token: str = field(repr=False)
    repository: tuple[str, ...]
    since: date
    until: date | None
    timezone: ZoneInfo
    lag_days: int
    policy_models: tuple[str, ...]
    trace_artifacts: tuple[str, ...]
    trace_paths: tuple[str, ...]
    cache_artifact: str
    cache_retention_days: int
    cache_workflows: tuple[str, ...]
    keep_days: int
    history_days: int
    holidays: tuple[date, ...]
    acceptance_target: float | None
    diff_threshold: float
    plan_cost_usd_per_month: float | None
    people: Path | None
    attribute_by_person: bool
    prices: Path | None
    publish_to: str
    publish_team: str
    organisation_from: str
    organisation_teams: Path | None
    organisation_people_at_least: int
    comment: str
    comment_threshold_usd: float | None
    comment_key: str
    comment_issue: int | None
    summary: bool
    fail_if: tuple[Gate, ...]
    github_budget: int
    anonymize: str
    anonymize_key: str = field(repr=False)
    output_dir: Path
    dry_run: bool


def parse_settings(texts: Mapping[str, str], now: datetime) -> Settings:
    """Check the texts of the inputs. A missing text takes its default, and so does a blank one unless blank means none.

    Args:
        texts: Input name to text; several values are lines.
        now: The present moment, which ``28d`` counts back from.

    Raises:
        ConfigurationError: One or more texts are wrong; it lists them all.
    """
    mistakes: list[str] = []
    given = {item.name: _text(item, texts.get(item.name)) for item in INPUTS}
    values: dict[str, Any] = {}
    zone = _cleaned("timezone", given["timezone"], _zone, mistakes) or ZoneInfo("UTC")
    today = day_of(now, zone)
    for name, clean in {**_CLEANERS, "since": _day_before(today), "until": _optional(_day_before(today))}.items():
        values[name.replace("-", "_")] = _cleaned(name, given[name], clean, mistakes)
    since, until = values["since"], values["until"]
    if since and since >= (until or today + timedelta(days=1)):
        mistakes.append(f"since: {since} is not before the end of the report ({until or today})")
    if mistakes:
        raise ConfigurationError(*mistakes)
    return Settings(timezone=zone, **values)


def _text(item: Input, text: str | None) -> str:
    stripped = (text or "").strip()
    return stripped if stripped or (item.none and text is not None) else item.default


def _cleaned(name: str, text: str, clean: Callable[[str], Any], mistakes: list[str]) -> Any:
    try:
        return clean(text)
    except ConfigurationError as error:
        mistakes.extend(error.mistakes)
        return None
    except ValueError as error:
        mistakes.extend(f"{name}: {line}" for line in str(error).splitlines())
        return None


def _zone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (KeyError, OSError, ValueError) as error:
        raise ValueError(f"{text!r} is not a time zone; use an IANA name such as Europe/Berlin") from error


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is not a day; write it YYYY-MM-DD") from error


def _day_before(today: date) -> Callable[[str], date]:
    def clean(text: str) -> date:
        if age := _AGE.fullmatch(text):
            return today - timedelta(days=int(age[1]) * _DAYS[age[2].lower()])
        try:
            return date.fromisoformat(text)
        except ValueError as error:
            raise ValueError(f"{text!r} is not a date; write YYYY-MM-DD, or 28d or 4w back from today") from error

    return clean


def _optional(clean: Callable[[str], Any]) -> Callable[[str], Any]:
    return lambda text: clean(text) if text else None


def _lines(clean: Callable[[str], Any]) -> Callable[[str], tuple[Any, ...]]:
    """Clean every line that is not blank; the error lists every line that is wrong."""

    def clean_all(text: str) -> tuple[Any, ...]:
        values, mistakes = [], []
        for line in filter(None, map(str.strip, text.splitlines())):
            try:
                values.append(clean(line))
            except ValueError as error:
                mistakes.append(str(error))
        if mistakes:
            raise ValueError("\n".join(mistakes))
        return tuple(values)

    return clean_all


def _whole(low: int, high: int) -> Callable[[str], int]:
    def clean(text: str) -> int:
        if not text.isdecimal() or not low <= int(text) <= high:
            raise ValueError(f"{text!r} is not a whole number from {low} to {high}")
        return int(text)

    return clean


def _number(low: float, high: float) -> Callable[[str], float]:
    def clean(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise ValueError(f"{text!r} is not a number from {low:g} to {high:g}")
        return value

    return clean


def _flag(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise ValueError(f"{text!r} is neither true nor false")
    return text.lower() == "true"


def _artifact_name(text: str) -> str:
    try:
        return checked_name(text)
    except ConfigurationError as error:
        raise ValueError(str(error)) from error


def _artifact_pattern(text: str) -> str:
    """Check a name in which shell patterns may stand."""
    _artifact_name(text.replace("*", "-").replace("?", "-"))
    return text


def _one_of(words: tuple[str, ...]) -> Callable[[str], str]:
    def clean(text: str) -> str:
        if text.lower() not in words:
            raise ValueError(f"{text!r} is not one of {', '.join(words)}")
        return text.lower()

    return clean


_CLEANERS: dict[str, Callable[[str], Any]] = {
    "token": str,
    "repository": _lines(checked_slug),
    "lag-days": _whole(0, MAX_LAG_DAYS),
    "policy-models": _lines(str),
    "trace-artifacts": _lines(_artifact_pattern),
    "trace-paths": _lines(str),
    "cache-artifact": lambda text: _artifact_name(text) if text else "",
    "cache-retention-days": _whole(1, 400),
    "cache-workflows": _lines(workflow_path),
    "keep-days": _whole(1, 36_500),
    "history-days": _whole(1, 3660),
    "holidays": _lines(_day),
    "acceptance-target": _optional(_number(0, 1)),
    "diff-threshold": _number(0, 1),
    "plan-cost-usd-per-month": _optional(_number(0, 1e9)),
    "people": _optional(Path),
    "attribute-by-person": _flag,
    "prices": _optional(Path),
    "publish-to": str,
    "publish-team": str,
    "organisation-from": str,
    "organisation-teams": _optional(Path),
    "organisation-people-at-least": _whole(5, 1_000_000),
    "comment": _one_of(COMMENT_MODES),
    "comment-threshold-usd": _optional(_number(0, 1e9)),
    "comment-key": str,
    "comment-issue": _optional(_whole(1, 2**31 - 1)),
    "summary": _flag,
    "fail-if": lambda text: parse_gates(text.splitlines()),
    "github-budget": _whole(1, 15000),
    "anonymize": _one_of(anonymize.MODES),
    "anonymize-key": str,
    "output-dir": Path,
    "dry-run": _flag,
}
