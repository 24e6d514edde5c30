"""One report in every form: complete, within its size, safe, and asking for nothing."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given

from prodlens.errors import ConfigurationError, StorageError
from prodlens.metrics.gates import check_gates, parse_gates
from prodlens.rendering import render_csv, render_html, render_markdown, render_terminal, write_report
from prodlens.rendering.document import Figure, figure_table
from prodlens.rendering.markdown import COMMENT_LIMIT_BYTES, fitted
from tests.examples import examples
from tests.rendering.test_escaping import HOSTILE, texts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    Reports = Mapping[str, list[dict[str, Any]]]

PAGE_LIMIT_BYTES = 2_000_000
VOID = {"meta", "br", "hr", "img", "input", "link"}


class Elements(HTMLParser):
    """Collects every element with its attributes, and insists that all of them are closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element that begins."""
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Insist that the element that ends is the one that began last."""
        assert self._open.pop() == tag

    @property
    def tags(self) -> list[str]:
        """The names of all elements in order."""
        return [tag for tag, _ in self.found]


def with_text(report: dict[str, Any], text: str) -> dict[str, Any]:
    """Return the report with a text wherever a report holds somebody's words."""
    copy: dict[str, Any] = json.loads(json.dumps(report))
    copy["metadata"] |= {"repo": text, "policy_models": [text]}
    for row in copy["cost_by_model"]:
        row["model"] = text
    for row in copy.get("effect_sizes", {}).get("models", []):
        row["model"] = text
    copy["data_quality"]["sync"] = {
        "partial": True,
        "last_synced_at": "2026-06-29T05:00:00+00:00",
        "streams": [{"stream": text, "rows": 1, "since": None, "synced_at": None, "partial": True, "stopped": text}],
    }
    return copy


def test_a_page_is_well_formed_and_asks_for_nothing(reports: Reports) -> None:
    """The page is parseable, has no reference to anything outside, and its policy names every script by its hash."""
    page = render_html(reports["rich"])
    elements = Elements(page)
    assert len(page.encode()) <= PAGE_LIMIT_BYTES
    references = {"src", "href", "srcset", "data", "action", "style", "onload", "onerror", "onclick"}
    assert [attributes for _, attributes in elements.found if references & set(attributes)] == []
    assert not {"link", "img", "iframe", "object", "embed", "base", "form"} & set(elements.tags)
    policy = next(a["content"] for tag, a in elements.found if tag == "meta" and "http-equiv" in a)
    assert policy is not None
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'")
    executed = [tag for tag, attributes in elements.found if tag == "script" and "type" not in attributes]
    assert len(executed) == policy.split("style-src")[0].count("'sha256-")


@pytest.mark.parametrize("situation", ["empty", "two-weeks", "partial-sync", "several-repositories"])
def test_every_situation_is_a_page(situation: str, reports: Reports) -> None:
    """Whatever is missing, the page is well-formed and within its size."""
    page = render_html(reports[situation])
    assert Elements(page).tags.count("h1") == len(reports[situation])
    assert len(page.encode()) <= PAGE_LIMIT_BYTES


@examples(25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=texts)
def test_hostile_text_opens_nothing_in_a_page(text: str, reports: Reports) -> None:
    """Whatever stands in names, models and reasons, the page has the same elements as with a harmless word."""
    rich = reports["rich"][0]
    harmless, hostile = (render_html(with_text(rich, word)) for word in ("word", text or "x"))
    assert Elements(hostile).tags == Elements(harmless).tags


