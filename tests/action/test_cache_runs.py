"""The cache from run to run: restored where it can be trusted, saved where it may be, and never lost to a failure."""

from __future__ import annotations

import io
import json
import sqlite3
import zipfile
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.storage import SCHEMA_VERSION, ProdLensStore
from tests.action.runner import CACHE, NUMBER, PUSH, REPORT, REPOSITORY, SCHEDULE, event_of
from tests.github_server.faults import Fault, FaultPlan
from tests.github_server.small import SLUG, commit, pull

if TYPE_CHECKING:
    from pathlib import Path

    from tests.action.runner import Run, Runner
    from tests.github_server.artifact_host import StoredArtifact

FORK = {"id": 66, "full_name": "mallory/hello"}


_FIRST: list[bytes] = []


def first_run(runner: Runner, **inputs: str) -> StoredArtifact:
    """Make the first run and return the cache that it saved; without inputs that is one run for all tests here."""
    if _FIRST and not inputs:
        return runner.host.put(CACHE, _FIRST[0], runner.trusted_run())
    done = runner.run("schedule", SCHEDULE, **inputs)
    assert done.returncode == 0, done.log
    [saved] = runner.saved()
    if not inputs:
        _FIRST.append(saved.content)
    return saved


def member_of(archive: bytes) -> bytes:
    """Return the database in an archive."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return opened.read("cache.db")


def archive_of(*members: tuple[str, bytes]) -> bytes:
    """Return an archive of the members."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return stream.getvalue()


def changed_database(archive: bytes, folder: Path, *statements: str) -> bytes:
    """Return an archive whose database had the statements run on it."""
    file = folder / "changed.db"
    file.write_bytes(member_of(archive))
    with closing(sqlite3.connect(file, isolation_level=None)) as conn:
        for statement in statements:
            conn.execute(statement)
    return archive_of(("cache.db", file.read_bytes()))


def assert_passed_over(runner: Runner, said: str, bad: StoredArtifact) -> Run:
    """Run with a bad artifact that is newer than a good cache: it is named with the reason, the good one is used."""
    done = runner.run("pull_request", event_of(NUMBER), f"refs/pull/{NUMBER}/merge")
    assert done.returncode == 0, done.log
    [warning] = [line for line in done.said("warning") if str(bad.id) in line]
    assert said in warning
    assert runner.outputs["cache-restored"] == "true"
    assert runner.outputs["merged-prs"] == "10"
    return done


def asked(runner: Runner, part: str) -> list[tuple[str, str, int]]:
    """Return what was asked of GitHub in the last run, of addresses with the part in them."""
    return [entry for entry in runner.server.log if part in entry[1]]


# Runs that save and runs that read --------------------------------------------------------------------------


def test_first_run_ever(runner: Runner) -> None:
    """Without any cache a run begins anew, reports, and leaves a cache with everything that it gathered."""
    runner.workplace.traces("t.jsonl")
    saved = first_run(runner, trace_paths="t.jsonl", cache_retention_days="30")
    assert (runner.outputs["cache-restored"], runner.outputs["cache-file"]) == ("false", "")
    assert saved.expires_at - saved.created_at < timedelta(days=30, minutes=5)
    with zipfile.ZipFile(io.BytesIO(saved.content)) as archive:
        assert archive.namelist() == ["cache.db"]
    file = runner.workplace.folder / "look.db"
    file.write_bytes(member_of(saved.content))
    with ProdLensStore(file) as store:
        assert (len(store.fetch_pull_requests()), len(store.fetch_commits()), len(store.fetch_sessions())) == (
            14,
            22,
            10,
        )


def test_second_run(runner: Runner) -> None:
    """The second run has everything without asking for it again, and saves nothing when there is no news."""
    runner.workplace.traces("t.jsonl")
    first_run(runner, trace_paths="t.jsonl")
    calls = runner.outputs["sessions"], runner.outputs["merged-prs"]
    runner.server.forget()
    done = runner.run("schedule", SCHEDULE)
    assert done.returncode == 0, done.log
    assert runner.outputs["cache-restored"] == "true"
    assert (runner.outputs["sessions"], runner.outputs["merged-prs"]) == calls
    assert [status for _, _, status in [*asked(runner, "/pulls"), *asked(runner, "/commits")]] == [304, 304]
    assert len(runner.saved()) == 1
    assert "nothing has changed since it was saved" in done.log


