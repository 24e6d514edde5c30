"""Trace artifacts against the stand-in: real lists, real downloads, a real store, and archives made to do harm."""

from __future__ import annotations

import gzip
import io
import json
import shutil
import signal
import sqlite3
import stat
import zipfile
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodlens.action.artifacts import listing
from prodlens.action.artifacts.ingested import forget_expired
from prodlens.action.cache.content import content_digests
from prodlens.action.gathering import trace_artifacts
from prodlens.action.gathering.trace_artifacts import ingest_trace_artifacts
from prodlens.errors import StorageError
from prodlens.github.client import GithubClient, RequestBudget
from prodlens.github.errors import PermissionMissingError, ServerFailedError
from prodlens.storage import ProdLensStore
from prodlens.trace_ingestion import TraceIngestor
from tests.action.served_repository import NOW, SLUG, served_repository
from tests.examples import examples
from tests.forked import Forked
from tests.github_server.faults import RATE_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.action.served_repository import Served
    from tests.github_server.artifact_host import StoredArtifact

DATA = Path(__file__).parents[2] / "data" / "traces"
NAME = "prodlens-traces"
REQUESTS_TILL_FAILURE = 15  # requests that one download makes of a host that fails: three times five


def lines(*numbers: int) -> bytes:
    """Return calls in the reference format, one a line."""
    return b"".join(
        json.dumps(
            {
                "timestamp": f"2026-11-{1 + number % 19:02}T10:00:00Z",
                "usage": {"input_tokens": 100 + number, "output_tokens": 10},
                "attributes": {"llm.model_name": "gpt-4o", "status_code": 200, "latency_ms": 900},
                "metadata": {"session_id": f"session_{number}", "developer_id": "alice"},
            }
        ).encode()
        + b"\n"
        for number in numbers
    )


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    """Return a zip archive of these members, names given twice included."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for given, content in members:
            member = given if isinstance(given, zipfile.ZipInfo) else zipfile.ZipInfo(given)  # a date of its own
            archive.writestr(member, content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def traces(*numbers: int) -> bytes:
    """Return an artifact as upload-artifact makes it: a zip archive with one file."""
    return zipped(("session.jsonl", lines(*numbers)))


@dataclass
class Reader:
    """A store with everything around it, which reads the trace artifacts of a repository."""

    served: Served
    folder: Path
    store: ProdLensStore = field(init=False)
    ingestor: TraceIngestor = field(init=False)

    def __post_init__(self) -> None:
        self.store = ProdLensStore(self.folder / "cache.db")
        self.ingestor = TraceIngestor(
            self.store, dead_letter_dir=self.folder / "dead", parquet_dir=self.folder / "lake"
        )

    def run(self, *patterns: str, client: GithubClient | None = None, **changes: Any) -> list[str]:
        """Read the artifacts once and return the notes; nothing is left in the scratch folder."""
        given: dict[str, Any] = {"repository_id": self.served.repository.id, "owner": SLUG, "now": NOW} | changes
        scratch = self.folder / "scratch"
        try:
            return ingest_trace_artifacts(
                self.store,
                self.ingestor,
                client or self.served.client,
                SLUG,
                patterns or (NAME,),
                session=self.served.session,
                scratch=scratch,
                **given,
            )
        finally:
            assert not scratch.exists() or list(scratch.iterdir()) == []

    def sessions(self) -> list[int]:
        """Return the number of every call, as ``lines`` was given it, sorted."""
        return sorted(int(row["session_id"]) for row in self.store.fetch_sessions())

    def sources(self) -> list[str]:
        """Return what was read, as it is recorded."""
        return [row[0] for row in self.store.conn.execute("SELECT source FROM ingestions ORDER BY id")]

    def outcomes(self) -> dict[int, str | None]:
        """Return what is remembered of every artifact."""
        return dict(map(tuple, self.store.conn.execute("SELECT artifact_id, outcome FROM trace_artifacts")))

    def downloads(self) -> int:
        """Return how many requests the blob host has seen."""
        return len(self.served.host.seen)

    def reasons(self) -> list[str]:
        """Return the reasons of all dead letters."""
        box = self.ingestor.dead_letters
        return [letter.reason for stem in box.stems() for letter in box.read(stem)]


@pytest.fixture
def reader(served: Served, tmp_path: Path) -> Iterator[Reader]:
    """Return a reader with an empty store."""
    made = Reader(served, tmp_path / "reader")
    yield made
    made.store.close()


def put(served: Served, content: bytes, name: str = NAME, **changes: Any) -> StoredArtifact:
    """Store an artifact that a run of this repository made."""
    return served.host.put(name, content, served.run(len(served.host.artifacts) + 1), **changes)


# Once, and only this repository's own -------------------------------------------------------------------------


def test_an_artifact_is_ingested_once(served: Served, reader: Reader) -> None:
    """A second run asks for the list alone and brings in what is new; calls without a repository are the owner's."""
    first = put(served, traces(1, 2))
    assert reader.run() == []
    assert reader.sessions() == [1, 2]
    assert reader.sources() == [f"prodlens-traces (artifact {first.id})!session.jsonl"]
    assert {row["repo_slug"] for row in reader.store.fetch_sessions()} == {SLUG}
    assert list((reader.folder / "lake").rglob("*.parquet")) != []
    served.server.log.clear()
    assert reader.run() == []
    assert [path.split("?")[0] for _, path, _ in served.server.log] == [f"/repos/{SLUG}/actions/artifacts"]
    put(served, traces(3))
    put(served, traces(4), "another-name")
    assert reader.run() == []
    assert reader.sessions() == [1, 2, 3]
    assert reader.downloads() == 2


