"""``prod-lens doctor``: check a set-up and say what to change."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from prodlens.errors import ConfigurationError
from prodlens.files import DEFAULT_DATABASE
from prodlens.slugs import checked_slug

if TYPE_CHECKING:
    import argparse

    from prodlens.commands import Context
    from prodlens.commands.setup_checks import Finding

_MOST_REQUESTS = 20
_SIGNS = {"fine": "ok   ", "odd": "note ", "wrong": "WRONG"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of the command."""
    parser.add_argument("--repo", help="repository to check: owner/name (default: the one of this clone)")
    parser.add_argument("--token", help="GitHub token (default: GITHUB_TOKEN or GH_TOKEN of the environment)")
    parser.add_argument("--db", type=Path, default=DEFAULT_DATABASE, help="database (default: %(default)s)")
    parser.add_argument("--offline", action="store_true", help="ask nothing of GitHub")
    parser.add_argument(
        "--workflows",
        type=Path,
        default=Path(".github/workflows"),
        help="folder of the workflow files (default: %(default)s)",
    )
    parser.add_argument("--cache-artifact", default="prodlens-cache", help="name of the cache (default: %(default)s)")
    parser.add_argument("--trace-artifact", default="prodlens-traces", help="name of traces (default: %(default)s)")


def run(args: argparse.Namespace, context: Context) -> int:
    """Print every finding with what to change; the status is 1 when something is wrong."""
    from prodlens.commands.setup_checks import check_github, check_traces, check_workflows
    from prodlens.github import GithubClient, RequestBudget, addresses
    from prodlens.storage import ProdLensStore

    environ = context.environ
    repository = checked_slug(args.repo) if args.repo else _of_this_clone()
    wrong = _print(f"Workflows in {args.workflows}", check_workflows(args.workflows), context)
    if not args.offline:
        client = GithubClient(
            token=args.token or environ.get("GITHUB_TOKEN") or environ.get("GH_TOKEN"),
            **addresses(environ),
            budget=RequestBudget(limit=_MOST_REQUESTS),
        )
        findings = check_github(client, repository, context.now, args.cache_artifact, args.trace_artifact)
        wrong += _print(f"GitHub, {repository}", findings, context)
    if args.db.exists():
        with ProdLensStore(args.db) as store:
            wrong += _print(f"Traces in {args.db}", check_traces(store.conn, context.now), context)
    else:
        context.note(f"prod-lens: {args.db} is not there yet, so no traces were looked at")
    return 1 if wrong else 0


def _of_this_clone() -> str:
    from prodlens.commits import GitHistoryError, origin_slug

    try:
        return origin_slug(Path())
    except GitHistoryError as error:
        raise ConfigurationError(
            f"--repo: {error} (run this inside a clone of your repository, or name it: --repo owner/name)"
        ) from error


def _print(title: str, findings: list[Finding], context: Context) -> int:
    """Print findings under a title; returns how many are wrong."""
    lines = [title]
    for finding in findings:
        lines.append(f"  {_SIGNS[finding.level]} {finding.text}")
        if finding.remedy:
            lines.append(f"        -> {finding.remedy}")
    context.tell("\n".join(lines))
    return sum(finding.level == "wrong" for finding in findings)