def test_old_rows_given_in_every_run_are_no_news(runner: Runner) -> None:
    """Calls older than keep-days that trace-paths name again and again are not kept, and cause no save."""
    old = (datetime.now(UTC) - timedelta(days=500)).isoformat()
    line = {"timestamp": old, "usage": {"input_tokens": 1, "output_tokens": 1}, "attributes": {"llm.model_name": "m"}}
    with runner.workplace.traces("t.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
    first_run(runner, trace_paths="t.jsonl")
    done = runner.run("schedule", SCHEDULE, trace_paths="t.jsonl")
    assert "nothing has changed since it was saved" in done.log
    assert (done.returncode, len(runner.saved())) == (0, 1)
    assert not (runner.workplace.folder / ".prod-lens/saved/cache.db").exists()


def test_news_is_saved(runner: Runner) -> None:
    """A run that gathered something saves a cache of its own beside the older one, which is left to expire."""
    first_run(runner)
    runner.server.world.repositories[SLUG].add_pulls([pull(15)])
    assert runner.run("workflow_dispatch", PUSH).returncode == 0
    assert len(runner.saved()) == 2
    runner.run("pull_request", event_of(NUMBER))
    assert runner.outputs["merged-prs"] == "11"


@pytest.mark.parametrize(
    ("event", "payload", "ref"),
    [
        ("pull_request", event_of(NUMBER), f"refs/pull/{NUMBER}/merge"),
        ("pull_request", event_of(NUMBER, head="mallory/hello"), f"refs/pull/{NUMBER}/merge"),
        ("pull_request", event_of(13, sender="dependabot[bot]"), "refs/pull/13/merge"),
        ("push", PUSH, "refs/heads/topic"),
        ("push", PUSH, "refs/tags/main"),
        (
            "workflow_run",
            {"workflow_run": {"event": "pull_request", "head_repository": FORK}, "repository": REPOSITORY},
            "refs/heads/main",
        ),
        ("issue_comment", {"issue": {"number": 1}, "repository": REPOSITORY}, "refs/heads/main"),
    ],
    ids=["pull request", "fork", "Dependabot", "branch", "tag", "workflow_run", "issue comment"],
)
def test_other_runs_read_the_cache_and_save_nothing(
    runner: Runner, event: str, payload: dict[str, Any], ref: str
) -> None:
    """Only a push, a schedule or a dispatch on the default branch saves the cache; every other run just reads it."""
    first_run(runner)
    runner.server.world.repositories[SLUG].add_pulls([pull(15)])
    done = runner.run(event, payload, ref)
    assert done.returncode == 0, done.log
    assert runner.outputs["cache-restored"] == "true"
    assert runner.outputs["merged-prs"] == "11"
    assert len(runner.saved()) == 1


def test_push_saves_once_a_day(runner: Runner) -> None:
    """On the day that the cache was saved a push leaves it alone; the next day's first push saves it again."""
    [saved] = [first_run(runner)]
    runner.server.world.repositories[SLUG].add_pulls([pull(15)])
    done = runner.run("push", PUSH)
    assert (done.returncode, len(runner.saved())) == (0, 1)
    assert "at most once a day" in done.log
    saved.created_at -= timedelta(days=1)
    assert (runner.run("push", PUSH).returncode, len(runner.saved())) == (0, 2)


def test_quiet_repository_keeps_its_cache(runner: Runner) -> None:
    """A cache that has lived more than half its days is saved anew although nothing has changed."""
    saved = first_run(runner)
    saved.created_at -= timedelta(days=50)
    saved.expires_at -= timedelta(days=50)
    assert (runner.run("schedule", SCHEDULE).returncode, len(runner.saved())) == (0, 2)


def test_several_workflows_share_a_cache(runner: Runner) -> None:
    """A cache of another workflow file is used when that file is named, by its name or its path."""
    first_run(runner)
    runner.environ["GITHUB_WORKFLOW_REF"] = f"{SLUG}/.github/workflows/pr.yml@refs/heads/main"
    done = runner.run("pull_request", event_of(NUMBER))
    assert runner.outputs["cache-restored"] == "false"
    assert "name it in cache-workflows" in " ".join(done.said("warning"))
    runner.run("pull_request", event_of(NUMBER), cache_workflows="prodlens.yml\n.github/workflows/pr.yml")
    assert runner.outputs["cache-restored"] == "true"


def test_without_a_cache(runner: Runner) -> None:
    """With an empty name nothing is restored or saved, and no artifact is asked for."""
    done = runner.run("schedule", SCHEDULE, cache_artifact="", trace_artifacts="")
    assert done.returncode == 0, done.log
    assert (runner.saved(), asked(runner, "artifacts")) == ([], [])


def test_old_rows_leave_the_cache(runner: Runner) -> None:
    """Rows older than keep-days are not saved again, unless the report looks back as far; open ones always stay."""
    first_run(runner)
    moments = iter(datetime.now(UTC) - timedelta(hours=hours) for hours in (2, 1))

    def numbers_after_news(**inputs: str) -> set[int]:
        news = f"{next(moments):%Y-%m-%dT%H:%M:%SZ}"
        dates = dict.fromkeys(("created_at", "updated_at", "closed_at", "merged_at"), news)
        runner.server.world.repositories[SLUG].add_pulls([pull(15, **dates)])
        assert runner.run("schedule", SCHEDULE, keep_days="30", **inputs).returncode == 0
        file = runner.workplace.folder / "look.db"
        file.write_bytes(member_of(runner.saved()[-1].content))
        with ProdLensStore(file) as store:
            return {row["number"] for row in store.fetch_pull_requests()}

    assert numbers_after_news() == set(range(1, 16))
    assert numbers_after_news(since="30d", history_days="30") == {9, 11, 15}


# Failures ---------------------------------------------------------------------------------------------------


def test_artifact_service_down(runner: Runner) -> None:
    """When artifacts cannot be asked for, the run ends with an error and never saves an empty cache over a good one."""
    saved = first_run(runner)
    runner.server.faults = FaultPlan({number: Fault(status=502) for number in range(1, 20)})
    done = runner.run("schedule", SCHEDULE)
    assert done.returncode == 1
    [error] = done.said("error")
    assert "try again later" in error
    assert runner.saved() == [saved]


def test_download_down(runner: Runner) -> None:
    """When the host of the bytes fails, the run ends with an error as well."""
    saved = first_run(runner)
    runner.host.blob_faults.extend([404] * 10)  # what the client does not wait for
    done = runner.run("schedule", SCHEDULE, dry_run="true")
    assert done.returncode == 1, done.log
    assert "could not be fetched" in done.said("error")[0]
    assert runner.saved() == [saved]


def test_upload_refused(runner: Runner) -> None:
    """When the cache cannot be uploaded, the report is published all the same, the copy is left, and the job fails."""
    runner.host.twirp_faults.extend([(403, b'{"msg": "not today"}')] * 10)
    done = runner.run("schedule", SCHEDULE)
    assert done.returncode == 1, done.log
    assert "not today" in done.said("error")[0]
    assert "the report was not uploaded" in done.said("warning")[0]
    assert "ProdLens report" in runner.summary
    file = runner.workplace.folder / runner.outputs["cache-file"]
    assert file.name == "cache.db"
    with closing(sqlite3.connect(file)) as conn:
        assert conn.execute("SELECT count(*) FROM pull_requests").fetchone() == (14,)


def test_no_artifact_service(runner: Runner) -> None:
    """Where the runner offers no artifact service, the copy is left in the workspace and an output says where."""
    runner.environ.update(ACTIONS_RESULTS_URL="", ACTIONS_RUNTIME_TOKEN="")
    done = runner.run("schedule", SCHEDULE)
    assert done.returncode == 0, done.log
    assert runner.outputs["cache-file"] == ".prod-lens/saved/cache.db"
    content = archive_of(("cache.db", (runner.workplace.folder / runner.outputs["cache-file"]).read_bytes()))
    runner.host.put(CACHE, content, runner.trusted_run())  # as a later step uploads it
    done = runner.run("schedule", SCHEDULE)
    assert (done.returncode, runner.outputs["cache-restored"], runner.outputs["cache-file"]) == (0, "true", "")


def test_token_that_may_not_read_artifacts(runner: Runner) -> None:
    """A missing permission is a wrong set-up: it is named, with the way out, and nothing is overwritten."""
    runner.server.world.repositories[SLUG].permission_missing = "actions=read"
    done = runner.run("schedule", SCHEDULE)
    assert done.returncode == 2
    [error] = done.said("error")
    assert "grant it actions=read" in error
    assert "an empty cache-artifact" in error


def test_budget_reached_and_continued(runner: Runner) -> None:
    """A run that reaches its budget says so, keeps what it has, and the next one goes on from there."""
    done = runner.run("schedule", SCHEDULE, github_budget="4")
    assert done.returncode == 0, done.log
    assert runner.outputs["partial"] == "true"
    assert "partial" in runner.summary
    runs = 0
    while runner.outputs["partial"] == "true":
        runs += 1
        assert runs < 6
        assert runner.run("schedule", SCHEDULE, github_budget="6").returncode == 0
    assert runs > 1
    assert runner.outputs["merged-prs"] == "10"


def test_gate_failing_saves_the_cache(runner: Runner) -> None:
    """A gate that fails fails the job after everything is published and saved."""
    done = runner.run("schedule", SCHEDULE, fail_if="pr_throughput.total_merged > 1")
    assert (done.returncode, runner.outputs["gate"]) == (1, "fail")
    assert (len(runner.saved()), len(runner.saved(REPORT))) == (1, 1)


# The report as an artifact ----------------------------------------------------------------------------------


def test_report_is_uploaded_and_linked(runner: Runner) -> None:
    """HTML, JSON and CSV are one artifact of the run, and summary, comment and output lead to it."""
    assert runner.run("pull_request", event_of(NUMBER)).returncode == 0
    [report] = runner.saved(REPORT)
    with zipfile.ZipFile(io.BytesIO(report.content)) as archive:
        assert sorted(archive.namelist()) == ["report.csv", "report.html", "report.json"]
    address = f"https://github.com/{SLUG}/actions/runs/{runner.number}/artifacts/{report.id}"
    assert runner.outputs["report-url"] == address
    assert address in runner.summary
    assert address in runner.comments[0]["body"]


# Caches that are not trusted --------------------------------------------------------------------------------


def test_cache_expired(runner: Runner) -> None:
    """An expired cache is passed over; when there is no other, the run begins anew and saves one."""
    saved = first_run(runner)
    saved.expires_at = datetime.now(UTC) - timedelta(hours=1)
    done = runner.run("schedule", SCHEDULE)
    assert done.returncode == 0, done.log
    assert "it has expired" in done.said("warning")[0]
    assert (runner.outputs["cache-restored"], runner.outputs["merged-prs"], len(runner.saved())) == ("false", "10", 2)


def test_cache_from_a_fork(runner: Runner) -> None:
    """A cache that a fork's code made is passed over, also when its branch is called main."""
    good = first_run(runner)
    bad = runner.host.put(CACHE, good.content, runner.trusted_run(event="pull_request", head_repository=FORK))
    assert_passed_over(runner, "made by a fork's code", bad)


def test_cache_from_another_branch(runner: Runner) -> None:
    """A cache made on a branch that anyone with write access can push is passed over."""
    good = first_run(runner)
    bad = runner.host.put(CACHE, good.content, runner.trusted_run(head_branch="topic"))
    assert_passed_over(runner, "it was made on branch 'topic'", bad)


def test_cache_from_a_tag_with_the_branch_s_name(runner: Runner) -> None:
    """A cache that a tag called like the default branch made is passed over: its commit is not on the branch."""
    good = first_run(runner)
    for event in ("push", "workflow_dispatch"):
        run = runner.trusted_run(event=event)
        bad = runner.host.put(CACHE, good.content, run)
        runner.host.off_branch.add(run["head_sha"])
        assert_passed_over(runner, "of a commit that is not on 'main'", bad)
    gone = runner.trusted_run(event="push")
    bad = runner.host.put(CACHE, good.content, gone)
    runner.host.runs[gone["id"]] = {**gone, "head_sha": None}
    assert_passed_over(runner, "of a commit that is not on 'main'", bad)
    trusted = runner.host.put(CACHE, good.content, runner.trusted_run(event="push"))
    done = runner.run("pull_request", event_of(NUMBER))
    assert f"restored from artifact 'prodlens-cache' ({trusted.id})" in done.log


def test_cache_from_another_workflow(runner: Runner) -> None:
    """A cache that another workflow file made is passed over, and so is one of an event that saves none."""
    good = first_run(runner)
    bad = runner.host.put(CACHE, good.content, runner.trusted_run(path=".github/workflows/other.yml"))
    assert_passed_over(runner, "it was made by '.github/workflows/other.yml'", bad)
    worse = runner.host.put(CACHE, good.content, runner.trusted_run(event="issue_comment"))
    assert_passed_over(runner, "its run was started by 'issue_comment'", worse)


def test_cache_with_a_wrong_digest(runner: Runner) -> None:
    """A cache whose bytes are not those that GitHub states is passed over."""
    good = first_run(runner)
    bad = runner.host.put(CACHE, good.content, runner.trusted_run(), digest="sha256:" + "0" * 64)
    assert_passed_over(runner, "not those of its digest", bad)


def test_cache_as_a_zip_bomb(runner: Runner) -> None:
    """A cache that would unpack to far more bytes than it has is passed over without being unpacked."""
    first_run(runner)
    bad = runner.host.put(CACHE, archive_of(("cache.db", bytes(64 * 1024**2))), runner.trusted_run())
    assert_passed_over(runner, "as a zip bomb does", bad)


def test_cache_with_a_path_outside(runner: Runner) -> None:
    """A cache with a member that names a place of its own is passed over, and nothing is written there."""
    good = first_run(runner)
    content = archive_of(("../../cache.db", member_of(good.content)))
    assert_passed_over(runner, "it should hold 'cache.db'", runner.host.put(CACHE, content, runner.trusted_run()))
    assert not (runner.workplace.folder / "cache.db").exists()


def test_cache_as_a_database_with_a_trigger(runner: Runner) -> None:
    """A database that brings code is passed over: a trigger, a view or a table of its own."""
    good = first_run(runner)
    statements = (
        "CREATE TRIGGER t AFTER INSERT ON sessions BEGIN DELETE FROM sessions; END",
        "CREATE VIEW v AS SELECT 1",
        "CREATE TABLE own (x)",
    )
    for statement in statements:
        content = changed_database(good.content, runner.workplace.folder, statement)
        bad = runner.host.put(CACHE, content, runner.trusted_run())
        assert_passed_over(runner, "has a schema of its own", bad)
        del runner.host.artifacts[bad.id]


def test_cache_from_a_newer_version(runner: Runner) -> None:
    """A cache that a newer ProdLens made is passed over, with what to do."""
    good = first_run(runner)
    content = changed_database(good.content, runner.workplace.folder, f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    bad = runner.host.put(CACHE, content, runner.trusted_run())
    assert_passed_over(runner, "use one version everywhere", bad)


def test_a_flood_of_bad_caches_is_summed_up(runner: Runner) -> None:
    """Hundreds of bad caches fill neither the log nor the budget of requests."""
    good = first_run(runner)
    run = runner.trusted_run(head_repository=FORK)
    for _ in range(150):
        runner.host.put(CACHE, good.content, run)
    runner.server.forget()
    done = runner.run("pull_request", event_of(NUMBER), trace_artifacts="")
    assert runner.outputs["cache-restored"] == "true"
    assert len(done.said("warning")) == 11
    assert "140 more artifacts" in done.said("warning")[-1]
    assert len(asked(runner, "/actions/")) == 4  # two pages, the run of the good one, its bytes


def test_what_lies_in_the_workspace_is_no_cache(runner: Runner) -> None:
    """A database and a journal that a checkout brought are removed before anything is restored or read."""
    first_run(runner)
    folder = runner.workplace.folder / ".prod-lens"
    folder.mkdir(exist_ok=True)
    for name in ("cache.db", "cache.db-wal", "cache.db-shm", "cache.db-journal"):
        (folder / name).write_bytes(b"planted")
    done = runner.run_again("pull_request", event_of(NUMBER))
    assert (done.returncode, runner.outputs["cache-restored"], runner.outputs["merged-prs"]) == (0, "true", "10")
    assert not (folder / "cache.db-journal").exists()
    elsewhere = runner.workplace.folder / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "cache.db").write_text("mine")
    runner.workplace.remove(".prod-lens")
    folder.symlink_to(elsewhere.name)
    done = runner.run_again("pull_request", event_of(NUMBER))
    assert (done.returncode, (elsewhere / "cache.db").read_text()) == (2, "mine")
    assert "is a link" in done.said("error")[0]


def test_links_where_a_run_writes_to(runner: Runner) -> None:
    """Folders that a checkout made links of are named, before anything is written through them."""
    elsewhere = runner.workplace.folder / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "cache.db").write_text("mine")
    (runner.workplace.folder / ".prod-lens").mkdir()
    for name in ("saved", "report"):
        (runner.workplace.folder / ".prod-lens" / name).symlink_to(f"../{elsewhere.name}")
    done = runner.run_again("schedule", SCHEDULE)
    assert done.returncode == 2, done.log
    assert [name in error for name, error in zip(("report", "saved"), done.said("error"), strict=True)] == [True, True]
    assert [file.read_text() for file in elsewhere.iterdir()] == ["mine"]