def test_the_artifact_of_an_agentic_workflow_is_named_and_no_more(served: Served, reader: Reader) -> None:
    """The usage in a gh-aw artifact becomes calls of the repository; its other logs become nothing at all."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("api-proxy-logs/token-usage.jsonl", (DATA / "gh_aw_token_usage.jsonl").read_bytes())
        archive.writestr("audit.jsonl", '{"_schema": "audit/v0.28.31", "timestamp": "2026-11-02T10:00:00Z"}\n')
        archive.writestr("squid-logs/access.log", "1793613600.000 GET\n")
    put(served, packed.getvalue(), "firewall-audit-logs")
    reader.run("firewall-audit-logs")
    rows = reader.store.fetch_sessions()
    assert {(row["source"], row["repo_slug"]) for row in rows} == {("gh-aw", SLUG)}
    assert sum(row["tokens_in"] for row in rows) == 45012 + 16396 + 5000 + 5200 + 3000
    assert reader.reasons() == []


FORK = {"id": 99, "full_name": "mallory/repo"}
ELSEWHERE = {"id": 98, "full_name": SLUG}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"head_repository": FORK}, "a fork's code made it"),
        ({"head_repository": FORK, "head_branch": "main"}, "a fork's code made it"),
        ({"repository": ELSEWHERE, "head_repository": ELSEWHERE}, "it belongs to another repository"),
        ({"id": None}, "it does not say which run made it"),
        ({"head_repository": {"id": None}}, "it does not say which run made it"),
    ],
)
def test_only_this_repositorys_own_runs_are_read(
    served: Served, reader: Reader, changes: dict[str, Any], said: str
) -> None:
    """What a fork, another repository or nobody made is named and never fetched; the good one beside it is read."""
    foreign = served.host.put(NAME, traces(66), served.run(1, **changes))
    put(served, traces(1))
    (note,) = reader.run()
    assert note == f"Passed over, since {said}: artifact '{NAME}' ({foreign.id})."
    assert reader.sessions() == [1]
    assert reader.downloads() == 1


def test_many_of_a_forks_artifacts_are_one_note(served: Served, reader: Reader) -> None:
    """Artifacts that are refused for the same reason share one sentence, which names a few of them."""
    for number in range(1, 10):
        served.host.put(NAME, traces(number), served.run(number, head_repository=FORK))
    (note,) = reader.run()
    assert note.endswith(" and 6 more.")
    assert reader.downloads() == 0


def test_an_unknown_repository_number_still_keeps_forks_out(served: Served, reader: Reader) -> None:
    """Where the repository's number is not known, the artifact's own two numbers have to agree."""
    served.host.put(NAME, traces(1), served.run(1, repository=ELSEWHERE, head_repository=ELSEWHERE))
    served.host.put(NAME, traces(2), served.run(2, head_repository=FORK))
    reader.run(repository_id=None)
    assert reader.sessions() == [1]


def test_an_expired_artifact_is_not_asked_for(served: Served, reader: Reader) -> None:
    """Expired artifacts are neither fetched nor mentioned, and one that is deleted under way is remembered as gone."""
    put(served, traces(1), expires_at=NOW - timedelta(seconds=1))
    assert reader.run() == []
    assert reader.outcomes() == {}
    gone = put(served, traces(2), expires_at=NOW + timedelta(days=1))
    clocks = iter([NOW, NOW + timedelta(days=2)])
    served.host.now = lambda: next(clocks, NOW + timedelta(days=2))
    served.host.artifacts = {gone.id: gone}
    assert reader.run() == [f"artifact '{NAME}' ({gone.id}) was passed over: it has expired or was deleted."]
    assert reader.outcomes() == {gone.id: "it has expired or was deleted"}


def test_ids_of_expired_artifacts_are_forgotten(served: Served, reader: Reader) -> None:
    """The ids are kept as long as the artifacts are, and not longer."""
    put(served, traces(1), expires_at=NOW + timedelta(days=1))
    put(served, traces(2), expires_at=NOW + timedelta(days=3))
    reader.run()
    assert forget_expired(reader.store.conn, NOW) == 0
    assert forget_expired(reader.store.conn, NOW + timedelta(days=1)) == 1
    assert len(reader.outcomes()) == 1
    assert reader.run(now=NOW + timedelta(days=1)) == []
    assert reader.downloads() == 2


def test_no_names_ask_nothing(served: Served, reader: Reader) -> None:
    """Without a name GitHub is not asked."""
    notes = ingest_trace_artifacts(
        reader.store,
        reader.ingestor,
        served.client,
        SLUG,
        (),
        session=served.session,
        repository_id=None,
        owner=None,
        now=NOW,
        scratch=reader.folder,
    )
    assert notes == []
    assert served.server.log == []


# Lists --------------------------------------------------------------------------------------------------------


def pages_asked(served: Served) -> list[int]:
    """Return the pages of the list that were asked for since the last time."""
    asked = [path for _, path, _ in served.server.log if "/artifacts?" in path]
    served.server.log.clear()
    return [int(path.rsplit("page=", 1)[1].split("&")[0]) for path in asked]


@pytest.fixture
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make pages of five artifacts, of which a run reads three."""
    monkeypatch.setattr(listing, "PAGE_SIZE", 5)
    monkeypatch.setattr(trace_artifacts, "MAX_PAGES", 3)