@examples(40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=texts)
def test_hostile_text_breaks_no_markdown(text: str, reports: Reports) -> None:
    """With hostile text every line is of the kind, and every table row as wide, as with a harmless word."""
    rich = reports["rich"][0]
    shapes = []
    for word in ("word", text or "x"):
        markdown = render_markdown(with_text(rich, word))
        outside = re.sub(r"```mermaid.*?```", "", markdown, flags=re.DOTALL)
        shapes.append([(line[:2], line.count("|")) for line in outside.splitlines()])
        inert = re.sub(r"`[^`\n]*`|<code>.*?</code>", "", outside)
        assert "@" not in inert
        assert not re.findall(r"<(?!/?(?:details|summary|strong)>)", inert)
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_controls_no_terminal(text: str, reports: Reports) -> None:
    """The terminal text holds no control character but line ends, and no command of a runner."""
    shown = render_terminal(with_text(reports["rich"][0], text), details=True)
    assert all(line.isprintable() for line in shown.splitlines())
    assert "::" not in shown
    assert "##[" not in shown


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_no_formula_in_csv(text: str, reports: Reports) -> None:
    """No cell of text begins as a formula does, and every row has three cells."""
    rows = list(csv.reader(io.StringIO(render_csv(with_text(reports["rich"][0], text)), newline="")))
    assert {len(row) for row in rows} == {3}
    for row in rows[1:]:
        for cell in row:
            assert not cell.startswith(("=", "+", "@", "\t", "\r")) or re.fullmatch(r"[+-]?[\d.e+-]+", cell)


def test_csv_paths_are_those_of_gates(reports: Reports) -> None:
    """A path of the CSV names the same figure in ``fail-if``."""
    report = reports["rich"][0]
    rows = {path: value for _, path, value in csv.reader(io.StringIO(render_csv(report)))}
    assert float(rows["cost_metrics.total_session_cost_usd"]) == report["cost_metrics"]["total_session_cost_usd"]
    results = check_gates(parse_gates(["cost_metrics.total_session_cost_usd > 0"]), report)
    assert [result.value for result in results] == [report["cost_metrics"]["total_session_cost_usd"]]
    assert rows["model_selection_accuracy"] == ""


def test_every_form_says_simulated(reports: Reports) -> None:
    """No form of a simulated report can be taken for a real one."""
    rich = reports["rich"]
    for text in (
        render_markdown(rich),
        render_markdown(rich, kind="comment"),
        render_html(rich),
        render_terminal(rich),
    ):
        assert "Simulated data" in text
    assert "metadata.simulated,true" in render_csv(rich)
    assert "Simulated" not in render_markdown(reports["empty"])


def test_the_window_is_named_by_its_own_days(reports: Reports) -> None:
    """First and last day are those of the report's time zone, the last one included."""
    report = with_text(reports["rich"][0], "octocat/berlin")
    report["metadata"]["timezone"] = "Europe/Berlin"
    report["metadata"]["window"] |= {"start": "2026-05-31T22:00:00+00:00", "end": "2026-06-28T22:00:00+00:00"}
    assert "2026-06-01 to 2026-06-28 (28 days, Europe/Berlin time)" in render_terminal(report)


def test_a_long_comment_is_cut_between_sections(reports: Reports) -> None:
    """A comment that would be too long ends with a whole section and a notice, within the limit in bytes."""
    many = [with_text(reports["rich"][0], f"näme-{number}") for number in range(40)]
    comment = render_markdown(many, kind="comment")
    assert len(comment.encode()) <= COMMENT_LIMIT_BYTES
    assert comment.count("<details>") == comment.count("</details>")
    assert comment.count("```") % 2 == 0
    assert "**Cut here:**" in comment.splitlines()[-1]


@pytest.mark.parametrize("limit", [130, 160, 400, 10_000])
def test_fitting_keeps_whole_parts(limit: int) -> None:
    """What fits is a prefix of the parts, measured in bytes with the notice."""
    parts = [f"part {number} " + "é" * 20 for number in range(10)]
    text = fitted(parts, limit)
    assert len(text.encode()) <= limit
    kept = [part for part in parts if part in text]
    assert kept == parts[: len(kept)]
    assert ("Cut here" in text) == (len(kept) < 10)


