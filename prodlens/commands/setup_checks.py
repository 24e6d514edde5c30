"""Whether a set-up can work: what the token may read, which artifacts are there, which fields the stored calls have.

Every check returns findings; none writes anything to GitHub, so a right to write is judged by the workflow files.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from prodlens.errors import GithubError
from prodlens.github import AuthenticationError, EmptyRepositoryError, NotFoundError, PermissionMissingError
from prodlens.json_values import mapping
from prodlens.timestamps import parse_timestamp

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from prodlens.github import GithubClient

FINE, ODD, WRONG = "fine", "odd", "wrong"
_READS = (
    ("commits", "contents: read"),
    ("pulls", "pull-requests: read"),
    ("actions/artifacts", "actions: read"),
)
_USES = re.compile(r"^\s*-?\s*uses:\s*\S*prodlens-action(?:/\S*)?@(?P<ref>\S+)", re.MULTILINE)
# In block and in flow style (`permissions: {actions: read}`), or asked of a GitHub App (`permission-actions: read`).
_WRITES = re.compile(
    r"(?:^|[{,])\s*(?:permission-)?pull-requests:\s*write\b|\bpermissions:\s*write-all\b", re.MULTILINE
)
_READS_ARTIFACTS = re.compile(
    r"(?:^|[{,])\s*(?:permission-)?actions:\s*(?:read|write)\b|\bpermissions:\s*(?:read|write)-all\b", re.MULTILINE
)
_SETS_PERMISSIONS = re.compile(r"^\s*permissions:", re.MULTILINE)
_NO_ARTIFACTS = [
    re.compile(rf"^[ \t]*{name}:[ \t]*(?:\"\"|'')?[ \t]*(?:#.*)?$", re.MULTILINE)
    for name in ("cache-artifact", "trace-artifacts")
]
_SHA = re.compile(r"[0-9a-f]{40}")
_OLD_DAYS = 8  # a weekly run keeps the cache younger than this
_TAGS = {
    "developer_id": ("who made the call", "set a user in the client, or give each person a key in LiteLLM"),
    "session_id": ("which conversation it belongs to", "let the client send a session id"),
    "repo_slug": ("its repository", "tag calls with repo:owner/name, or give --repo when ingesting"),
    "branch": ("its branch", "tag calls with branch:NAME, for example through LiteLLM's request tags"),
    "pull_request": ("its pull request", "tag calls with pr:NUMBER where a pull request exists already"),
}
_ENOUGH_TAGGED = 0.5


class Finding(NamedTuple):
    """What a check found: ``fine``, ``odd`` or ``wrong``, in words, and what to change."""

    level: str
    text: str
    remedy: str = ""


def check_github(
    client: GithubClient, repository: str, now: datetime, cache_artifact: str, trace_artifact: str
) -> list[Finding]:
    """Check token, repository, permissions to read, and artifacts.

    Without a token or access to the repository, nothing else can be checked, and that is the only finding.
    """
    if not client.has_token:
        return [Finding(WRONG, "there is no token", "set GITHUB_TOKEN, or give --token")]
    try:
        described = mapping(client.get(f"repos/{repository}").json())
    except GithubError as error:
        return [Finding(WRONG, f"the repository cannot be read: {error}", _remedy(error))]
    visibility = "private" if described.get("private") else "public"
    findings = [
        Finding(FINE, f"the repository is {visibility}, its default branch is {described.get('default_branch')}")
    ]
    if visibility == "public":
        advice = "give anonymize-key a secret, so that people become pseudonyms and are not left out"
        findings.append(
            Finding(ODD, "anyone signed in can download this repository's artifacts, the cache too", advice)
        )
    findings += [_check_read(client, repository, path, permission) for path, permission in _READS]
    findings += _check_artifact(client, repository, cache_artifact, now, "the cache")
    findings += _check_artifact(client, repository, trace_artifact, now, "traces")
    return findings


def check_workflows(folder: Path) -> list[Finding]:
    """Check the workflow files of a clone: whether one uses the action, how it is pinned, whether it may comment."""
    files = sorted([*folder.glob("*.yml"), *folder.glob("*.yaml")])
    texts = {file.name: file.read_text(encoding="utf-8", errors="replace") for file in files}
    using = {name: text for name, text in texts.items() if _USES.search(text)}
    if not using:
        remedy = "copy one of examples/workflows, or run this inside a clone"
        return [Finding(ODD, f"no workflow in {folder} uses the action", remedy)]
    return [finding for name, text in using.items() for finding in _check_workflow(name, text)]


def check_traces(connection: sqlite3.Connection, now: datetime) -> list[Finding]:
    """Check how old the stored calls are, and how many of them have each field that the report needs."""
    columns = ", ".join(f"count({column})" for column in _TAGS)
    total, newest, unpriced, undecided, *tagged = connection.execute(
        "SELECT count(*), max(timestamp), count(*) - count(cost_usd), count(*) - ifnull(sum(acceptance_known), 0), "
        f"{columns} FROM sessions"
    ).fetchone()
    if not total:
        return [
            Finding(WRONG, "no call was ever ingested", "give trace-paths, or upload artifacts named prodlens-traces")
        ]
    at = parse_timestamp(newest)
    days = (now - at).days if at else 0
    findings = [
        Finding(ODD, f"the newest call is {days} days old", "check that traces still arrive")
        if days > _OLD_DAYS
        else Finding(FINE, f"{total:,} calls are stored, the newest of {newest[:10]}")
    ]
    for (what, remedy), known in zip(_TAGS.values(), tagged, strict=True):
        level = FINE if known >= _ENOUGH_TAGGED * total else ODD
        findings.append(Finding(level, f"{known / total:.0%} of the calls say {what}", remedy if level == ODD else ""))
    if unpriced:
        findings.append(Finding(ODD, f"{unpriced / total:.0%} of the calls have no cost", "see `prod-lens ledger`"))
    if undecided == total:
        text = "no call says whether its suggestion was accepted"
        findings.append(Finding(ODD, text, "Claude Code's and Codex's OpenTelemetry events do"))
    return findings


def _check_read(client: GithubClient, repository: str, path: str, permission: str) -> Finding:
    try:
        client.get(f"repos/{repository}/{path}", params={"per_page": "1"})
    except EmptyRepositoryError:
        return Finding(ODD, "the repository has no commit yet")
    except GithubError as error:
        return Finding(WRONG, f"{path} cannot be read: {error}", f"grant the token {permission}")
    return Finding(FINE, f"the token may read {path} ({permission})")


def _check_artifact(client: GithubClient, repository: str, name: str, now: datetime, what: str) -> Iterator[Finding]:
    if not name:
        return
    try:
        answer = client.get(f"repos/{repository}/actions/artifacts", params={"name": name, "per_page": "100"})
        listed = mapping(answer.json()).get("artifacts")
    except GithubError:  # said by the check of the permission
        return
    artifacts = [mapping(item) for item in listed] if isinstance(listed, list) else []
    usable = [item for item in artifacts if not item.get("expired")]
    made = max(filter(None, (parse_timestamp(item.get("created_at")) for item in usable)), default=None)
    if made is None:
        expired = f", {len(artifacts)} expired" if artifacts else ""
        yield Finding(ODD, f"there is no artifact {name!r} with {what}{expired}", _no_artifact(what))
    elif (now - made).days > _OLD_DAYS:
        text = f"the newest artifact {name!r} with {what} is {(now - made).days} days old"
        yield Finding(ODD, text, "check that the scheduled workflow is enabled: GitHub disables it after 60 quiet days")
    else:
        yield Finding(FINE, f"{len(usable)} artifacts {name!r} with {what} are there, the newest of {made:%Y-%m-%d}")


def _no_artifact(what: str) -> str:
    if what == "the cache":
        return "the first run on the default branch by push, schedule or workflow_dispatch makes one"
    return "upload trace files under that name, see examples/workflows/traces-from-claude-code.yml"


def _check_workflow(name: str, text: str) -> Iterator[Finding]:
    for match in _USES.finditer(text):
        if _SHA.fullmatch(match["ref"]):
            yield Finding(FINE, f"{name} pins the action by its commit")
        else:
            remedy = "pin it by the full commit hash, with the version in a comment"
            yield Finding(ODD, f"{name} uses the action at {match['ref']}, which can move", remedy)
    if "pull_request" in text and not _WRITES.search(text):
        remedy = "add `pull-requests: write` to the job's permissions, or set comment: off"
        yield Finding(WRONG, f"{name} runs on pull requests and may not comment on them", remedy)
    may_read = _READS_ARTIFACTS.search(text) or not _SETS_PERMISSIONS.search(text)  # unset: GitHub's own default
    if not may_read and not all(pattern.search(text) for pattern in _NO_ARTIFACTS):
        remedy = (
            "add `actions: read` to the job's permissions, or set cache-artifact and trace-artifacts to empty texts"
        )
        yield Finding(WRONG, f"{name} may not read the cache and the trace artifacts of earlier runs", remedy)


def _remedy(error: GithubError) -> str:
    if isinstance(error, AuthenticationError):
        return "make a new token"
    if isinstance(error, NotFoundError | PermissionMissingError):
        return "check the name, and give the token access to this repository"
    return "try again later"