def test_a_folder_in_the_place_of_the_copy(runner: Runner) -> None:
    """An error of the system that no other code translates is also one line."""
    first_run(runner)
    (runner.workplace.folder / ".prod-lens/saved/cache.db").mkdir(parents=True)
    done = runner.run_again("schedule", SCHEDULE)
    assert done.returncode == 1
    assert "Traceback" not in done.log
    [error] = done.said("error")
    assert ".prod-lens/saved/cache.db" in error


def test_a_second_step_of_the_same_job(runner: Runner) -> None:
    """A job that runs the action twice has one cache at the end, the later one's."""
    first_run(runner)
    runner.server.world.repositories[SLUG].add_pulls([pull(15)])
    runner.server.world.repositories[SLUG].commits.insert(0, commit(22, 21))
    assert runner.run("schedule", SCHEDULE).returncode == 0
    runner.number -= 1
    assert runner.run_again("schedule", SCHEDULE).returncode == 0
    assert runner.outputs["cache-restored"] == "true"


def test_a_server_without_digests(runner: Runner) -> None:
    """On a server of one's own a cache without a digest is used, and the log says once what it is trusted by."""
    first_run(runner).digest = None
    runner.environ["GITHUB_SERVER_URL"] = "https://github.acme.example"
    done = runner.run("pull_request", event_of(NUMBER), f"refs/pull/{NUMBER}/merge")
    assert done.returncode == 0, done.log
    assert runner.outputs["cache-restored"] == "true"
    assert done.log.count("this server gives no digests of artifacts") == 1


