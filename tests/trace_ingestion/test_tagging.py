"""What docs/tagging.md tells users to set, put into the real samples as each tool would write it, joins calls."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.trace_project import DATA, TraceProject, lines

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = (Path(__file__).parent.parent.parent / "docs/tagging.md").read_text(encoding="utf-8")
JOINED = ("acme/web", "feature/x", 17)


def attributes() -> dict[str, str]:
    """Return the resource attributes that the page's variable sets."""
    (value,) = re.findall(r'OTEL_RESOURCE_ATTRIBUTES="([^"]*)"', PAGE)
    return dict(pair.split("=", 1) for pair in str(value).split(","))


def header_tags() -> list[str]:
    """Return the tags of the page's LiteLLM header."""
    (value,) = re.findall(r"^    x-litellm-tags: (.*)$", PAGE, re.MULTILINE)
    return str(value).split(",")


def metadata_tags() -> list[str]:
    """Return the tags of the page's call of the SDK."""
    (value,) = re.findall(r'metadata=\{"tags": (\[.*?\])\}', PAGE)
    found: list[str] = json.loads(value)
    return found


def resource_of_otlp(record: dict[str, Any]) -> None:
    """Set the attributes as an OTLP exporter does, instead of what the sample says of its repository."""
    replaced = {"repo", "repo.slug", *attributes()}
    for kind in ("resourceSpans", "resourceLogs"):
        for part in record.get(kind, ()):
            listed = [pair for pair in part["resource"]["attributes"] if pair["key"] not in replaced]
            given = [{"key": key, "value": {"stringValue": value}} for key, value in attributes().items()]
            part["resource"]["attributes"] = [*listed, *given]
            # What a span or event says of itself goes first, and Claude Code repeats its resource on each event.
            for scope in (*part.get("scopeLogs", ()), *part.get("scopeSpans", ())):
                for entry in (*scope.get("logRecords", ()), *scope.get("spans", ())):
                    own = entry.get("attributes", ())
                    entry["attributes"] = [pair for pair in own if pair["key"] not in replaced]


def resource_of_javascript(record: dict[str, Any]) -> None:
    """Set the attributes as the JavaScript SDK writes a resource into a file."""
    resource = record.get("resource")
    if isinstance(resource, dict):
        if "_rawAttributes" in resource:
            resource["_rawAttributes"] += [[key, value] for key, value in attributes().items()]
        else:
            resource.setdefault("attributes", {}).update(attributes())


def tags_of_proxy(record: dict[str, Any]) -> None:
    """Set the tags of the header as the proxy logs them."""
    record["request_tags"] = header_tags()


def tags_of_call(record: dict[str, Any]) -> None:
    """Set the tags of the call's metadata as the payload has them."""
    record["request_tags"] = metadata_tags()


@pytest.mark.parametrize(
    ("sample", "tag"),
    [
        ("litellm_proxy_joined.jsonl", tags_of_proxy),
        ("litellm_spend_logs.jsonl", tags_of_proxy),
        ("litellm_standard_logging.jsonl", tags_of_call),
        ("claude_code_otel_logs.otlp.jsonl", resource_of_otlp),
        ("gemini_logs.otlp.jsonl", resource_of_otlp),
        ("gemini_telemetry.jsonl", resource_of_javascript),
        ("copilot_cli_otel.jsonl", resource_of_javascript),
        ("copilot_vscode_otel.jsonl", resource_of_javascript),
        ("genai_otlp.jsonl", resource_of_otlp),
        ("langfuse_spans.otlp.jsonl", resource_of_otlp),
    ],
)
def test_what_the_page_says_to_set_names_the_pull_request(
    sample: str, tag: Callable[[dict[str, Any]], None], tmp_path: Path
) -> None:
    """Every call of the sample has repository, branch and number of the tags, and there are as many as without them."""
    records = [json.loads(line) for line in (DATA / sample).read_text(encoding="utf-8").splitlines()]
    with TraceProject(tmp_path / "plain") as plain:
        plain.ingest(lines(*records), sample)
        calls = len(plain.rows())
    for record in records:
        tag(record)
    with TraceProject(tmp_path / "tagged") as tagged:
        tagged.ingest(lines(*records), sample)
        found = [(row["repo_slug"], row["branch"], row["pull_request"]) for row in tagged.rows()]
    assert calls >= 1
    assert found == [JOINED] * calls


@pytest.mark.parametrize(
    ("sample", "repo", "branch"),
    [
        ("claude_code_7fabc0bc.jsonl", None, "feature/x"),
        ("claude_code_execution_867e.json", None, None),
        ("claude_code_otel_logs.otlp.jsonl", "acme/api", None),
        ("codex_rollout.jsonl", "acme/api", "feature/x"),
        ("codex_exec.jsonl", None, None),
        ("codex_otel_logs.otlp.jsonl", None, None),
        ("gemini_chat.json", None, None),
        ("gemini_logs.otlp.jsonl", None, None),
        ("copilot_cli_otel.jsonl", None, None),
        ("genai_otlp.jsonl", "acme/api", None),
        ("amp_thread.json", "acme/web", "feature"),
        ("opencode_export.json", None, None),
        ("cline_ui_messages.json", None, None),
        ("gh_aw_token_usage.jsonl", None, None),
    ],
)
def test_what_a_tool_says_without_a_tag(sample: str, repo: str | None, branch: str | None, tmp_path: Path) -> None:
    """The page's "without" is what the real sample has: repository and branch, or nothing, and never a number."""
    with TraceProject(tmp_path / "project") as project:
        project.ingest((DATA / sample).read_bytes(), sample)
        found = {(row["repo_slug"], row["branch"], row["pull_request"]) for row in project.rows()}
    assert found == {(repo, branch, None)}


def test_a_rollout_names_the_commit() -> None:
    """What the page says of Codex: its rollouts have the commit of the clone."""
    assert '"commit_hash":' in (DATA / "codex_rollout.jsonl").read_text(encoding="utf-8").replace(" ", "")