@pytest.mark.usefixtures("short_pages")
@pytest.mark.parametrize("pattern", ["trace-*", "trace-a"])
def test_a_long_list_is_read_over_several_runs(served: Served, reader: Reader, pattern: str) -> None:
    """A run reads a few pages of a list, the newest always, goes on where the last one stopped, and wraps."""
    for number in range(31):
        put(served, traces(number), "trace-a")
    said = f"{SLUG}: the list of artifacts is longer than one run reads; the next run goes on at page "
    assert reader.run(pattern) == [f"{said}4."]
    assert pages_asked(served) == [1, 2, 3]
    assert reader.sessions() == list(range(16, 31))
    put(served, traces(40), "trace-a")
    reader.run(pattern)
    assert pages_asked(served) == [1, 4, 5]
    assert reader.sessions() == [*range(7, 31), 40]
    assert reader.run(pattern) == []
    assert pages_asked(served) == [1, 6, 7]
    assert reader.sessions() == [*range(31), 40]
    reader.run(pattern)
    assert pages_asked(served) == [1, 2, 3]
    assert reader.downloads() == 32


@pytest.mark.usefixtures("short_pages")
def test_a_list_that_was_read_to_its_end_is_not_news(served: Served, reader: Reader) -> None:
    """During the first walk over a long list every run saves the cache; during later walks that alone does not."""
    for _ in range(31):
        put(served, b"nothing to read", "other")
    digests = []
    for _ in range(6):
        reader.run("trace-*")
        digests.append(content_digests(reader.store.conn))
    assert pages_asked(served) == [1, 2, 3, 1, 4, 5, 1, 6, 7, 1, 2, 3, 1, 4, 5, 1, 6, 7]
    assert digests[0] != digests[1] != digests[2] != digests[0]
    assert digests[2:] == [digests[2]] * 4


