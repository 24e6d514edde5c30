"""A run of the action with nothing new: action.py [--calls N] [--rounds N] - seconds, memory and the size of the cache.

A first run on a repository of 5,000 pull requests saves a cache with N calls. Runs of the whole program on that cache,
against the stand-in for GitHub, are then timed from the start of the process to its end, in turn with a process that
does the bare minimum: the same imports, unzip, quick check, zip. Compare ratios of one run, never seconds of two; on a
busy machine those of the processor's seconds.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import uuid
import zipfile
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from prodlens.action.cache import trust
from prodlens.action.cache.snapshot import write_archive, write_copy
from prodlens.storage import ProdLensStore
from tests.action.conftest import Workplace
from tests.action.runner import CACHE, SCHEDULE, Runner
from tests.github_server.artifact_host import ArtifactHost
from tests.github_server.server import GithubServer
from tests.github_server.small import SLUG, commit, pull
from tests.github_server.world import Repository, World

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.github_server.http import Reply, Request

from sync import RememberingServer


class Server(RememberingServer):
    """Builds the answers about pull requests and commits once, so that its own work stays out of the figures."""

    def reply_to(self, request: Request) -> Reply:
        """Answer what changes anew, the rest as it was remembered."""
        return GithubServer.reply_to(self, request) if "/actions/" in request.path else super().reply_to(request)


ROOT = Path(__file__).resolve().parents[1]
PULLS, COMMITS, DAYS = 5_000, 20_000, 180
MODELS = ("claude-sonnet-4-5", "claude-haiku-4-5", "gpt-4o", "gpt-4o-mini", "gemini-2.5-pro", "o3")


class Cost(NamedTuple):
    """What a process took: seconds, those of the processor, and peak memory in MiB."""

    seconds: float
    processor: float
    mib: float

    def __str__(self) -> str:
        return f"{self.seconds:.2f} s, {self.processor:.2f} s of the processor, {self.mib:.0f} MiB"


@dataclass(frozen=True)
class TimedWorkplace(Workplace):
    """A workspace whose runs are timed."""

    measured: list[Cost] = field(default_factory=list)
    program: tuple[str, ...] = (str(ROOT / "entrypoint.py"),)

    def run(self, *_: str, environ: Mapping[str, str] | None = None, limit_bytes: int | None = None) -> Any:
        """Run the program in the workspace."""
        del limit_bytes
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.folder), **(environ or {})}
        done, cost = timed([sys.executable, *self.program], cwd=self.folder, env=environ)
        self.measured.append(cost)
        return done


# A process of its own, since a child's peak memory begins with that of the process that it was forked from.
_LAUNCHER = """
import json, os, subprocess, sys, time
started = time.perf_counter()
child = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL)
_, status, usage = os.wait4(child.pid, 0)
seconds = time.perf_counter() - started
with open(sys.argv[1], "w") as file:
    processor = usage.ru_utime + usage.ru_stime
    json.dump([os.waitstatus_to_exitcode(status), seconds, processor, usage.ru_maxrss / 1024], file)
"""


def timed(command: list[str], **settings: Any) -> tuple[subprocess.CompletedProcess[str], Cost]:
    """Run a command; returns what it said and what it took."""
    with tempfile.NamedTemporaryFile("r") as file:
        launcher = [sys.executable, "-c", _LAUNCHER, file.name, *command]
        done = subprocess.run(launcher, capture_output=True, text=True, check=True, **settings)
        status, *cost = json.load(file)
    return subprocess.CompletedProcess(command, status, done.stdout, done.stderr), Cost(*cost)


def require(good: bool, said: str) -> None:
    """End the benchmark when a run did not do what is measured."""
    if not good:
        raise SystemExit(said)


def made_up(now: datetime) -> Repository:
    """Return a repository of merged and closed pull requests and commits, evenly over the days before now."""
    repository = Repository(SLUG)
    for number in range(1, PULLS + 1):
        moment = now - timedelta(days=DAYS * (1 - number / PULLS), hours=1)
        times = {"created_at": iso(moment - timedelta(days=2)), "updated_at": iso(moment), "closed_at": iso(moment)}
        repository.add_pulls([pull(number, **times, merged_at=None if number % 5 == 0 else iso(moment))])
        repository.pull_commits[number] = [commit(10**6 + number * 100 + n, 1) for n in range(2)]
    repository.commits = [
        commit(n, *([n - 1] if n else []), committer_date=iso(now - timedelta(days=DAYS * (1 - n / COMMITS), hours=1)))
        for n in range(COMMITS - 1, -1, -1)
    ]
    return repository


def iso(moment: datetime) -> str:
    """Return a moment as GitHub writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def calls(count: int, now: datetime) -> Iterator[dict[str, Any]]:
    """Yield calls with ids as random as a provider's, some twenty a session."""
    rng = random.Random(7)
    session = ""
    for number in range(count):
        if number % 20 == 0:
            session = str(uuid.UUID(int=rng.getrandbits(128)))
        tokens_in, tokens_out = rng.randint(50, 20_000), rng.randint(10, 3_000)
        yield {
            "call_id": f"msg_{rng.getrandbits(96):024x}",
            "session_id": session,
            "developer_id": f"person-{rng.randrange(40):012x}",
            "timestamp": now - timedelta(days=DAYS * (1 - number / count), hours=2),
            "model": rng.choice(MODELS),
            "tokens_in": tokens_in,
            "tokens_out": tokens_out,
            "latency_ms": round(rng.lognormvariate(7, 0.8), 1),
            "status_code": 200 if rng.random() > 0.03 else 429,
            "accepted_flag": rng.random() < 0.4,
            "repo_slug": SLUG,
            "diff_ratio": round(rng.random(), 3),
            "accepted_lines": rng.randint(0, 60),
            "cost_usd": (tokens_in * 3 + tokens_out * 15) / 1e6,
            "cost_source": "recorded",
            "source": "litellm",
        }