def test_two_jobs_of_one_run_lose_no_cache(runner: Runner) -> None:
    """A cache that another job of the run saved meanwhile is kept; this job says so, and its report is published."""
    first_run(runner)
    repository = runner.server.world.repositories[SLUG]
    repository.add_pulls([pull(15)])
    repository.commits.insert(0, commit(22, 21))
    run = runner.trusted_run(id=runner.number + 2)  # the run to come
    runner.number -= 1

    def save_meanwhile() -> None:
        runner.host.put(CACHE, _FIRST[0], run)

    runner.server.faults.paths[f"/repos/{SLUG}/commits"] = Fault(then=save_meanwhile)
    done = runner.run("schedule", SCHEDULE)
    assert done.returncode == 1, done.log
    assert "another job of this run saved artifact 'prodlens-cache' meanwhile" in done.said("error")[0]
    assert len(runner.saved()) == 2
    assert runner.saved()[1].content == _FIRST[0]
    assert "ProdLens report" in runner.summary


def test_reports_of_one_run_keep_their_links(runner: Runner) -> None:
    """Several steps and jobs of one run upload reports of different names, so that no link dies."""
    for job in ("one", "one", "two"):
        runner.environ["GITHUB_JOB"] = job
        assert runner.run("pull_request", event_of(NUMBER), f"refs/pull/{NUMBER}/merge").returncode == 0
        runner.number -= 2  # the same run again
    names = [artifact.name for _, artifact in sorted(runner.host.artifacts.items())]
    assert names == [REPORT, f"{REPORT}-prodlens-one", f"{REPORT}-prodlens-two"]


def test_reports_of_two_jobs_have_comments_of_their_own(runner: Runner) -> None:
    """Two jobs, or two steps with keys of their own, write one comment each; the same job finds its own again."""
    for job, key in (("one", ""), ("two", ""), ("one", "costs"), ("one", "")):
        runner.environ["GITHUB_JOB"] = job
        done = runner.run("pull_request", event_of(NUMBER), f"refs/pull/{NUMBER}/merge", comment_key=key)
        assert done.returncode == 0, done.log
    assert len(runner.comments) == 3