@pytest.mark.usefixtures("short_pages")
def test_a_list_that_shrank_is_begun_again(served: Served, reader: Reader) -> None:
    """A page beyond the end, as when artifacts expired in between, sends the next run back to the beginning."""
    for number in range(20):
        put(served, traces(number), "trace-a")
    reader.run("*")
    for number in list(served.host.artifacts)[3:]:
        del served.host.artifacts[number]
    for number in range(6):
        put(served, traces(50 + number), "trace-a")
    pages_asked(served)
    reader.run("*")
    reader.run("*")
    assert pages_asked(served) == [1, 4, 1, 2]
    assert reader.sessions() == [*range(3), *range(5, 20), *range(50, 56)]


def test_names_and_patterns_choose(served: Served, reader: Reader) -> None:
    """Patterns are the shell's and heed upper and lower case; all of them share one reading of the list."""
    for number, name in enumerate(["traces-1", "traces-2", "Traces-3", "logs", "other"]):
        put(served, traces(number), name)
    reader.run("traces-?", "[l]ogs", "traces-1")
    assert reader.sessions() == [0, 1, 3]
    asked = [path for _, path, _ in served.server.log if "/artifacts?" in path]
    assert len(asked) == 2
    assert sum("name=traces-1" in path for path in asked) == 1


# Hostile archives ---------------------------------------------------------------------------------------------


def link() -> zipfile.ZipInfo:
    """Return a member that is a symbolic link."""
    member = zipfile.ZipInfo("link.jsonl")
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    return member


def encrypted(archive: bytes, name: bytes) -> bytes:
    """Return the archive with a member marked as encrypted, in both of its headers."""
    data = bytearray(archive)
    data[data.index(name) - 30 + 6] |= 1
    data[data.rindex(name) - 46 + 8] |= 1
    return bytes(data)


def repacked(archive: bytes, name: bytes, method: int) -> bytes:
    """Return the archive with a member that says it is packed by another method."""
    data = bytearray(archive)
    data[data.index(name) - 30 + 8] = method
    data[data.rindex(name) - 46 + 10] = method
    return bytes(data)


HOSTILE = [
    (zipped(("../../evil.jsonl", lines(66))), "its path leads out of the archive"),
    (zipped(("/etc/evil.jsonl", lines(66))), "its path leads out of the archive"),
    (zipped(("C:\\evil.jsonl", lines(66))), "its path leads out of the archive"),
    (zipped((link(), b"/etc/passwd")), "it is a link or a device, not a file"),
    (zipped(("tool.exe", b"MZ\x90")), "only .jsonl, .ndjson, .json, .csv, .gz are read"),
    (zipped(("inner.ZIP", traces(66))), "an archive inside an archive is not read"),
    (encrypted(zipped(("secret.jsonl", lines(66))), b"secret.jsonl"), "it is encrypted"),
    (repacked(zipped(("odd.jsonl", lines(66))), b"odd.jsonl", zipfile.ZIP_LZMA), "packed by a method that is not read"),
    (zipped(), "holds no traces"),
]


@pytest.mark.parametrize(("content", "said"), HOSTILE, ids=range(len(HOSTILE)))
def test_a_member_that_is_no_trace_is_passed_over(served: Served, reader: Reader, content: bytes, said: str) -> None:
    """Anything inside that is not a plain trace is named with the reason, not read, and not fetched again."""
    bad = put(served, content)
    put(served, traces(1))
    before = set(reader.folder.parent.rglob("*"))
    notes = reader.run()
    assert any(said in note and str(bad.id) in note for note in notes), notes
    assert reader.sessions() == [1]
    made = set(reader.folder.parent.rglob("*")) - before
    assert {path.relative_to(reader.folder).parts[0] for path in made} <= {"lake", "dead", "scratch"}
    assert reader.run() == []
    assert reader.downloads() == 2


