"""The validated parameters of a report."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from prodlens.errors import ConfigurationError
from prodlens.slugs import one_spelling
from prodlens.timestamps import as_utc, day_start

DEFAULT_DIFF_THRESHOLD = 0.7
DEFAULT_HISTORY_DAYS = 180
# Bounds within which every period before, every zone and every lag stays inside the calendar.
_FIRST_YEAR, _LAST_YEAR = 1970, 2999
_MOST_HISTORY_DAYS = 36_500
_LONGEST_LAG = 3_650


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRequest:
    """The parameters of one report.

    Attributes:
        repo: The rows of this repository and the rows that name none are covered.
        since: Start of the window; a date begins in ``timezone``.
        lag_days: Days from usage to outcome that the headline association uses.
        policy_models: Approved models, shell patterns allowed; None without a policy.
        until: End of the window, itself left out; None ends it after the last day on which anything was observed.
        timezone: IANA name of the zone that days are counted in.
        report_time: When the report is made: totals run to it, daily series and whole weeks stop before its day.
        history_days: How far associations, weeks and charts look back.
        holidays: Days without work, for the calendar that associations remove.
        acceptance_target: Share of suggestions that the team aims to accept, 0 to 1; None without a target.
        diff_threshold: Diff ratio from which on a suggestion counts as kept.
        plan_cost_usd_per_month: What subscriptions cost, beside the list price of the calls.
        people: Login of each trace identity that is not a login itself.
        unnamed: Whether calls that name no repository are covered ``with`` the repository's own, as the reference has
            it, ``without``, or ``only`` they are; where several repositories are reported on, they appear once.
        attribute_by_person: Whether calls that nothing else joins to a pull request go, with low confidence, to the
            only one that their person had open at the time.
    """

    repo: str
    since: date | datetime
    lag_days: int = 1
    policy_models: frozenset[str] | None = None
    until: date | datetime | None = None
    timezone: str = "UTC"
    report_time: datetime | None = None
    history_days: int = DEFAULT_HISTORY_DAYS
    holidays: frozenset[date] = frozenset()
    acceptance_target: float | None = None
    diff_threshold: float = DEFAULT_DIFF_THRESHOLD
    plan_cost_usd_per_month: float | None = None
    people: tuple[tuple[str, str], ...] = ()
    unnamed: str = "with"
    attribute_by_person: bool = False

    def __post_init__(self) -> None:
        """Refuse parameters out of range; the error lists every mistake."""
        mistakes = [text for wrong, text in self._checks() if wrong]
        if mistakes:
            raise ConfigurationError(*mistakes)

    @property
    def covered(self) -> tuple[str | None, ...]:
        """The repositories whose calls are covered; None stands for calls that name none."""
        return {"with": (self.slug, None), "without": (self.slug,), "only": (None,)}[self.unnamed]

    @property
    def slug(self) -> str:
        """The repository in the spelling of the store."""
        return one_spelling(self.repo)

    def _checks(self) -> list[tuple[bool, str]]:
        target = self.acceptance_target
        return [
            (
                _zone(self.timezone) is None,
                f"not a time zone: {self.timezone!r} (expected an IANA name: Europe/Berlin)",
            ),
            (not 0 <= self.lag_days <= _LONGEST_LAG, f"lag days must be 0 to {_LONGEST_LAG}: {self.lag_days}"),
            (not 1 <= self.history_days <= _MOST_HISTORY_DAYS, f"history days must be 1 to 36500: {self.history_days}"),
            (self.since.year < _FIRST_YEAR, f"since must not be before 1970: {self.since}"),
            (self.until is not None and self.until.year > _LAST_YEAR, f"until is too far away: {self.until}"),
            (target is not None and not 0 <= target <= 1, f"the acceptance target must be 0 to 1: {target}"),
            (not 0 <= self.diff_threshold <= 1, f"the diff threshold must be 0 to 1: {self.diff_threshold}"),
        ]

    @property
    def zone(self) -> ZoneInfo:
        """The time zone that days are counted in."""
        return ZoneInfo(self.timezone)


def moment_of(value: date | datetime, zone: ZoneInfo) -> datetime:
    """Return the moment (UTC): of a date its start in the zone, of a naive datetime the one in UTC."""
    return as_utc(value) if isinstance(value, datetime) else day_start(value, zone)


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