def with_calls(archive: bytes, count: int, now: datetime, folder: Path) -> bytes:
    """Return a cache archive to whose database the calls are added."""
    (folder / "first.zip").write_bytes(archive)
    trust.unpack(folder / "first.zip", folder / "live.db")
    trust.make_indexes(folder / "live.db")
    with ProdLensStore(folder / "live.db") as store:
        store.insert_sessions(calls(count, now))
        write_copy(store.conn, folder / "copy.db", before=now - timedelta(days=400), now=now, named=False)
    write_archive(folder / "copy.db", folder / "cache.zip")
    return (folder / "cache.zip").read_bytes()


def bare(modules: Path, archive: Path, folder: Path) -> None:
    """Do what no run can do without: imports, unzip, quick check, zip."""
    for name in json.loads(modules.read_text()):
        importlib.import_module(name)
    with zipfile.ZipFile(archive) as opened:
        opened.extract("cache.db", folder)
    with closing(sqlite3.connect(folder / "cache.db")) as conn:
        conn.execute("PRAGMA quick_check").fetchall()
    with zipfile.ZipFile(folder / "again.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.write(folder / "cache.db", "cache.db")


def modules_of(runner: Runner, folder: Path) -> Path:
    """Write down the modules that a run has imported at its end."""
    script = f"""
import atexit, json, sys
sys.path.insert(0, {str(ROOT)!r})
from prodlens.action import main

def note():
    names = [name for name, module in list(sys.modules.items()) if getattr(module, "__spec__", None)]
    with open({str(folder / "modules.json")!r}, "w") as file:
        json.dump([name for name in names if name != "__main__"], file)

atexit.register(note)
sys.exit(main([]))
"""
    (folder / "noting.py").write_text(script)
    noting = Runner(
        TimedWorkplace(runner.workplace.folder, program=(str(folder / "noting.py"),)), runner.server, runner.host
    )
    noting.number = runner.number + 100
    require(noting.run("schedule", SCHEDULE).returncode == 0, "the run that notes its modules failed")
    return folder / "modules.json"


def measure(count: int, rounds: int) -> None:
    """Print the table."""
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory() as name, ArtifactHost() as host:
        folder = Path(name)
        (folder / "workspace").mkdir()
        world = World(repositories={SLUG: made_up(now)}, artifacts=host, hourly_limit=None)
        with Server(world) as server:
            server.answers = {}
            runner = Runner(TimedWorkplace(folder / "workspace"), server, host)
            done = runner.run("schedule", SCHEDULE, since="28d")
            require(done.returncode == 0, done.log)
            [first] = host.named(CACHE)
            content = with_calls(first.content, count, now, folder)
            host.artifacts.clear()
            host.put(CACHE, content, runner.trusted_run())
            print(
                f"cache of {count:,} calls, {PULLS:,} pull requests, {COMMITS:,} commits: {len(content) / 1e6:.1f} MB"
            )
            compare(runner, modules_of(runner, folder), folder, rounds)
            server.answers.clear()
            moment = iso(now)
            times = dict.fromkeys(("created_at", "updated_at", "closed_at", "merged_at"), moment)
            world.repositories[SLUG].add_pulls([pull(PULLS + 1, **times)])
            done = runner.run("schedule", SCHEDULE, since="28d")
            require(done.returncode == 0, done.log)
            cost = runner.workplace.measured[-1]  # type: ignore[attr-defined]
            saved = len(host.named(CACHE)[-1].content) / 1e6
            print(f"with one merged pull request, saved ({saved:.1f} MB): {cost}")


def compare(runner: Runner, modules: Path, folder: Path, rounds: int) -> None:
    """Time runs with nothing new and bare ones in turn."""
    ratios = []
    for number in range(rounds + 1):
        asked = len(runner.server.log)
        done = runner.run("schedule", SCHEDULE, since="28d")
        good = (done.returncode, done.outputs.get("cache-restored")) == (0, "true")
        require(good and "nothing has changed" in done.log, done.log)
        cost = runner.workplace.measured[-1]  # type: ignore[attr-defined]
        target = folder / f"bare-{number}"
        target.mkdir()
        command = [sys.executable, __file__, "--bare", str(modules), str(folder / "cache.zip"), str(target)]
        finished, least = timed(command)
        require(finished.returncode == 0, finished.stderr)
        if number:  # the first pair warms the disk
            ratios.append((cost.seconds / least.seconds, cost.processor / least.processor))
            print(f"nothing new: {cost}, {len(runner.server.log) - asked} requests; bare: {least}; ", end="")
            print("ratios {:.2f} and {:.2f}".format(*ratios[-1]))
    seconds, processor = map(statistics.median, zip(*ratios, strict=True))
    print(f"median ratio {seconds:.2f} (at most 3), of the processor's seconds {processor:.2f}; ", end="")
    print("at most 400 MiB; the cache at most 25 MB")


def main() -> None:
    """Measure, or do the bare part in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--bare", nargs=3, type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.bare:
        bare(*arguments.bare)
    else:
        measure(arguments.calls, arguments.rounds)


if __name__ == "__main__":
    main()
