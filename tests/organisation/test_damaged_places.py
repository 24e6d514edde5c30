"""One file that cannot be read is left out and named; every other figure stays."""

from __future__ import annotations

import os
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from prodlens.errors import StorageError
from prodlens.lake import PUBLISHED_TABLES, Place, as_file, compact, file_checks, table_files
from prodlens.organisation import answer
from prodlens.rendering import render_csv, render_html, render_markdown
from tests.organisation.published import as_table, call, publish, pull, repository
from tests.organisation.test_report import FIVE, report_on

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAMES = ("acme/api", "acme/pay", "acme/web")
LATER = datetime(2036, 6, 1, tzinfo=UTC)
CALLS = "v1/calls/month=2026-05/acme.{}.parquet"


def three(place: Path) -> Path:
    """Publish three repositories whose calls of May cost 5, 50 and 500 dollars, and six merged pull requests each."""
    calls = [call("5-02", who, 10**n, repository=name) for n, name in enumerate(NAMES) for who in FIVE]
    pulls = [pull(n, "5-05", who, 1, repository=name) for name in NAMES for n, who in enumerate((*FIVE, "flo"))]
    rows = [repository(name, team="core") for name in NAMES]
    return publish(place, calls=calls, pull_requests=pulls, repositories=rows)


def rewritten(data: bytes, change: Callable[[pa.Table], pa.Table]) -> bytes:
    """Return a file of Parquet with other rows or columns."""
    with closing(pa.BufferReader(data)) as source, closing(pa.BufferOutputStream()) as sink:
        pq.write_table(change(pq.read_table(source)), sink)
        return sink.getvalue().to_pybytes()


def with_text(data: bytes) -> bytes:
    """Make the costs texts that are not numbers."""
    return rewritten(data, lambda rows: rows.set_column(25, "cost_usd", pa.array(["much"] * rows.num_rows)))


def with_damaged_pages(data: bytes) -> bytes:
    """Damage what stands between the head and the footer, which itself stays as it is."""
    footer = int.from_bytes(data[-8:-4], "little") + 8
    return data[:4] + b"\xff" * (len(data) - footer - 4) + data[-footer:]


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "text": lambda _: b"time,cost\n2026-05-01,3\n",
    "garbage between the marks": lambda _: b"PAR1" + b"\xff" * 100 + b"\x10\x00\x00\x00PAR1",
    "cut off": lambda data: data[: len(data) // 2],
    "damaged pages": with_damaged_pages,
    "of another program": lambda data: rewritten(data, lambda _: pa.table({"price": [1, 2]})),
    "of another type": with_text,
}


def costs(place: str) -> tuple[dict[str | None, int | None], list[str]]:
    """Return what each repository's calls cost by a query, and what it was told of files that were left out."""
    said: list[str] = []
    rows = answer("SELECT repository, sum(cost_usd)::INT FROM calls GROUP BY ALL", place, said.append)[1]
    return dict(rows), said


@pytest.mark.parametrize(
    ("damage", "name", "address"),
    [
        *((damage, "api", "{}") for damage in DAMAGE),
        *((damage, "web", "{}") for damage in ("cut off", "of another type")),
        *((damage, "web", "file://{}") for damage in DAMAGE if damage != "of another program"),
    ],
)
def test_a_damaged_file_is_left_out_and_named(tmp_path: Path, damage: str, name: str, address: str) -> None:
    """Whichever file is damaged, in whatever way, every reader has the other files and names the damaged one."""
    place = three(tmp_path)
    file = place / CALLS.format(name)
    file.write_bytes(DAMAGE[damage](file.read_bytes()))
    found, said = costs(address.format(place))
    told = {"acme/api": 5, "acme/pay": 50, "acme/web": 500}
    assert found == {repository: usd for repository, usd in told.items() if repository != f"acme/{name}"}
    (one,) = said
    assert one.startswith(f"acme/{name}: its calls of 2026-05 are left out: it ")
    assert one.endswith(f" ({CALLS.format(name)}); publish the repository again with prod-lens publish --again")


