"""What vendors report beside what the calls add up to, worked out by hand."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from prodlens.cli import main
from prodlens.metrics import ReportGenerator, check_gates, parse_gates
from prodlens.metrics.vendor_usage import TOOLS, vendor_usage
from prodlens.rendering import write_report
from prodlens.schemas import CanonicalTrace, UsageDay
from prodlens.storage import ProdLensStore, put_usage_days

if TYPE_CHECKING:
    from pathlib import Path

FIRST, LAST = date(2026, 11, 1), date(2026, 11, 30)


def day(key: str, number: int = 2, **changes: Any) -> UsageDay:
    """Return a row of Copilot's billing."""
    given: dict[str, Any] = {
        "tool": "copilot",
        "source": "copilot-ai-usage",
        "person": "octocat",
        "gross_usd": 3.0,
        "net_usd": 1.0,
    }
    return UsageDay(key=key, day=date(2026, 11, number), **(given | changes))


def call(key: str, number: int = 2, **changes: Any) -> CanonicalTrace:
    """Return a call that Copilot's own file tells of."""
    given: dict[str, Any] = {
        "session_id": None,
        "developer_id": "octocat",
        "timestamp": datetime(2026, 11, number, 10, tzinfo=UTC),
        "model": "gpt-5.2",
        "tokens_in": 900,
        "tokens_out": 100,
        "latency_ms": 0.0,
        "status_code": 200,
        "accepted_flag": False,
        "source": "copilot",
        "call_id": key,
        "cost_usd": 0.4,
        "cost_source": "recorded",
    }
    return CanonicalTrace(**(given | changes))


def filled(path: Path, days: list[UsageDay], calls: list[CanonicalTrace]) -> ProdLensStore:
    """Return a store with these rows."""
    store = ProdLensStore(path / "cache.db")
    with store.transaction() as conn:
        put_usage_days(conn, days)
        store.insert_sessions(calls)
    return store


def reported(path: Path, days: list[UsageDay], calls: list[CanonicalTrace], tool: str = "copilot") -> dict[str, Any]:
    """Return the figures of a tool."""
    with filled(path, days, calls) as store:
        found = vendor_usage(store.conn, FIRST, LAST)[tool]
    assert found is not None
    return found.as_json()


def test_bill_worth_and_calls_stand_side_by_side(tmp_path: Path) -> None:
    """Sums of the vendor, sums of the calls on the same days, and the differences."""
    days = [day("a", tokens_in=500, tokens_out=50), day("b", 3, person="hubot", gross_usd=2.0, net_usd=2.0)]
    calls = [call("1"), call("2", 3), call("3", 3, cost_usd=None, cost_source=None), call("4", 9)]
    figures = reported(tmp_path, days, calls)
    assert figures.pop("gross_difference_usd") == pytest.approx(4.2)
    assert figures.pop("difference_usd") == pytest.approx(2.2)
    assert figures.pop("calls_cost_usd") == pytest.approx(0.8)
    assert figures == {
        "sources": ["copilot-ai-usage"],
        "first_day": "2026-11-02",
        "last_day": "2026-11-03",
        "days": 2,
        "people": 2,
        "rows": 2,
        "superseded_rows": 0,
        "tokens_in": 500,
        "tokens_out": 50,
        "gross_usd": 5.0,
        "net_usd": 3.0,
        "calls": 3,
        "calls_tokens": 3000,
        "unpriced_calls": 1,
    }


def test_days_outside_the_window_are_left_out(tmp_path: Path) -> None:
    """Rows and calls of other days take no part."""
    outside = UsageDay("b", date(2026, 12, 1), "copilot", "copilot-ai-usage", gross_usd=9.0)
    figures = reported(tmp_path, [day("a"), outside], [call("1")])
    assert (figures["days"], figures["gross_usd"], figures["calls"]) == (1, 3.0, 1)