def test_an_unknown_kind_is_refused(reports: Reports) -> None:
    """Only a summary and a comment are kinds of Markdown."""
    with pytest.raises(ValueError, match="kind"):
        render_markdown(reports["empty"], kind="tweet")  # type: ignore[arg-type]


@pytest.mark.parametrize("suffix", ["json", "md", "html", "csv", "HTML"])
def test_the_suffix_decides_the_format(suffix: str, reports: Reports, tmp_path: Path) -> None:
    """A report is written whole, in folders that are made, and nothing else is left beside it."""
    path = tmp_path / "deep" / f"report.{suffix}"
    write_report(reports["two-weeks"], path)
    write_report(reports["rich"][0], path)
    assert [found.name for found in path.parent.iterdir()] == [path.name]
    text = path.read_text(encoding="utf-8")
    assert "simulated/team" in text
    if suffix == "json":
        assert json.loads(text) == reports["rich"][0]


def test_an_unknown_suffix_names_the_known_ones(reports: Reports, tmp_path: Path) -> None:
    """A path without a format is the user's to mend."""
    with pytest.raises(ConfigurationError, match=r"\.html"):
        write_report(reports["rich"], tmp_path / "report.pdf")


def test_a_report_that_cannot_be_written_leaves_nothing(reports: Reports, tmp_path: Path) -> None:
    """A folder in the way is an error of ours, and no temporary file stays."""
    (tmp_path / "report.md").mkdir()
    with pytest.raises(StorageError, match="cannot write"):
        write_report(reports["empty"], tmp_path / "report.md")
    assert [found.name for found in tmp_path.iterdir()] == ["report.md"]


def test_rendering_loads_no_heavy_library(reports: Reports, tmp_path: Path) -> None:
    """Rendering reads plain data: neither pandas, scipy, numpy nor pyarrow is loaded."""
    write_report(reports["rich"][0], tmp_path / "report.json")
    code = (
        "import json, pathlib, sys\n"
        "from prodlens.rendering import *\n"
        f"report = json.loads(pathlib.Path({str(tmp_path / 'report.json')!r}).read_text())\n"
        "render_html(report), render_markdown(report), render_terminal(report), render_csv(report)\n"
        "print(sorted({'pandas', 'pyarrow', 'scipy', 'numpy', 'requests'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_is_computed_is_shown(reports: Reports) -> None:
    """The verdict on the target, the last week, the log-rank test and the effect sizes stand in the text."""
    rich = json.loads(json.dumps(reports["rich"][0]))
    rich["acceptance_target"] = {"target": 0.8, "verdict": "below", "p_value": 0.02, "reason": None}
    text = render_markdown(rich)
    assert (
        "Acceptance: The whole interval lies below the target of 80%. Binomial test of 1,078 decisions: p = 0.020."
        in text
    )
    assert "In the week from 2026-06-22 against the one before: model calls 416 after 303 (95% CI of" in text
    assert "Log-rank test, with those still open: p = 0.793." in text
    assert "(Cliff's delta) | +0.04 | \N{MINUS SIGN}0.03 to +0.12 |" in text


def test_long_tables_are_for_the_page(reports: Reports) -> None:
    """Markdown leaves out the tables of lags and of every test and says so; the page has them."""
    rich = reports["rich"]
    assert "Pairs of days" not in render_markdown(rich)
    assert "Its table of 144 rows is in the HTML report" in render_markdown(rich)
    assert render_html(rich).count("Pairs of days</th>") == 2


def test_an_empty_column_is_hidden(reports: Reports) -> None:
    """Where no figure has a change, there is no column for it; where one has, there is."""
    assert "| Change |" not in render_markdown(reports["two-weeks"]).split("###")[3]
    assert "| From | Change |" in render_markdown(reports["rich"])
    assert figure_table([Figure("a", "1"), Figure("b", "2", basis="of 3")]).header == ("Figure", "Value", "From")