def test_a_file_of_another_program_in_a_bucket_has_no_values(tmp_path: Path) -> None:
    """What is read through a file system has null where a column is missing: rows of no repository and no day."""
    place = three(tmp_path)
    file = place / CALLS.format("web")
    file.write_bytes(DAMAGE["of another program"](file.read_bytes()))
    assert costs(f"file://{place}") == ({"acme/api": 5, "acme/pay": 50, None: None}, [])


def test_every_other_figure_of_a_report_stays(tmp_path: Path) -> None:
    """Costs are those of the two whole files, pull requests those of all three, and the damage is listed first."""
    place = three(tmp_path)
    whole = report_on(place)
    file = place / CALLS.format("web")
    file.write_bytes(with_damaged_pages(file.read_bytes()))
    found = report_on(place)
    assert (whole["cost"]["cost_usd"], found["cost"]["cost_usd"]) == (555.0, 55.0)
    assert found["pull_requests"] == whole["pull_requests"]
    assert found["repositories"]["count"] == 3
    (one,) = found["repositories"]["attention"]
    assert (one["repository"], one["problem"]) == ("acme/web", "damaged")


def test_every_format_names_the_damaged_file(tmp_path: Path) -> None:
    """Markdown, HTML and CSV say which repository has a damaged file, before any figure."""
    place = three(tmp_path)
    (place / CALLS.format("pay")).write_bytes(b"")
    report = report_on(place)
    page = render_markdown(report)
    assert "1 of 3 repositories are stale, partial, damaged or without traces" in page
    assert page.index("its calls of 2026-05 are left out: it is empty") < page.index("Cost of the calls")
    assert "its calls of 2026-05 are left out: it is empty" in render_html(report)
    assert ",repositories.attention.0.problem,damaged\n" in render_csv(report)


def test_many_damaged_files_of_all_tables(tmp_path: Path) -> None:
    """All that is left is one repository's calls: they are reported, and every damaged file is listed."""
    place = three(tmp_path)
    for file in [*place.rglob("acme.api.parquet"), *place.rglob("acme.pay.parquet")]:
        file.write_bytes(b"nothing")
    found = report_on(place, teams={"money": ("acme/pay",)})
    assert found["cost"]["cost_usd"] == 500.0
    listed = [(one["repository"], one["detail"].partition(":")[0]) for one in found["repositories"]["attention"]]
    assert listed == [
        ("acme/api", "its calls of 2026-05 are left out"),
        ("acme/pay", "its calls of 2026-05 are left out"),
        ("acme/api", "its pull_requests of 2026-04 are left out"),
        ("acme/pay", "its pull_requests of 2026-04 are left out"),
        ("acme/api", "its team and how far it was read are not known"),
        ("acme/pay", "its team and how far it was read are not known"),
    ]
    assert found["repositories"] | {"attention": []} == {"count": 3, "with_traces": 1, "teams": 2, "attention": []}


def test_a_repository_whose_own_row_is_damaged_keeps_its_calls(tmp_path: Path) -> None:
    """Its calls and its pull requests count, and it has the team that the patterns give it."""
    place = three(tmp_path)
    (place / "v1/repositories/acme.web.parquet").write_bytes(b"PAR1")
    found = report_on(place, teams={"shop": ("acme/w*",)})
    assert found["cost"]["cost_usd"] == 555.0
    assert [(row["name"], row["cost_usd"]) for row in found["cost"]["by_team"]["rows"]] == [
        ("shop", 500.0),
        ("core", 55.0),
    ]
    (one,) = found["repositories"]["attention"]
    assert one["detail"].startswith("its team and how far it was read are not known: it ")
    assert one["detail"].endswith("; its next run that publishes mends it")