@pytest.mark.parametrize(
    ("sources", "gross", "superseded"),
    [
        (["copilot-ai-usage", "copilot-premium-requests", "copilot-metrics"], 3.0, 2),
        (["copilot-premium-requests", "copilot-metrics"], 4.0, 1),
        (["copilot-metrics"], 5.0, 0),
    ],
)
def test_one_use_reported_by_several_sources_counts_once(
    sources: list[str], gross: float, superseded: int, tmp_path: Path
) -> None:
    """Of a tool, person and day the billing in credits goes before that in requests, and both before the metrics."""
    worth = {"copilot-ai-usage": 3.0, "copilot-premium-requests": 4.0, "copilot-metrics": 5.0}
    days = [day(source, source=source, gross_usd=worth[source]) for source in sources]
    figures = reported(tmp_path, days, [])
    assert (figures["gross_usd"], figures["superseded_rows"], figures["sources"]) == (gross, superseded, sources[:1])


def test_another_persons_and_another_days_source_counts(tmp_path: Path) -> None:
    """A less detailed source counts for people and days that the other one does not have."""
    days = [
        day("a"),
        day("b", source="copilot-metrics", person="hubot", gross_usd=7.0),
        day("c", 5, source="copilot-premium-requests", gross_usd=0.5),
    ]
    figures = reported(tmp_path, days, [])
    assert (figures["gross_usd"], figures["rows"], figures["superseded_rows"]) == (10.5, 3, 0)


@pytest.mark.parametrize(
    ("tool", "given", "counts"),
    [
        ("copilot", {"source": "gh-aw", "provider": "github"}, True),
        ("copilot", {"source": "claude-code"}, False),
        ("claude-code", {"source": "claude-code-otel"}, True),
        ("claude-code", {"source": "claude-code-action"}, True),
        ("claude-code", {"source": "litellm", "provider": "anthropic"}, False),
        ("openrouter", {"source": "litellm", "provider": "openrouter"}, True),
        ("cursor", {"source": "reference"}, False),
    ],
)
def test_which_calls_are_a_tools(tool: str, given: dict[str, Any], counts: bool, tmp_path: Path) -> None:
    """A call is a tool's by the format that it was read from or by who served the model."""
    figures = reported(tmp_path, [day("a", tool=tool, source="x")], [call("1", **given)], tool)
    assert figures["calls"] == int(counts)


def test_calls_of_people_who_are_not_reported_stay_out(tmp_path: Path) -> None:
    """An export of some people is set beside their calls and those of nobody; without names, beside all calls."""
    calls = [call("1"), call("2", developer_id="hubot"), call("3", developer_id=None)]
    assert reported(tmp_path / "named", [day("a")], calls)["calls"] == 2
    assert reported(tmp_path / "unnamed", [day("a", person=None)], calls)["calls"] == 3


def test_unknown_amounts_make_no_difference_up(tmp_path: Path) -> None:
    """A difference needs a bill and at least one priced call; no calls cost nothing."""
    unpriced = [call("1", cost_usd=None, cost_source=None)]
    first = reported(tmp_path / "a", [day("a", net_usd=None, gross_usd=None)], [call("1")])
    assert (first["net_usd"], first["difference_usd"], first["gross_difference_usd"]) == (None, None, None)
    second = reported(tmp_path / "b", [day("a")], unpriced)
    assert (second["calls_cost_usd"], second["difference_usd"]) == (None, None)
    third = reported(tmp_path / "c", [day("a")], [])
    assert (third["calls_cost_usd"], third["difference_usd"]) == (0.0, 1.0)


def test_absurd_counts_still_add_up(tmp_path: Path) -> None:
    """Token counts that no vendor has do not end the report."""
    figures = reported(tmp_path, [day(str(number), tokens_in=2**62) for number in range(4)], [])
    assert figures["tokens_in"] == 2**63 - 1


# In the report ----------------------------------------------------------------------------------------------------


def generate(store: ProdLensStore, repo: str = "acme/web", **options: Any) -> dict[str, Any]:
    """Report on November 2026."""
    given: dict[str, Any] = {"since": FIRST, "until": date(2026, 12, 1)} | options
    return ReportGenerator(store).generate_report(repo=repo, **given)


