"""Trace artifacts from run to run: ingested once each, by the runs of their own repository alone."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from prodlens.storage import ProdLensStore
from tests.action.runner import NUMBER, REPOSITORY, REPOSITORY_ID, SCHEDULE, TRACES, event_of
from tests.github_server.artifact_host import workflow_run
from tests.github_server.small import SLUG

if TYPE_CHECKING:
    from tests.action.conftest import Workplace
    from tests.action.runner import Runner
    from tests.github_server.artifact_host import StoredArtifact


NEWEST = datetime.now(UTC) - timedelta(days=1)


def traces(first: int, count: int) -> bytes:
    """Return an archive with a file of calls, one an hour back from yesterday."""
    lines = [
        json.dumps(
            {
                "timestamp": (NEWEST - timedelta(hours=number)).isoformat(),
                "usage": {"input_tokens": number, "output_tokens": 1},
                "attributes": {"llm.model_name": "gpt-4o"},
                "metadata": {"session_id": f"session_{number}", "developer_id": "alice"},
            }
        )
        for number in range(first, first + count)
    ]
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("run/traces.jsonl", "\n".join(lines))
    return stream.getvalue()


def uploaded(runner: Runner, content: bytes, name: str = TRACES, **changes: Any) -> StoredArtifact:
    """Put a trace artifact of a pull request's run there; ``changes`` are of the run."""
    return runner.host.put(
        name, content, runner.trusted_run(**{"event": "pull_request", "head_branch": "x", **changes})
    )


def database_of(cache: StoredArtifact) -> bytes:
    """Return the database in a cache."""
    with zipfile.ZipFile(io.BytesIO(cache.content)) as archive:
        return archive.read("cache.db")


def downloads(runner: Runner) -> int:
    """Return how often the bytes of an artifact were fetched."""
    return sum(1 for seen in runner.host.seen if seen.host == "blob" and seen.method == "GET")


def test_an_artifact_is_ingested_once(runner: Runner) -> None:
    """What an artifact brought is in the cache, so the next run fetches the new one alone and adds its calls."""
    uploaded(runner, traces(0, 10))
    done = runner.run("schedule", SCHEDULE)
    assert (done.returncode, runner.outputs["sessions"]) == (0, "10"), done.log
    assert "No traces" not in done.log
    before = downloads(runner)
    uploaded(runner, traces(5, 10))
    done = runner.run("schedule", SCHEDULE)
    assert (done.returncode, runner.outputs["sessions"]) == (0, "15"), done.log
    assert downloads(runner) - before == 2  # the cache and the new one
    assert runner.run("schedule", SCHEDULE).returncode == 0
    assert (runner.outputs["sessions"], len(runner.saved())) == ("15", 2)


def test_a_fork_s_traces_stay_out(runner: Runner) -> None:
    """An artifact that a fork's code made is named and not read, whoever runs."""
    fork = {"id": REPOSITORY_ID + 1, "full_name": "mallory/hello"}
    bad = uploaded(runner, traces(0, 10), head_repository=fork)
    for event, payload in (("schedule", SCHEDULE), ("pull_request", event_of(NUMBER))):
        done = runner.run(event, payload)
        assert (done.returncode, runner.outputs["sessions"]) == (0, "0")
        assert f"a fork's code made it: artifact 'prodlens-traces' ({bad.id})" in done.log


def test_a_lost_cache_is_rebuilt_from_the_artifacts(runner: Runner) -> None:
    """When the cache is gone, what the artifacts that are still there hold is ingested again."""
    uploaded(runner, traces(0, 10))
    uploaded(runner, traces(10, 10))
    runner.run("schedule", SCHEDULE)
    for cache in runner.saved():
        del runner.host.artifacts[cache.id]
    runner.run("schedule", SCHEDULE)
    assert (runner.outputs["cache-restored"], runner.outputs["sessions"]) == ("false", "20")