def test_a_place_of_nothing_but_damage_has_an_empty_report(tmp_path: Path) -> None:
    """Where no file is usable, there is no figure, and each file is listed."""
    place = three(tmp_path)
    for file in place.rglob("*.parquet"):
        file.write_bytes(with_text(file.read_bytes()) if "calls" in file.parts else b"PAR1")
    found = report_on(place)
    assert found["cost"]["cost_usd"] is None
    assert len(found["repositories"]["attention"]) == 9


@pytest.mark.parametrize("name", ["api", "web"])
def test_a_newer_file_with_more_columns_is_read(tmp_path: Path, name: str) -> None:
    """Columns are only ever added: those that this version does not know are passed over, in reports and queries."""
    place = three(tmp_path)
    file = place / CALLS.format(name)
    more = {"prodlens.schema_version": "1.7", "prodlens.table": "calls"}
    file.write_bytes(
        rewritten(
            file.read_bytes(),
            lambda rows: rows.append_column("mood", pa.array(["good"] * 5)).replace_schema_metadata(more),
        )
    )
    found = report_on(place)
    assert (found["cost"]["cost_usd"], found["repositories"]["attention"]) == (555.0, [])
    said: list[str] = []
    columns, rows = answer("SELECT * FROM calls", str(place), said.append)
    assert ("mood" in columns, len(rows), said) == (False, 15, [])


def test_a_newer_file_without_a_column_asks_for_an_upgrade(tmp_path: Path) -> None:
    """For a file of a newer version the advice is to upgrade, and not to publish it again."""
    place = three(tmp_path)
    file = place / CALLS.format("pay")
    newer = {"prodlens.schema_version": "2.0"}
    file.write_bytes(rewritten(file.read_bytes(), lambda rows: rows.drop(["cost_usd"]).replace_schema_metadata(newer)))
    (one,) = report_on(place)["repositories"]["attention"]
    assert "it is of a newer version of the tables: it has no column cost_usd" in one["detail"]
    assert one["detail"].endswith("; upgrade ProdLens")


def test_a_column_of_another_type_with_the_same_values_is_read(tmp_path: Path) -> None:
    """Costs as texts that are numbers are read as the amounts that they are, also beside a file that is left out."""
    place = three(tmp_path)
    file = place / CALLS.format("pay")
    file.write_bytes(
        rewritten(file.read_bytes(), lambda rows: rows.set_column(25, "cost_usd", pa.array(["10.0000000000"] * 5)))
    )
    assert report_on(place)["cost"]["cost_usd"] == 555.0
    (place / CALLS.format("api")).write_bytes(b"")
    found = report_on(place)
    assert (found["cost"]["cost_usd"], len(found["repositories"]["attention"])) == (550.0, 1)


def test_a_stray_file_is_not_read(tmp_path: Path) -> None:
    """A copy of a repository's file is not counted twice: a file whose name is of no repository is reported."""
    place = three(tmp_path)
    folder = (place / CALLS.format("web")).parent
    (folder / "acme.web (1).parquet").write_bytes((place / CALLS.format("web")).read_bytes())
    (folder / "notes.parquet").write_text("remember the milk")
    (folder / "README.txt").write_text("of no interest")
    found = report_on(place)
    assert found["cost"]["cost_usd"] == 555.0
    assert found["repositories"]["attention"] == [
        {
            "repository": "",
            "problem": "stray",
            "detail": f"v1/calls/month=2026-05/{name} was not read, since its name is not that of a repository's file; "
            "remove it",
        }
        for name in ("acme.web (1).parquet", "notes.parquet")
    ]
    assert "stale, partial, damaged" not in render_markdown(found)