def test_a_bad_member_costs_no_good_one_its_place(served: Served, reader: Reader) -> None:
    """Good files are read whatever lies between them, even two of one name."""
    with pytest.warns(UserWarning, match="Duplicate name"):
        content = zipped(
            ("a/one.jsonl", lines(1)),
            ("../evil.jsonl", lines(66)),
            ("hidden.jsonl", traces(66)),
            ("two.json.gz", gzip.compress(lines(2))),
            ("cut.gz", gzip.compress(lines(3))[:-9]),
            (link(), b"/etc/passwd"),
            ("a/one.jsonl", lines(4)),
        )
    made = put(served, content)
    notes = reader.run()
    assert reader.sessions() == [1, 2, 4]
    name = f"prodlens-traces (artifact {made.id})"
    found = ["a/one.jsonl", "hidden.jsonl", "two.json.gz", "cut.gz", "a/one.jsonl (member 7)"]
    assert reader.sources() == [f"{name}!{member}" for member in found]
    assert len(notes) == 3
    assert notes[0].startswith("2 lines of trace artifacts could not be used: prod-lens dead-letters --dead-letter-dir")
    assert any("inside an archive" in reason for reason in reader.reasons())
    assert any("cannot be unpacked to its end" in reason for reason in reader.reasons())


def test_a_bomb_ends_where_the_caps_say(served: Served, reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything in one artifact unpacks to so much together, however it is spread over members."""
    monkeypatch.setattr(trace_artifacts, "MAX_UNPACKED_BYTES", 100_000)
    put(served, zipped(("good.jsonl", lines(1)), *((f"{n}.jsonl", b"\n" * 30_000) for n in range(9))))
    put(served, gzip.compress(b"\n" * 3_000_000), "raw.gz")
    put(served, traces(2))
    reader.run("*")
    assert reader.sessions() == [1, 2]
    assert sum("unpacks to more than is read" in reason for reason in reader.reasons()) == 7


def test_only_so_many_members_are_read(served: Served, reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    """Members beyond the cap are passed over in one note; a directory beyond its cap is not even parsed."""
    many = put(served, zipped(*((f"{number}.jsonl", lines(number)) for number in range(8))))
    monkeypatch.setattr("prodlens.trace_ingestion.archives.MAX_MEMBERS", 3)
    (note,) = reader.run()
    assert note.endswith(f"'prodlens-traces (artifact {many.id})': only the first 3 of its 8 members are read.")
    assert reader.sessions() == [0, 1, 2]
    bomb = put(served, zipped(*((f"{number:0200}.jsonl", b"") for number in range(100))))
    monkeypatch.setattr("prodlens.trace_ingestion.archives.MAX_DIRECTORY_BYTES", 20_000)
    (note,) = reader.run()
    assert "its directory has 25,200 bytes; at most 20,000 are read" in note
    assert str(bomb.id) in note


@pytest.mark.parametrize(
    "content",
    [traces(1)[:-30], traces(1)[:40], b"PK\x03\x04", b"PK\x05\x06 and nothing more"],
    ids=["end", "middle", "magic", "empty"],
)
def test_a_cut_archive_is_remembered_and_costs_no_other(served: Served, reader: Reader, content: bytes) -> None:
    """An archive whose directory is gone is passed over once and for all, and the next artifact is read."""
    cut = put(served, content)
    put(served, traces(2))
    (note,) = reader.run()
    assert note.startswith(f"artifact '{NAME}' ({cut.id}) was passed over: the zip archive cannot be read")
    assert reader.sessions() == [2]
    assert reader.run() == []
    assert reader.downloads() == 2


@pytest.mark.parametrize("content", [lines(1, 2), gzip.compress(lines(1, 2))], ids=["plain", "gzip"])
def test_a_raw_file_is_read_under_its_own_name(served: Served, reader: Reader, content: bytes) -> None:
    """An artifact that is one file and no archive is told by its content."""
    made = put(served, content, "session.jsonl", content_type="application/octet-stream")
    assert reader.run("session.jsonl") == []
    assert reader.sessions() == [1, 2]
    assert reader.sources() == [f"session.jsonl (artifact {made.id})"]


def test_dead_letters_of_artifacts_stay_apart(served: Served, reader: Reader) -> None:
    """The same bad line in files of one name, of one artifact or of two, is a letter of each."""
    for _ in range(2):
        put(served, zipped(("a/x.jsonl", lines(1) + b"bad\n"), ("b/x.jsonl", lines(2) + b"bad\n")))
    reader.run()
    box = reader.ingestor.dead_letters
    letters = [letter for stem in box.stems() for letter in box.read(stem)]
    assert {letter.source for letter in letters} == set(reader.sources())
    assert [(letter.line, letter.raw) for letter in letters] == [(2, b"bad")] * 4


def test_hostile_names_stay_names(served: Served, reader: Reader) -> None:
    """No name of an artifact or a member breaks a note, the store, or the folder of dead letters."""
    long = "x" * 4_000
    for name in ("\u202e\x1b[31m\n::error::", long, "@everyone <img>", "a/../../b"):
        put(
            served,
            zipped((f"{long}.jsonl", lines(1) + b"bad\n"), ("n\n\x1b.exe", b""), ("é\u202e.jsonl", b"bad")),
            name,
        )
    notes = reader.run("*")
    assert len(notes) == 5
    assert all(note.isprintable() and len(note) < 400 for note in notes)
    assert len(reader.sources()) == 8
    assert all(source.isprintable() and len(source) < 500 for source in reader.sources())
    assert len(reader.reasons()) == 8


def test_notes_are_capped(served: Served, reader: Reader) -> None:
    """However much there is to pass over, a reader gets a few sentences and a number."""
    put(served, zipped(*((f"{number}.exe", b"") for number in range(300))))
    notes = reader.run()
    assert len(notes) == trace_artifacts.MAX_NOTES + 1
    assert notes[-1] == "… and 291 more passed over."


def test_formats_meet_in_one_artifact(served: Served, reader: Reader, tmp_path: Path) -> None:
    """LiteLLM's logs and Claude Code's transcripts in one artifact are the calls that the files themselves give."""
    names = ["litellm_standard_logging.jsonl", "claude_code_15adb190.jsonl", "claude_code_execution_867e.json"]
    put(served, zipped(*((f"run/{name}", (DATA / name).read_bytes()) for name in names)))
    reader.run()
    with closing(ProdLensStore(tmp_path / "files.db")) as store:
        ingestor = TraceIngestor(store, dead_letter_dir=tmp_path / "dead", parquet_dir=tmp_path / "lake")
        ingestor.ingest([DATA / name for name in names], repo_slug=SLUG)
        assert [tuple(row) for row in reader.store.fetch_sessions()] == [tuple(row) for row in store.fetch_sessions()]
        assert len(store.fetch_sessions()) > 3


# What goes wrong outside --------------------------------------------------------------------------------------


def test_a_wrong_digest_is_tried_again(served: Served, reader: Reader) -> None:
    """Bytes that are not those of their digest are not used, and asked for again in the next run."""
    good = put(served, traces(1))
    bad = put(served, traces(2))
    digest, bad.digest = bad.digest, good.digest
    (note,) = reader.run()
    assert note.endswith("its bytes are not those of its digest; it is tried again.")
    assert reader.sessions() == [1]
    bad.digest = digest
    assert reader.run() == []
    assert reader.sessions() == [1, 2]


def test_an_artifact_over_the_cap_is_never_fetched(
    served: Served, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is too large is named once."""
    monkeypatch.setattr(trace_artifacts, "MAX_ARTIFACT_BYTES", 1_000)
    put(served, bytes(1_001))
    (note,) = reader.run()
    assert "at most 1,000 are read" in note
    assert reader.run() == []
    assert reader.downloads() == 0


@pytest.mark.parametrize("limited", [False, True])
def test_a_run_that_is_out_of_requests_is_continued(served: Served, reader: Reader, limited: bool) -> None:
    """At the budget's or the rate limit's end a run stops with a note; the next one does the rest, oldest first."""
    for number in range(5):
        put(served, traces(number))
    if limited:
        served.server.faults.restart({4: RATE_LIMIT})
        notes = reader.run()
    else:
        client = GithubClient(token="t", api_url=served.server.url, patience_seconds=0, budget=RequestBudget(3))
        notes = reader.run(client=client)
    (note,) = notes
    assert note.startswith(f"{SLUG}: not every trace artifact was read, and the next run goes on: ")
    assert reader.sessions() == [0, 1]
    assert list((reader.folder / "lake").rglob("*.parquet")) != []
    served.server.faults.restart()
    assert reader.run() == []
    assert reader.sessions() == list(range(5))
    assert reader.downloads() == 5


@pytest.mark.usefixtures("short_pages")
def test_a_list_is_not_left_before_it_is_dealt_with(served: Served, reader: Reader) -> None:
    """A run that stopped before it had everything it listed leaves the position where it was."""
    for number in range(25):
        put(served, traces(number))
    for budget in (0, 2, 8, 30):
        client = GithubClient(token="t", api_url=served.server.url, patience_seconds=0, budget=RequestBudget(budget))
        reader.run(client=client)
    assert reader.sessions() == list(range(10, 25))
    pages_asked(served)
    assert reader.run() == []
    assert pages_asked(served) == [1, 4, 5]
    assert reader.sessions() == list(range(25))


def test_a_service_that_is_down_is_an_error(served: Served, reader: Reader) -> None:
    """When list or bytes cannot be had for good, the run soon says so, and what it ingested before is stored."""
    put(served, traces(1))
    reader.run()
    for number in (2, 3, 4):
        put(served, traces(number))
    served.host.blob_faults.extend([503] * 1_000)
    with pytest.raises(ServerFailedError, match="could not be fetched"):
        reader.run()
    assert reader.downloads() == 1 + 2 * REQUESTS_TILL_FAILURE
    served.host.blob_faults.clear()
    served.repository.permission_missing = "actions=read"
    with pytest.raises(PermissionMissingError, match="actions=read"):
        reader.run()
    assert reader.sessions() == [1]
    served.repository.permission_missing = None
    assert reader.run() == []
    assert reader.sessions() == [1, 2, 3, 4]


def test_one_lost_blob_keeps_no_other_out(served: Served, reader: Reader) -> None:
    """An artifact whose bytes cannot be had, while others can, is passed over this time."""
    put(served, traces(1))
    put(served, traces(2))
    served.host.blob_faults.extend([503] * REQUESTS_TILL_FAILURE)
    (note,) = reader.run()
    assert "could not be fetched (503" in note
    assert reader.sessions() == [2]
    assert reader.run() == []
    assert reader.sessions() == [1, 2]


@pytest.mark.parametrize(("status", "requests"), [(404, 3), (403, 3), (503, REQUESTS_TILL_FAILURE)])
def test_a_lost_artifact_fails_one_run_alone(served: Served, reader: Reader, status: int, requests: int) -> None:
    """An artifact whose bytes are lost is an error once; every later run says so and goes on with the others."""
    put(served, traces(1))
    served.host.blob_faults.extend([status] * requests)
    with pytest.raises(ServerFailedError, match="could not be fetched"):
        reader.run()
    put(served, traces(2))
    for _ in range(2):
        served.host.blob_faults.extend([status] * requests)
        (note,) = reader.run()
        assert f"could not be fetched ({status}" in note
        assert reader.sessions() == [2]
    assert reader.run() == []
    assert reader.sessions() == [1, 2]


def test_a_scratch_folder_that_cannot_be_made_is_an_error(served: Served, reader: Reader) -> None:
    """A disk that takes no download is said, and no artifact counts as read."""
    put(served, traces(1))
    (reader.folder / "scratch").write_bytes(b"a file")
    with pytest.raises(StorageError, match="cannot create the folder"):
        ingest_trace_artifacts(
            reader.store,
            reader.ingestor,
            served.client,
            SLUG,
            [NAME],
            session=served.session,
            repository_id=None,
            owner=None,
            now=NOW,
            scratch=reader.folder / "scratch",
        )
    assert reader.outcomes() == {}


# Killed, and two at once --------------------------------------------------------------------------------------


def run_till(program: Forked, served: Served, folder: Path, statement: int) -> int:
    """Read the artifacts in a process that kills itself at this SQL statement; 0: at none."""
    return program.run(folder, served.server.url, SLUG, NAME, NOW.isoformat(), statement)


def state(folder: Path) -> tuple[Any, ...]:
    """Return everything that a run leaves: calls, what is remembered, what was read, dead letters and the lake."""
    with closing(sqlite3.connect(folder / "cache.db")) as conn:
        rows = [
            conn.execute(f"SELECT {columns} FROM {table} ORDER BY 1").fetchall()
            for columns, table in (
                ("trace_hash, session_id", "sessions"),
                ("artifact_id, outcome", "trace_artifacts"),
                ("source, stored, dead", "ingestions"),
                ("folder", "lake_pending"),
                ("name, next_page", "artifact_walks"),
            )
        ]
    dead = {path.name: path.read_bytes() for path in (folder / "dead").glob("*.jsonl")}
    lake = {path.name: path.read_bytes() for path in (folder / "lake").rglob("*.parquet")}
    return (*rows, dead, lake)


def test_a_run_killed_at_any_statement_has_both_or_neither(served: Served, tmp_path: Path, stride: int) -> None:
    """A run killed at any SQL statement leaves rows and their artifact's id or neither; the next makes it good."""
    first = put(served, zipped(("a.jsonl", lines(1, 2)), ("b.jsonl", lines(3) + b"bad\n")))
    put(served, b"PK\x03\x04")
    third = put(served, traces(4, 5))
    whole = tmp_path / "whole"
    with Forked("tests.action.gathering.killed_reading") as program:
        assert run_till(program, served, whole, 0) == 0
        statements = int((whole / "statements").read_text(encoding="utf-8"))
        assert statements > 30
        step = max(1, statements * stride // 15)
        for last in range(step // 2 + 1, statements + 1, step):
            folder = tmp_path / str(last)
            assert run_till(program, served, folder, last) == -signal.SIGKILL
            with closing(ProdLensStore(folder / "cache.db")) as store:
                found = {int(row["session_id"]) for row in store.fetch_sessions()}
                known = store.conn.execute("SELECT artifact_id FROM trace_artifacts WHERE outcome IS NULL").fetchall()
            rows_of = {first.id: {1, 2, 3}, third.id: {4, 5}}
            assert found == set().union(*(rows_of[row[0]] for row in known))
            assert run_till(program, served, folder, 0) == 0
            assert state(folder) == state(whole)


def test_two_runs_at_once_lose_nothing_for_good(served: Served, tmp_path: Path) -> None:
    """Two runs that began with the same cache and save one over the other are made good by the next, either way."""
    put(served, traces(1))
    begun = Reader(served, tmp_path / "begun")
    begun.run()
    begun.store.close()
    for winner in ("one", "other"):
        for name in ("one", "other"):
            shutil.copytree(tmp_path / "begun", tmp_path / winner / name)
        runs = {name: Reader(served, tmp_path / winner / name) for name in ("one", "other")}
        early = put(served, traces(2))
        runs["one"].run()
        late = put(served, traces(3))
        del served.host.artifacts[early.id]  # as if the other run had begun before it was there
        runs["other"].run()
        served.host.artifacts[early.id] = early
        assert (runs["one"].sessions(), runs["other"].sessions()) == ([1, 2], [1, 3])
        runs[winner].run()
        assert runs[winner].sessions() == [1, 2, 3]
        for run in runs.values():
            run.store.close()
        del served.host.artifacts[early.id], served.host.artifacts[late.id]


# Any bytes ----------------------------------------------------------------------------------------------------

BASES = [
    traces(90),
    zipped(("a.jsonl", lines(90)), ("b.json.gz", gzip.compress(lines(91))), ("c.exe", b"MZ")),
    gzip.compress(lines(90)),
    lines(90),
]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Draw an artifact with a few bytes changed, perhaps cut."""
    data = bytearray(draw(st.sampled_from(BASES)))
    for _ in range(draw(st.integers(0, 6))):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(data[: draw(st.integers(1, len(data)))] if draw(st.booleans()) else data)


@given(content=st.one_of(st.binary(max_size=300), damaged(), st.binary(max_size=60).map(lambda b: b"PK\x03\x04" + b)))
@examples(60)
def test_no_bytes_raise_or_cost_another_artifact(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    """Whatever an artifact holds, the run ends without an error, those beside it are read, and it is read once."""
    folder = tmp_path_factory.mktemp("any")
    with served_repository() as served:
        put(served, traces(1))
        put(served, content)
        put(served, traces(2))
        made = Reader(served, folder)
        with closing(made.store):
            made.run()
            assert {1, 2} <= set(made.sessions())
            assert made.run() == []
            assert made.downloads() == 3
    shutil.rmtree(folder)