def test_patterns_and_none(runner: Runner) -> None:
    """Names may be shell patterns; an empty text reads no artifact and lists none."""
    uploaded(runner, traces(0, 10), name="claude-7")
    uploaded(runner, traces(10, 10), name="other")
    runner.run("schedule", SCHEDULE, trace_artifacts="claude-*\nprodlens-traces")
    assert runner.outputs["sessions"] == "10"
    runner.server.forget()
    runner.run("schedule", SCHEDULE, trace_artifacts="", cache_artifact="")
    assert runner.outputs["sessions"] == "0"
    assert not [path for _, path, _ in runner.server.log if "/actions/" in path]


def test_a_pattern_passes_by_what_runs_leave(runner: Runner) -> None:
    """A pattern that fits them too reads neither reports nor caches of earlier runs, so these are not news."""
    uploaded(runner, traces(0, 10), name="prodlens-traces-linux")
    runner.run("schedule", SCHEDULE, trace_artifacts="prodlens-*")
    before = downloads(runner)
    done = runner.run("schedule", SCHEDULE, trace_artifacts="prodlens-*")
    assert (done.returncode, runner.outputs["sessions"]) == (0, "10"), done.log
    assert (downloads(runner) - before, len(runner.saved())) == (1, 1)
    assert "assed" not in done.log


def test_damaged_and_hostile_artifacts_are_passed_over(runner: Runner) -> None:
    """Next to a damaged archive, a path outside and a program, the good lines are read and the rest is named."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("../outside.jsonl", b"{}")
        archive.writestr("run.exe", b"MZ")
        archive.writestr("bad.jsonl", b"{no json\n")
    uploaded(runner, stream.getvalue())
    uploaded(runner, traces(0, 10)[:60])
    uploaded(runner, traces(0, 10))
    done = runner.run("schedule", SCHEDULE)
    assert (done.returncode, runner.outputs["sessions"]) == (0, "10"), done.log
    for said in ("outside.jsonl", "run.exe", "1 line of trace artifacts could not be used", "was passed over"):
        assert said in done.log


def test_names_do_not_outlive_a_private_repository(runner: Runner) -> None:
    """A cache that names people is not gone on with where they are hidden, as in a repository that became public."""
    private = {"schedule": "x", "repository": {**REPOSITORY, "private": True}}
    uploaded(runner, traces(0, 10))
    assert runner.run("schedule", private).returncode == 0
    named = runner.saved()[0]
    assert b"alice" in database_of(named)
    done = runner.run("schedule", SCHEDULE)
    assert (done.returncode, runner.outputs["cache-restored"], runner.outputs["sessions"]) == (0, "false", "10")
    assert "it names people" in done.said("warning")[0]
    assert b"alice" not in database_of(runner.saved()[-1])
    runner.run("schedule", SCHEDULE)
    assert runner.outputs["cache-restored"] == "true"


def test_a_local_run_reads_the_artifacts_of_the_team(runner: Runner, clone: Workplace) -> None:
    """With a token a local run reads the team's artifacts as well; what it may not read is a note."""
    runner.host.put(TRACES, traces(0, 10), workflow_run(1, SLUG, REPOSITORY_ID))
    environ = {
        "GITHUB_TOKEN": "t",
        "GITHUB_API_URL": runner.server.url,
        "GITHUB_GRAPHQL_URL": runner.server.graphql_url,
    }
    done = clone.run("--repository", SLUG, environ=environ)
    assert done.returncode == 0, done.stderr
    with ProdLensStore(clone.folder / ".prod-lens/cache.db") as store:
        assert {row["repo_slug"] for row in store.fetch_sessions()} == {SLUG}
    runner.server.forget()
    assert clone.run("--offline", environ=environ).returncode == 0
    assert runner.server.log == []
    runner.server.world.artifacts = None
    done = clone.run("--repository", SLUG, environ=environ)
    assert done.returncode == 0
    assert "trace artifacts were not read" in done.stderr
