"""The page in Chromium: every chart is drawn, nothing is complained about, nothing is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from prodlens.rendering import write_report
from tests.rendering.chromium import chromium_page, find_chromium
from tests.rendering.test_escaping import HOSTILE
from tests.rendering.test_rendering import with_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.rendering.chromium import Page

    Reports = Mapping[str, list[dict[str, Any]]]

AXE = Path(__file__).parent.parent / "node/node_modules/axe-core/axe.min.js"
# Opened first, so that what is folded is looked at too.
RUN_AXE = """
document.querySelectorAll("details").forEach((one) => { one.open = true; });
axe.run(document, { resultTypes: ["violations"] })
  .then((found) => found.violations.map((rule) => [rule.id, rule.nodes.map((node) => node.html)]))
"""

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """Return a tab of a headless Chromium."""
    program = find_chromium()
    if program is None:
        pytest.skip("no Chromium: install the package chromium, or name the program in CHROMIUM")
    with chromium_page(program, tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [390, 1200])
def test_every_chart_is_drawn(width: int, dark: bool, page: Page, reports: Reports, tmp_path: Path) -> None:
    """On a phone and a desk, light and dark: an SVG with marks for every chart, no overflow, no complaint."""
    write_report(reports["rich"], tmp_path / "report.html")
    page.open((tmp_path / "report.html").as_uri(), width=width, dark=dark)
    charts = page.evaluate("document.querySelectorAll('[data-chart]').length")
    assert page.evaluate("window.chartsReady") == charts >= 4
    assert page.evaluate("document.querySelectorAll('.plot svg.marks path, .plot svg.marks line').length") > charts
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    sizes = page.evaluate("[...document.querySelectorAll('.plot svg')].map(s => s.getBoundingClientRect().width)")
    assert all(width / 5 < size <= width for size in sizes)
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(int(part) for part in background[4:-1].split(",")) < 300) == dark
    assert page.complaints == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing(width: int, dark: bool, page: Page, reports: Reports, tmp_path: Path) -> None:
    """No rule of axe is broken, best practices included: on a phone and a desk, light and dark, full and empty."""
    if not AXE.exists():
        pytest.skip("no axe-core: npm ci in tests/node")
    for situation in ("rich", "empty", "several-repositories"):
        write_report(reports[situation], tmp_path / "report.html")
        page.open((tmp_path / "report.html").as_uri(), width=width, dark=dark)
        page.evaluate("window.chartsReady")
        page.call("Runtime.evaluate", expression=AXE.read_text(encoding="utf-8"))
        assert page.evaluate("typeof axe.run") == "function"
        assert page.evaluate(RUN_AXE) == [], situation


def test_a_table_with_many_columns_is_cards_on_a_phone(page: Page, reports: Reports, tmp_path: Path) -> None:
    """On a phone each row of a wide table is a card with a label before each cell; on a desk it is a table's row."""
    write_report(reports["rich"], tmp_path / "report.html")
    row = "document.querySelector('#changes-1 tbody tr')"
    asked = (
        f"getComputedStyle({row}).display",
        f"getComputedStyle({row}.querySelector('td'), '::before').content",
        "[...document.querySelectorAll('.scroll:has(.stacks)')].some(s => s.scrollWidth > s.clientWidth)",
        "getComputedStyle(document.querySelector('#association-1 tbody th'), '::before').content",
    )
    found = {}
    for width in (390, 1280):
        page.open((tmp_path / "report.html").as_uri(), width=width)
        found[width] = tuple(page.evaluate(expression) for expression in asked)
    assert found == {
        390: ("block", '"This period"', False, '"Lag in days "'),
        1280: ("table-row", "none", False, "none"),
    }


def test_hostile_text_runs_nothing(page: Page, reports: Reports, tmp_path: Path) -> None:
    """Names made of markup are shown as text: no script of theirs runs, no request leaves, the charts are drawn."""
    hostile = [with_text(reports["rich"][0], text) for text in HOSTILE if text and "\ud800" not in text]
    hostile.append(
        with_text(reports["rich"][0], "</script><script>window.owned = 1</script><img src=x onerror=owned=1>")
    )
    write_report(hostile, tmp_path / "report.html")
    page.open((tmp_path / "report.html").as_uri(), width=1200)
    charts = page.evaluate("document.querySelectorAll('[data-chart]').length")
    assert page.evaluate("window.chartsReady") == charts
    assert page.evaluate("typeof window.owned") == "undefined"
    assert page.complaints == []


def test_a_report_without_data_draws_nothing(page: Page, reports: Reports, tmp_path: Path) -> None:
    """An empty report is a page of words, without a complaint."""
    write_report(reports["empty"], tmp_path / "report.html")
    page.open((tmp_path / "report.html").as_uri(), width=390)
    assert page.evaluate("window.chartsReady") == 0
    assert page.complaints == []