def test_vendor_sums_are_in_no_other_figure(tmp_path: Path) -> None:
    """With and without a vendor's days the report is the same but for their own place in the ledger."""
    calls = [call(str(number)) for number in range(3)]
    with filled(tmp_path / "without", [], calls) as store:
        without = generate(store)
    with filled(tmp_path / "with", [day("a"), day("b", 3)], calls) as store:
        report = generate(store)
    place = report["ledger"].pop("reported_by_vendor")
    assert without["ledger"].pop("reported_by_vendor") == dict.fromkeys(TOOLS)
    assert report == without
    assert place["copilot"]["net_usd"] == 2.0
    assert [tool for tool, usage in place.items() if usage] == ["copilot"]


def test_the_report_keeps_its_schema_and_its_gates(tmp_path: Path) -> None:
    """The section is as the schema says, and a condition can look at its figures."""
    schema = json.loads((files("prodlens.metrics") / "report.schema.json").read_text(encoding="utf-8"))
    with filled(tmp_path, [day("a")], [call("1")]) as store:
        report = generate(store)
    jsonschema.validate(report, schema)
    paths = ("copilot.net_usd > 0.5", "cursor.days > 0")
    gates = parse_gates([f"ledger.reported_by_vendor.{path}" for path in paths])
    assert [result.failed for result in check_gates(gates, report)] == [True, False]


def test_rows_of_another_repository_stay_out(tmp_path: Path) -> None:
    """A report covers rows that name its repository, in whatever case, and rows that name none."""
    days = [day("a"), day("b", repo_slug="Acme/Web"), day("c", repo_slug="acme/api", gross_usd=50.0)]
    with filled(tmp_path, days, []) as store:
        for repo in ("acme/web", "ACME/web"):
            assert generate(store, repo)["ledger"]["reported_by_vendor"]["copilot"]["gross_usd"] == 6.0


def test_the_window_reaches_the_last_reported_day(tmp_path: Path) -> None:
    """Without an end the window covers what vendors report, but no day that cannot be."""
    days = [day("a", 20), UsageDay("b", date(2999, 1, 1), "cursor", "cursor-usage", gross_usd=9.0)]
    with filled(tmp_path, days, [call("1")]) as store:
        report = generate(store, until=None, report_time=datetime(2026, 11, 25, tzinfo=UTC))
    assert report["metadata"]["window"]["end"] == "2026-11-21T00:00:00+00:00"
    assert report["ledger"]["reported_by_vendor"]["cursor"] is None


@pytest.mark.parametrize(
    ("suffix", "said"),
    [
        (".md", "| GitHub Copilot | 2026-11-02 to 2026-11-02 | &#36;3.00 | &#36;1.00 | &#36;0.40 | &#36;0.60 |"),
        (".html", 'scope="row">GitHub Copilot<'),
        (".csv", "acme/web,ledger.reported_by_vendor.copilot.net_usd,1.0"),
        (".json", '"reported_by_vendor"'),
    ],
)
def test_every_form_shows_it(suffix: str, said: str, tmp_path: Path) -> None:
    """Markdown, page, CSV and JSON say what was reported; a report without vendors has no such section."""
    with filled(tmp_path / "with", [day("a")], [call("1")]) as store:
        write_report([generate(store)], tmp_path / f"report{suffix}")
    assert said in (tmp_path / f"report{suffix}").read_text(encoding="utf-8")
    with filled(tmp_path / "without", [], [call("1")]) as store:
        write_report([generate(store)], tmp_path / f"plain{suffix}")
    assert "Reported by the vendor" not in (tmp_path / f"plain{suffix}").read_text(encoding="utf-8")


def test_the_command_prints_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The ledger command sets the vendors' sums under the calls."""
    filled(tmp_path, [day("a")], [call("1")]).close()
    assert main(["ledger", "--db", str(tmp_path / "cache.db"), "--since", "2026-11-01", "--until", "2026-12-01"]) == 0
    out = capsys.readouterr().out
    (line,) = [line for line in out.splitlines() if line.startswith("copilot ") and "2026-11-02" in line]
    assert line.split()[-4:] == ["3.00", "1.00", "0.40", "0.60"]
