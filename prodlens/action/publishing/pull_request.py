"""What matters for one pull request: its size, its age, how long others take, what is known of AI work in it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from math import fsum, inf, isfinite
from statistics import quantiles
from typing import TYPE_CHECKING, Any

from prodlens.calls import model_name
from prodlens.commits import trailers_in
from prodlens.evidence import (
    CONFIDENCES,
    BranchUse,
    Evidence,
    commit_evidence,
    noted_evidence,
    pull_request_evidence,
)
from prodlens.json_values import clean_text, identifier, mapping, whole_number
from prodlens.rendering import count, escape_markdown, hours, number_text, short_count, usd
from prodlens.timestamps import iso_utc, parse_timestamp

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from prodlens.action.event import Head
    from prodlens.github import GithubClient
    from prodlens.metrics import ModelCalls

_ENOUGH_MERGED = 5  # below, a quartile is one pull request's story
_MOST_MODELS = 20
_MOST_COMMIT_PAGES = 3  # GitHub lists at most 250 commits of a pull request
_PAGE = {"per_page": "100"}
_KINDS = {
    "trailer": "a commit's trailer",
    "author": "its author or a commit's",
    "branch": "the branch's name",
    "label": "a label",
    "description": "its description",
    "note": "a git note",
    "trace": "traced calls",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Traced model calls that belong to the pull request.

    Attributes:
        by_model: Name, calls and known cost of each model, the dearest first.
    """

    calls: int = 0
    tokens: int = 0
    cost_usd: float | None = None
    unpriced_calls: int = 0
    by_model: tuple[tuple[str, int, float | None], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestFacts:
    """What is known of one pull request; unknown is None.

    Attributes:
        signed_commits: Commits with evidence of a tool, of the ``read_commits``.
    """

    number: int
    created_at: datetime | None = None
    merged_at: datetime | None = None
    closed_at: datetime | None = None
    additions: int | None = None
    deletions: int | None = None
    changed_files: int | None = None
    commits: int | None = None
    draft: bool = False
    evidence: frozenset[Evidence] = frozenset()
    signed_commits: int = 0
    read_commits: int = 0
    usage: Usage = Usage()

    def hours_open(self, now: datetime) -> float | None:
        """Return the hours from opening to merge, closing or now; None when they are not known."""
        if self.created_at is None:
            return None
        end = self.merged_at or self.closed_at or now
        return max((end - self.created_at).total_seconds() / 3600, 0.0)


def find_pull_request(client: GithubClient, repository: str, head: Head) -> int | None:
    """Return the number of the pull request with this head owner, branch and commit; the newest of several.

    Raises:
        GithubError: GitHub could not be asked.
    """
    for state in ("open", "all"):
        params = {
            "head": f"{head.owner}:{head.branch}",
            "state": state,
            "sort": "updated",
            "direction": "desc",
            **_PAGE,
        }
        for pull in client.get(f"repos/{repository}/pulls", params=params).rows():
            found, number = mapping(pull.get("head")), identifier(pull.get("number"))
            if number and found.get("sha") == head.sha and found.get("ref") == head.branch:
                return number
    return None


def read_facts(
    client: GithubClient, connection: sqlite3.Connection, repository: str, number: int, **attribution: Any
) -> PullRequestFacts:
    """Read a pull request and its commits from GitHub, and its calls from the store.

    Args:
        client: How GitHub is asked.
        connection: Connection to the store.
        repository: ``owner/name``.
        number: Number of the pull request.
        **attribution: How calls are attributed, as ``calls_of_pull_request`` has it.

    Raises:
        GithubError: GitHub could not be asked.
    """
    pull = mapping(client.get(f"repos/{repository}/pulls/{number}").json())
    return facts_of(pull, _commits(client, repository, number), connection, repository, **attribution)


def facts_of(
    pull: Mapping[str, Any],
    commits: Sequence[Mapping[str, Any]],
    connection: sqlite3.Connection,
    repository: str,
    **attribution: Any,
) -> PullRequestFacts:
    """Return the facts in a pull request as GitHub's API or an event describes it, and those in the store.

    Args:
        pull: The pull request.
        commits: Its commits, as ``commit_evidence`` has them, and their ``sha``, by which their git notes are found.
        connection: Connection to the store.
        repository: ``owner/name``.
        **attribution: How calls are attributed, as ``calls_of_pull_request`` has it.
    """
    from prodlens.metrics import calls_of_pull_request

    head = mapping(pull.get("head"))
    number = identifier(pull.get("number")) or 0
    rows = calls_of_pull_request(connection, repository, number, _branch_use(pull, number), **attribution)
    usage = _usage(rows)
    noted = noted_evidence(connection, repository)
    notes = [noted[sha] for commit in commits if (sha := commit.get("sha")) in noted]
    labels = pull.get("labels")
    described = {
        "author": mapping(pull.get("user")).get("login"),
        "head_ref": head.get("ref"),
        "labels": [mapping(label).get("name") for label in labels] if isinstance(labels, list) else [],
        "body": pull.get("body"),
    }
    return PullRequestFacts(
        number=number,
        created_at=parse_timestamp(pull.get("created_at")),
        merged_at=parse_timestamp(pull.get("merged_at")),
        closed_at=parse_timestamp(pull.get("closed_at")),
        additions=whole_number(pull.get("additions")),
        deletions=whole_number(pull.get("deletions")),
        changed_files=whole_number(pull.get("changed_files")),
        commits=whole_number(pull.get("commits")),
        draft=pull.get("draft") is True,
        evidence=pull_request_evidence(described, commits, usage.calls).union(*notes),
        signed_commits=sum(commit.get("sha") in noted or bool(commit_evidence(commit)) for commit in commits),
        read_commits=len(commits),
        usage=usage,
    )


def _branch_use(pull: Mapping[str, Any], number: int) -> BranchUse:
    """Return which branch a pull request uses, as GitHub's API or an event describes it."""
    head, base = mapping(pull.get("head")), mapping(pull.get("base"))
    home = clean_text(mapping(head.get("repo")).get("full_name"))
    return BranchUse(
        number=number,
        head=clean_text(head.get("ref")) or "" if home else "",  # of a fork that is gone: its name is nobody's
        head_repo=home,
        base=clean_text(base.get("ref")),
        opened_at=iso_utc(pull.get("created_at")) or "",
        ended_at=iso_utc(pull.get("merged_at")) or iso_utc(pull.get("closed_at")),
        author=clean_text(mapping(pull.get("user")).get("login")),
    )


def _usage(rows: Sequence[ModelCalls]) -> Usage:
    """Sum up calls; a model has one name, whatever the stored calls write."""
    models: dict[str, list[ModelCalls]] = {}
    for row in rows:
        models.setdefault(model_name(row.model) if row.model else "", []).append(row)
    by_model = [
        (name, sum(part.calls for part in parts), _added(part.cost_usd for part in parts))
        for name, parts in models.items()
    ]
    return Usage(
        calls=sum(row.calls for row in rows),
        tokens=sum(row.tokens for row in rows),
        cost_usd=_added(row.cost_usd for row in rows),
        unpriced_calls=sum(row.calls - row.priced for row in rows),
        by_model=tuple(sorted(by_model, key=lambda line: (-(line[2] or 0.0), line[0]))),
    )


def _added(costs: Iterable[float | None]) -> float | None:
    """Return the sum of the known costs; None without one, or where they add up to infinity."""
    known = [cost for cost in costs if cost is not None]
    try:
        total = fsum(known) if known else inf
    except OverflowError:
        return None
    return total if isfinite(total) else None


def describe(
    facts: PullRequestFacts,
    merge_hours: Sequence[float],
    now: datetime,
    merged_costs: Mapping[str, Any] | None = None,
) -> str:
    """Return the open part of the comment, as Markdown: what it cost first, then what else matters.

    Args:
        facts: The pull request.
        merge_hours: Hours that the repository's pull requests of the window took to be merged.
        now: The present moment.
        merged_costs: The report's costs of merged pull requests, for a comparison.
    """
    rows = (
        ("Size", _size(facts)),
        (_age_label(facts), _age(facts, merge_hours, now)),
        ("Usual time to merge", _usual(merge_hours)),
        ("AI work", _ai_work(facts)),
    )
    lines = [f"| {label} | {text} |" for label, text in rows if text]
    money = _money(facts.usage, merged_costs or {})
    return "\n".join(
        [
            "### ProdLens",
            "",
            *([money, ""] if money else []),
            f"| This pull request{' (draft)' if facts.draft else ''} | |",
            "|:--|:--|",
            *lines,
            *_models(facts.usage),
        ]
    )


def _money(usage: Usage, merged: Mapping[str, Any]) -> str:
    """Return what the pull request's calls cost, beside what others cost where enough of them have a cost."""
    if not usage.calls:
        return ""
    if usage.cost_usd is None:
        return f"**{_many(usage.calls, 'model call')}**, cost not known"
    text = f"**{usd(usage.cost_usd)}** of model calls"
    median, others = merged.get("median_usd"), merged.get("with_cost", 0)
    if median and others >= _ENOUGH_MERGED:
        times = number_text(usage.cost_usd / median)
        text += f", {times} times the median of {_many(others, 'merged pull request')} ({usd(median)})"
    if usage.unpriced_calls:
        text += f"; {_many(usage.unpriced_calls, 'call')} without a known price not included"
    return text


def _models(usage: Usage) -> list[str]:
    """Return the cost by model, folded; nothing where one line would repeat the sum."""
    if len(usage.by_model) < 2:  # noqa: PLR2004 - one model has the whole sum
        return []
    lines = [
        f"| {escape_markdown(name) if name else 'no model named'} | {count(calls)} "
        f"| {'no known price' if cost is None else usd(cost)} |"
        for name, calls, cost in usage.by_model[:_MOST_MODELS]
    ]
    head = ["", "<details>", "<summary>Cost by model</summary>", "", "| Model | Calls | Cost |", "|:--|--:|--:|"]
    return [*head, *lines, "", "</details>"]


def _size(facts: PullRequestFacts) -> str:
    if facts.additions is None or facts.deletions is None:
        return "not known"
    text = f"{count(facts.additions)} lines added and {count(facts.deletions)} removed"
    if facts.changed_files is not None:
        text += f" in {_many(facts.changed_files, 'file')}"
    return text if facts.commits is None else f"{text}, {_many(facts.commits, 'commit')}"


def _age_label(facts: PullRequestFacts) -> str:
    return "Merged after" if facts.merged_at else "Closed after" if facts.closed_at else "Open for"


def _age(facts: PullRequestFacts, merge_hours: Sequence[float], now: datetime) -> str:
    age = facts.hours_open(now)
    if age is None:
        return "not known"
    if len(merge_hours) < _ENOUGH_MERGED:
        return hours(age)
    longer = sum(taken > age for taken in merge_hours)
    return f"{hours(age)}; {longer} of {len(merge_hours)} merged pull requests took longer"


def _usual(merge_hours: Sequence[float]) -> str:
    merged = len(merge_hours)
    if merged < _ENOUGH_MERGED:
        return f"too few to tell ({_many(merged, 'pull request')} merged in the period, {_ENOUGH_MERGED} are needed)"
    low, middle, high = quantiles(merge_hours, n=4, method="inclusive")
    return f"{hours(middle)}; half of the {merged} merged in the period took {hours(low)} to {hours(high)}"


def _ai_work(facts: PullRequestFacts) -> str:
    """Say what is known and what it rests on. When nothing is known, say that this proves nothing."""
    parts = []
    if facts.usage.calls:
        parts.append(f"{_many(facts.usage.calls, 'traced call')} with {short_count(facts.usage.tokens)} tokens")
    signs = {(item.tool, item.kind, item.confidence) for item in facts.evidence if item.kind != "trace"}
    for tool, kind, confidence in sorted(signs, key=lambda sign: (CONFIDENCES.index(sign[2]), sign)):
        parts.append(f"{escape_markdown(tool) if tool else 'a tool'} ({_KINDS[kind]}, {confidence} confidence)")
    if not parts:
        return "no sign of any, which proves nothing: most tools leave none"
    if facts.signed_commits:
        parts.append(f"signs on {facts.signed_commits} of {_many(facts.read_commits, 'commit')}")
    return f"at least: {'; '.join(parts)}"


def _commits(client: GithubClient, repository: str, number: int) -> list[dict[str, Any]]:
    pages = client.pages(f"repos/{repository}/pulls/{number}/commits", params=_PAGE)
    return [_commit(row) for page in islice(pages, _MOST_COMMIT_PAGES) for row in page.rows()]


def _commit(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sha and what ``commit_evidence`` reads of a listed commit. The address is not stored."""
    account, git = mapping(row.get("author")), mapping(row.get("commit"))
    person, message = mapping(git.get("author")), git.get("message")
    return {
        "sha": row.get("sha"),
        "author": account.get("login") or person.get("name"),
        "author_id": account.get("id"),
        "author_email": person.get("email"),
        "trailers": trailers_in(message) if isinstance(message, str) else (),
    }


def _many(number: int, thing: str) -> str:
    return f"{count(number)} {thing}{'' if number == 1 else 's'}"
