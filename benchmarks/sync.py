"""Sync against the stand-in for GitHub: sync.py [DATA] [--faults [EVERY]] - requests, local cost, interruptions.

Without DATA, 5,000 closed pull requests and 20,000 commits are made up, and the sync runs in a process of its own,
timed against parsing the same answers and inserting the same rows bare. With DATA (a repository's folder of compact
rows, see tests/github_server/world.py) its counts are printed. --faults lets every EVERY-th request of that sync fail
in turn, in each of several ways, and compares what repeated runs leave with an undisturbed sync.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from prodlens.errors import GithubError
from prodlens.github import client as github_client
from prodlens.github.sessions import new_session
from prodlens.github_etl import GithubETL, sync_state
from prodlens.storage import ProdLensStore
from tests.github_server.faults import CUT, RATE_LIMIT, SERVER_ERROR, WRONG_JSON, Fault
from tests.github_server.server import GithubServer
from tests.github_server.small import commit, pull
from tests.github_server.world import Repository, World

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    import requests

    from tests.github_server.http import Reply, Request

TOKEN = "a-token"  # noqa: S105 - made up
PULLS, COMMITS = 5_000, 20_000
TABLES = ("pull_requests", "commits", "pull_request_commits")


class RememberingServer(GithubServer):
    """Builds every answer once, and can write them down: what it serves does not change."""

    answers: dict[tuple[str, bytes, str], Reply]
    folder: Path | None = None

    def reply_to(self, request: Request) -> Reply:
        """Return the answer, built or remembered."""
        key = (request.path + str(request.query), request.body, request.headers.get("if-none-match", ""))
        if key not in self.answers:
            self.answers[key] = super().reply_to(request)
        reply = self.answers[key]
        if self.folder is not None:
            (self.folder / f"{len(self.log):05d}.json").write_bytes(reply.encoded())
        return reply


def made_up() -> Repository:
    """Return a repository of merged and closed pull requests with two commits each, one in a hundred with eighty."""
    repository = Repository("acme/web")
    start = datetime(2024, 1, 1, tzinfo=UTC)
    for number in range(1, PULLS + 1):
        moment = start + timedelta(hours=number)
        times = {"created_at": _iso(moment - timedelta(days=2)), "updated_at": _iso(moment), "closed_at": _iso(moment)}
        merged = None if number % 5 == 0 else _iso(moment)
        repository.add_pulls([pull(number, **times, merged_at=merged)])
        size = 60 if number % 499 == 0 else 2
        repository.pull_commits[number] = [commit(10**6 + number * 100 + n, 1) for n in range(size)]
    repository.commits = [
        commit(n, *([n - 1] if n else []), committer_date=_iso(start + timedelta(minutes=15 * n)))
        for n in range(COMMITS - 1, -1, -1)
    ]
    return repository


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def serve(repository: Repository) -> RememberingServer:
    """Return a server of that repository without rate limits."""
    server = RememberingServer(World(repositories={repository.slug: repository}, hourly_limit=None))
    server.answers = {}
    return server


def sync(store: ProdLensStore, server: GithubServer, slug: str, session: Any = None) -> tuple[int, int]:
    """Sync both streams."""
    etl = GithubETL(store, session, api_url=server.url, graphql_url=server.graphql_url, patience_seconds=0.0)
    owner, name = slug.split("/")
    return etl.sync_pull_requests(owner, name, token=TOKEN), etl.sync_commits(owner, name, token=TOKEN)


# Cost --------------------------------------------------------------------------------------------------------


def cost() -> None:
    """Print requests and local cost of a first sync, of one without news and of one merged pull request."""
    repository = made_up()
    with serve(repository) as server, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "answers").mkdir()
        child("--client", server.url, server.graphql_url, str(folder / "warm.db"))  # the server builds its answers
        server.forget()
        server.folder = folder / "answers"
        first = child("--client", server.url, server.graphql_url, str(folder / "first.db"))
        print(f"first sync: {len(server.log)} requests (at most 320)")
        print(f"local cost: {first['seconds']:.2f} s, and {first['http']:.2f} s in the HTTP library")
        print(f"peak memory: {first['mib']:.0f} MiB (at most 200)")
        server.folder = None
        bare = child("--bare", str(folder / "answers"), str(folder / "first.db"), str(folder / "bare.db"))
        print(f"bare: {bare['seconds']:.2f} s; ratio {first['seconds'] / bare['seconds']:.2f} (at most 2)")
        with ProdLensStore(folder / "first.db") as store:
            server.forget()
            sync(store, server, repository.slug)
            print(f"no news: {len(server.log)} requests, answered {[status for *_, status in server.log]}")
            moment = _iso(datetime(2026, 6, 1, tzinfo=UTC))
            times = dict.fromkeys(("created_at", "updated_at", "closed_at", "merged_at"), moment)
            repository.add_pulls([pull(PULLS + 1, **times)])
            repository.commits[:0] = [
                commit(30_001, COMMITS - 1, 30_000, committer_date=moment),
                commit(30_000, 17_000, committer_date=moment),
            ]
            server.answers.clear()
            server.forget()
            sync(store, server, repository.slug)
            print(f"one merged pull request: {len(server.log)} requests (at most 5)")
            print(f"stored: {len(store.fetch_pull_requests())} pull requests, {len(store.fetch_commits())} commits")


def child(*arguments: str) -> dict[str, float]:
    """Run a part in a process of its own and return what it measured."""
    done = subprocess.run([sys.executable, __file__, *arguments], check=True, capture_output=True, text=True)
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


def client(api_url: str, graphql_url: str, database: str) -> None:
    """Sync once, counting the processor time of this process after its imports, that of the HTTP library apart."""
    session = TimedSession(new_session(api_url))
    vars(github_client)["new_session"] = lambda _: session
    with ProdLensStore(database) as store:
        started = time.process_time()
        etl = GithubETL(store, api_url=api_url, graphql_url=graphql_url)
        etl.sync_pull_requests("acme", "web", token=TOKEN)
        etl.sync_commits("acme", "web", token=TOKEN)
        report(time.process_time() - started - session.seconds, session.seconds)


class TimedSession:
    """A session that counts the processor time spent on sending and receiving."""

    def __init__(self, session: requests.Session) -> None:
        self._session, self.seconds = session, 0.0

    def close(self) -> None:
        """Keep the connection for the second stream."""

    def get(self, url: str, **content: Any) -> Any:
        """Read."""
        return self._timed(self._session.get, url, content)

    def post(self, url: str, **content: Any) -> Any:
        """Ask GraphQL."""
        return self._timed(self._session.post, url, content)

    def _timed(self, call: Any, url: str, content: dict[str, Any]) -> Any:
        started = time.process_time()
        try:
            return call(url, **content)
        finally:
            self.seconds += time.process_time() - started


def bare_cost(answers: str, source: str, database: str) -> None:
    """Parse the answers and insert the rows of a finished sync, and nothing else."""
    bodies = [path.read_bytes() for path in sorted(Path(answers).iterdir()) if path.stat().st_size]
    with ProdLensStore(source) as store:
        rows = {table: [tuple(r) for r in store.conn.execute(f"SELECT * FROM {table}")] for table in TABLES}
    with ProdLensStore(database) as store:
        started = time.process_time()
        for body in bodies:
            json.loads(body)
        for table, values in rows.items():
            with store.transaction() as conn:
                conn.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(values[0]))})", values)
        report(time.process_time() - started)


def report(seconds: float, http_seconds: float = 0.0) -> None:
    """Print what this process used."""
    print(
        json.dumps(
            {"seconds": seconds, "http": http_seconds, "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}
        )
    )


# Counts and faults -------------------------------------------------------------------------------------------


def counts(store: ProdLensStore) -> None:
    """Print what the store holds."""
    rows = store.fetch_pull_requests()
    merged = [row for row in rows if row["merged_at"]]
    hours = [
        (datetime.fromisoformat(r["merged_at"]) - datetime.fromisoformat(r["created_at"])).total_seconds() / 3600
        for r in merged
    ]
    print(f"open {sum(row['state'] == 'open' for row in rows)}")
    print(f"closed unmerged {sum(row['state'] == 'closed' and not row['merged_at'] for row in rows)}")
    print(f"merged {len(merged)}, median hours {statistics.median(hours):.2f}")
    print(f"ever reopened {sum(row['reopened'] for row in rows)}")
    print(f"commits {len(store.fetch_commits())}")


class KilledSession:
    """A session whose process ends before its nth request is sent, or after it is answered."""

    def __init__(self, before: int = 0, after: int = 0) -> None:
        import requests

        self._session, self._before, self._after, self._count = requests.Session(), before, after, 0

    def get(self, url: str, **content: Any) -> Any:
        """Read."""
        return self._send(self._session.get, url, content)

    def post(self, url: str, **content: Any) -> Any:
        """Ask GraphQL."""
        return self._send(self._session.post, url, content)

    def _send(self, call: Any, url: str, content: dict[str, Any]) -> Any:
        self._count += 1
        if self._count == self._before:
            raise KeyboardInterrupt
        answer = call(url, **content)
        if self._count == self._after:
            raise KeyboardInterrupt
        return answer


def rows_of(conn: sqlite3.Connection) -> list[tuple[Any, ...]]:
    """Return every row that a sync stores, but numbers given in the order of arrival."""
    columns = "sha, repo_slug, author, author_is_login, timestamp, branch, parents, trailers"
    queries = (
        "SELECT * FROM pull_requests ORDER BY id",
        f"SELECT {columns} FROM commits ORDER BY sha",
        "SELECT * FROM pull_request_commits ORDER BY 1, 2",
        "SELECT repo_slug, stream, covered_since, cursor, walk_next FROM sync_streams ORDER BY 2",
        "SELECT * FROM etags ORDER BY 1",
    )
    return [tuple(row) for query in queries for row in conn.execute(query)]


def disturbed(needed: int, every: int) -> Iterator[tuple[str, dict[int, Fault], KilledSession]]:
    """Yield a name, the server's faults and the session of every disturbance to try."""
    kinds = {"502": SERVER_ERROR, "cut": CUT, "wrong JSON": WRONG_JSON, "rate limit": RATE_LIMIT}
    for n in range(1, needed + 1, every):
        for name, fault in kinds.items():
            yield f"{name} at {n}", {n: fault}, KilledSession()
        yield f"killed before {n}", {}, KilledSession(before=n)
        yield f"killed after {n}", {}, KilledSession(after=n)


