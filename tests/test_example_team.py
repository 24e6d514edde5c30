"""The made-up team of ``make report``: the same story every week, in files and rows that ProdLens and GitHub know."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from examples.team.history import CLAUDE, CODEX, PEOPLE, PROXY, SLUG, History, make_history
from examples.team.served import served_repository
from examples.team.traces import copilot_export, trace_files
from prodlens import ProdLensStore, TraceIngestor
from tests.github_server import objects
from tests.github_server.descriptions import problems

if TYPE_CHECKING:
    from pathlib import Path

THURSDAY = date(2026, 11, 26)


@pytest.fixture(scope="module")
def history() -> History:
    """Return the team's history as it is told on a Thursday."""
    return make_history(THURSDAY)


def test_every_day_of_a_week_tells_the_same_story(history: History) -> None:
    """The twelve weeks end before the week of the day on which they are told, and a week later all is a week later."""
    assert (history.start, history.end) == (datetime(2026, 8, 31, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC))
    assert make_history(date(2026, 11, 29)) == history
    later = make_history(date(2026, 11, 30))
    assert [pull.opened - timedelta(weeks=1) for pull in later.pull_requests] == [
        pull.opened for pull in history.pull_requests
    ]


def test_the_last_four_weeks_have_something_for_every_section(history: History) -> None:
    """At least eight traced people merged pull requests of both kinds, twenty of each; the rest has happened once."""
    late = history.end - timedelta(weeks=4)
    pulls = [pull for pull in history.pull_requests if pull.ended and pull.ended > late and not pull.bot]
    kinds = {(pull.author.login, pull.assisted) for pull in pulls if pull.merged}
    traced = {person.login for person in PEOPLE if person.assistant in {CLAUDE, PROXY}}  # whose calls name them
    both = [login for login, assisted in kinds if assisted and login in traced and (login, False) in kinds]
    assert len(both) >= 8
    assert min(Counter(pull.assisted for pull in pulls if pull.merged).values()) >= 20
    assert any(not pull.merged for pull in pulls)
    assert any(pull.reopened for pull in pulls)
    titles = {pull.title for pull in pulls}
    assert [title for title in titles if f'Revert "{title}"' in titles]
    assert [session for session in history.sessions if session.number == history.newest.number]


def test_every_file_of_the_team_is_read(history: History, tmp_path: Path) -> None:
    """Each call is stored once however many files tell of it, an answer with its branch, and nothing is unusable."""
    late = [session for session in history.sessions if session.calls[0].at > history.end - timedelta(weeks=3)]
    files = {**trace_files(late), "copilot/usage.csv": copilot_export(history)}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    with ProdLensStore(tmp_path / "s.db") as store:
        ingestor = TraceIngestor(store, dead_letter_dir=tmp_path / "dead", parquet_dir=tmp_path / "lake")
        read = ingestor.ingest([str(tmp_path / folder) for folder in {name.partition("/")[0] for name in files}])
        assert sum(source.dead for source in read) == 0
        answers = "SELECT branch, count(*) FROM sessions WHERE status_code = 200 GROUP BY branch"
        stored = dict(map(tuple, store.conn.execute(answers)))
        failed = store.conn.execute("SELECT count(*) FROM sessions WHERE status_code <> 200").fetchone()[0]
        days = store.conn.execute("SELECT count(*) FROM usage_days").fetchone()[0]
    calls = [(session, call) for session in late for call in session.calls]
    seen = [(session, call) for session, call in calls if not call.failed or session.person.assistant == CODEX]
    assert stored == dict(Counter(session.branch for session, _ in seen))
    assert failed == len(calls) - len(seen) > 10
    assert days > 10


def test_the_team_is_served_as_github_would(history: History) -> None:
    """The pull requests and commits of the team fit GitHub's own description of its answers."""
    repository = served_repository(history)
    pulls = [objects.pull(row, "main") for row in repository.pulls.values()]
    assert len(pulls) == len(history.pull_requests)
    assert problems("GET", f"/repos/{SLUG}/pulls", 200, {}, pulls) == []
    assert problems("GET", f"/repos/{SLUG}/commits", 200, {}, list(map(objects.commit, repository.commits))) == []
    assert [row["number"] for row in sorted(repository.pulls.values(), key=lambda row: row["created_at"])] == list(
        range(101, 101 + len(pulls))
    )
