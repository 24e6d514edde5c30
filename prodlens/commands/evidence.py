"""``prod-lens evidence``: the signs of AI on pull requests and commits, each with what it rests on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from prodlens.errors import ConfigurationError, InputNotFoundError
from prodlens.files import DEFAULT_DATABASE
from prodlens.slugs import checked_slug

if TYPE_CHECKING:
    import argparse
    import sqlite3
    from collections.abc import Iterable, Sequence

    from prodlens.commands import Context
    from prodlens.evidence import Evidence

_HEADERS = ("work", "kind", "tool", "model", "confidence", "rests on")
_SHORT_SHA = 10
_NOTHING = (
    "No sign of AI is stored. That proves nothing: most tools sign nothing, and a squash can lose what they sign.\n"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of the command."""
    parser.add_argument("--db", type=Path, default=DEFAULT_DATABASE, help="database (default: %(default)s)")
    parser.add_argument("--repo", metavar="OWNER/NAME", help="only this repository (default: every one that is stored)")
    parser.add_argument("--pr", type=int, metavar="N", help="only this pull request")
    parser.add_argument(
        "--format", choices=("table", "json"), default="table", help="how to print it (default: %(default)s)"
    )


def run(args: argparse.Namespace, context: Context) -> int:
    """Print every sign; without ``--pr`` those of commits too. Without any sign, a sentence says what that means."""
    import orjson

    from prodlens.storage import ProdLensStore

    if not args.db.exists():
        raise InputNotFoundError(f"no database at {args.db}; run ingest-github first, or name another file with --db")
    with ProdLensStore(args.db) as store:
        repositories = [checked_slug(args.repo)] if args.repo else _stored_repositories(store.conn)
        if args.pr is not None and len(repositories) != 1:
            raise ConfigurationError(
                f"--pr {args.pr}: name its repository with --repo; the database has {len(repositories)}"
            )
        found = [_explained(store.conn, repo, args.pr) for repo in repositories]
    if args.format == "json":
        context.stdout.write(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        context.stdout.write(_table(found))
    return 0


def _stored_repositories(conn: sqlite3.Connection) -> list[str]:
    query = (
        "SELECT repo_slug FROM pull_requests WHERE repo_slug IS NOT NULL "
        "UNION SELECT repo_slug FROM commits WHERE repo_slug IS NOT NULL ORDER BY 1"
    )
    return [row[0] for row in conn.execute(query)]


def _explained(conn: sqlite3.Connection, repo: str, number: int | None) -> dict[str, Any]:
    """Return the signs of a repository as plain data: of one pull request, or of all that have any and of commits.

    Raises:
        InputNotFoundError: The pull request is not stored.
    """
    from prodlens.evidence import explained_commits, explained_evidence

    pulls = explained_evidence(conn, repo)
    if number is not None:
        if number not in pulls:
            raise InputNotFoundError(f"pull request {number} of {repo} is not stored; sync it with ingest-github first")
        return {"repo": repo, "pull_requests": [{"number": number, "evidence": _plain(pulls[number])}]}
    return {
        "repo": repo,
        "pull_requests": [{"number": n, "evidence": _plain(pulls[n])} for n in sorted(pulls, reverse=True) if pulls[n]],
        "commits": [{"sha": sha, "evidence": _plain(signs)} for sha, signs in explained_commits(conn, repo).items()],
    }


def _plain(signs: Iterable[Evidence]) -> list[dict[str, str | None]]:
    return [
        {
            "kind": sign.kind,
            "tool": sign.tool or None,
            "model": sign.model or None,
            "confidence": sign.confidence,
            "rests_on": sign.basis,
        }
        for sign in signs
    ]


def _table(found: Sequence[dict[str, Any]]) -> str:
    from tabulate import tabulate

    from prodlens.rendering import terminal_text

    rows: list[tuple[str, ...]] = []
    for repository in found:
        works = [(f"#{pull['number']}", pull["evidence"]) for pull in repository["pull_requests"]]
        works += [(commit["sha"][:_SHORT_SHA], commit["evidence"]) for commit in repository.get("commits", ())]
        for work, signs in works:
            name = f"{repository['repo']} {work}" if len(found) > 1 else work
            rows += [(name, *(terminal_text(value or "-") for value in _cells(sign))) for sign in signs]
    return tabulate(rows, _HEADERS, disable_numparse=True) + "\n" if rows else _NOTHING


def _cells(sign: dict[str, str | None]) -> tuple[str | None, ...]:
    return sign["kind"], sign["tool"], sign["model"], sign["confidence"], sign["rests_on"]