def faults(server: RememberingServer, slug: str, folder: Path, every: int) -> None:
    """Compare what repeated runs leave after every disturbance with an undisturbed sync."""
    server.forget()
    with ProdLensStore(folder / "undisturbed.db") as store:
        sync(store, server, slug)
        expected = rows_of(store.conn)
    tried, wrong = 0, []
    for name, planned, session in disturbed(len(server.log), every):
        server.faults.restart(planned)
        path = folder / f"{tried}.db"
        with ProdLensStore(path) as store:
            for _ in range(4):
                try:
                    sync(store, server, slug, session)
                except (GithubError, KeyboardInterrupt):
                    continue
                if not sync_state(store, slug)["partial"]:
                    break
            if rows_of(store.conn) != expected:
                wrong.append(name)
        path.unlink()
        tried += 1
    print(f"disturbances {tried}, ending in other rows {len(wrong)} {wrong}")


def main() -> None:
    """Parse the command line and run what it asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="?", type=Path)
    parser.add_argument("--faults", nargs="?", type=int, const=1, metavar="EVERY")
    parser.add_argument("--client", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--bare", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.client:
        client(*args.client)
    elif args.bare:
        bare_cost(*args.bare)
    elif args.data is None:
        cost()
    else:
        repository = Repository.load(args.data)
        with serve(repository) as server, tempfile.TemporaryDirectory() as folder:
            with ProdLensStore(Path(folder) / "cache.db") as store:
                print(f"returned {sync(store, server, repository.slug)} in {len(server.log)} requests")
                counts(store)
            if args.faults:
                faults(server, repository.slug, Path(folder), args.faults)


if __name__ == "__main__":
    main()