@pytest.mark.parametrize("damage", ["cut off", "gone"])
def test_a_damaged_compacted_file_changes_no_figure(tmp_path: Path, damage: str) -> None:
    """The month is read from the repositories' own files, and compacting again mends it."""
    place = three(tmp_path)
    for file in place.rglob("*.parquet"):
        os.utime(file, (1.7e9, 1.7e9))  # nobody is writing them
    compact(Place(place), LATER)
    whole = report_on(place)
    (file,) = place.glob("compacted/v1/calls/month=2026-05/*.parquet")
    if damage == "gone":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:500])
    found = report_on(place)
    (one,) = found["repositories"]["attention"]
    assert (one["repository"], one["problem"]) == ("", "damaged")
    assert one["detail"].startswith("calls of 2026-05 are read from the files of the repositories: it ")
    assert one["detail"].endswith("; remove it, and run prod-lens compact")
    assert found | {"repositories": whole["repositories"]} == whole
    compact(Place(place), LATER)
    assert report_on(place) == whole


def test_a_file_that_goes_while_the_report_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that was listed and is gone is not missed: its month has left the place."""
    place, listed = three(tmp_path), table_files.table_files

    def listed_and_removed(*arguments: Any, **options: Any) -> Any:
        found = listed(*arguments, **options)
        (place / CALLS.format("web")).unlink(missing_ok=True)
        return found

    monkeypatch.setattr("prodlens.lake.reading.table_files", listed_and_removed)
    found = report_on(place)
    assert (found["cost"]["cost_usd"], found["repositories"]["attention"]) == (55.0, [])


def test_a_place_that_loses_files_all_the_time_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader tries a few times and then says what the engine said."""
    place, listed = three(tmp_path), table_files.table_files

    def with_a_ghost(*arguments: Any, **options: Any) -> Any:
        found = listed(*arguments, **options)
        return found._replace(paths=[*found.paths, "v1/calls/month=2026-05/acme.ghost.parquet"])

    monkeypatch.setattr("prodlens.lake.reading.table_files", with_a_ghost)
    with pytest.raises(StorageError, match=r"duckdb cannot answer: .*ghost"):
        report_on(place)


class _Refusing:
    """A place that refuses some files."""

    def __init__(self, place: Place, refused: str) -> None:
        self._place, self._refused = place, refused

    def read(self, path: str) -> bytes | None:
        """Read a file."""
        if self._refused in path:
            raise StorageError(f"cannot read {path}: access denied")
        return self._place.read(path)


def test_a_file_that_may_not_be_read_is_left_out_and_a_place_is_not(tmp_path: Path) -> None:
    """One refused file is left out; if every file is refused, the place is at fault, and that is an error."""
    place = Place(three(tmp_path))
    paths = {"calls": [CALLS.format(name) for name in ("api", "pay", "web")]}
    one: Any = _Refusing(place, "pay")
    found = file_checks.look_at_files(one, paths, {}, strict=True)
    assert found.gone == set()
    assert found.flaws == {
        CALLS.format("pay"): file_checks.Flaw(
            f"it cannot be fetched (cannot read {CALLS.format('pay')}: access denied)",
            "give the reader the right to read it",
        )
    }
    everything: Any = _Refusing(place, "")
    with pytest.raises(StorageError, match="access denied"):
        file_checks.look_at_files(everything, paths, {}, strict=False)


def test_two_columns_of_one_name_are_a_flaw(tmp_path: Path) -> None:
    """A file in which a column is there twice is not a published one."""
    place = three(tmp_path)
    rows = as_table("calls", [call("5-02", "ann")])
    twice = rows.append_column("day", rows["day"])
    with closing(pa.BufferOutputStream()) as sink:
        pq.write_table(twice, sink)
        (place / CALLS.format("pay")).write_bytes(sink.getvalue().to_pybytes())
    found = file_checks.look_at_files(Place(place), {"calls": [CALLS.format("pay")]}, {}, strict=False)
    assert found.flaws[CALLS.format("pay")].reason == "it has columns of one name"
    assert as_file(PUBLISHED_TABLES["calls"], rows)
