"""``prod-lens ingest-github``: sync a repository's pull requests and commits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from prodlens.errors import ConfigurationError
from prodlens.files import DEFAULT_DATABASE
from prodlens.slugs import is_slug, split_slug
from prodlens.timestamps import parse_timestamp

if TYPE_CHECKING:
    import argparse
    from datetime import datetime

    from prodlens.commands import Context

_PATIENCE_SECONDS = 300.0  # somebody waits at a terminal, but rather for minutes than for an hour


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of the command."""
    parser.add_argument("--repo", required=True, help="repository to sync: owner/name")
    parser.add_argument("--token", help="GitHub token (default: GITHUB_TOKEN or GH_TOKEN of the environment)")
    parser.add_argument("--db", type=Path, default=DEFAULT_DATABASE, help="database (default: %(default)s)")
    parser.add_argument("--since", help="only what changed since this day: YYYY-MM-DD (default: everything)")


def run(args: argparse.Namespace, context: Context) -> int:
    """Sync, and say on standard error what came of it; a sync stopped by a limit is a success that says so.

    Where pull requests or commits alone fail for good, the others are synced, and the exit status says so.

    Raises:
        GithubError: Both failed for good.
    """
    owner, name, since = _checked(args)
    from prodlens.github import addresses
    from prodlens.github_etl import GithubETL
    from prodlens.storage import ProdLensStore

    environ = context.environ
    token = args.token or environ.get("GITHUB_TOKEN") or environ.get("GH_TOKEN")
    with ProdLensStore(args.db) as store:
        etl = GithubETL(
            store,
            **addresses(environ),
            patience_seconds=_PATIENCE_SECONDS,
        )
        with context.progress(f"Syncing {owner}/{name} with GitHub"):
            outcome = etl.sync(owner, name, token=token, since=since)
    if not outcome.written:
        raise next(iter(outcome.failures.values()))
    pull_requests, commits = (outcome.written.get(stream, 0) for stream in ("pull_requests", "commits"))
    context.note(
        f"prod-lens: {outcome.repo}: {pull_requests} pull requests and {commits} commits inserted or updated "
        f"in {etl.requests} requests"
    )
    for stream in outcome.state["streams"]:
        if stream["partial"]:
            context.note(f"prod-lens: {stream['stream']} are partial: {stream['stopped'] or 'run again to go on'}")
    return outcome.exit_status


def _checked(args: argparse.Namespace) -> tuple[str, str, datetime | None]:
    """Return owner, name and the moment to start from; every mistake in the arguments is reported at once."""
    mistakes = []
    if not is_slug(args.repo):
        mistakes.append(f"--repo: not a repository: {args.repo!r} (expected owner/name, for example octocat/hello)")
    since = parse_timestamp(args.since) if args.since is not None and not args.since.strip().isdigit() else None
    if args.since is not None and since is None:
        mistakes.append(f"--since: not a day: {args.since!r} (expected YYYY-MM-DD, for example 2026-05-01)")
    if mistakes:
        raise ConfigurationError(*mistakes)
    return *split_slug(args.repo), since
