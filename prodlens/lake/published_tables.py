"""The published tables: what engines read, one definition of every column, and a table as the bytes of a file.

``docs/tables.md`` is the document for their readers, and a test holds it to this module. Columns are only ever added.
The same rows always give the same bytes: their order is fixed, and a file holds no time of writing.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from prodlens.slugs import is_slug, split_slug

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# The first part of every path. Another layout or meaning would be v2 beside it; a new column raises the minor number.
ROOT = "v1"
SCHEMA_VERSION = "1.0"
VERSION_KEY = b"prodlens.schema_version"
TABLE_KEY = b"prodlens.table"
_ROW_GROUP_ROWS = 131_072
_FILE = re.compile(r"(?P<owner>(?:[^.!]|!\.)+)\.(?P<name>.+)\.parquet", re.DOTALL)

TEXT, COUNT, NUMBER, FLAG = pa.string(), pa.int64(), pa.float64(), pa.bool_()
MOMENT, DAY, TEXTS = pa.timestamp("us", "UTC"), pa.date32(), pa.list_(pa.string())
MONEY = pa.decimal128(20, 10)
FILES = pa.list_(pa.struct([("table", TEXT), ("month", TEXT), ("rows", COUNT), ("digest", TEXT)]))


class PublishedColumn(NamedTuple):
    """A column of a published table.

    Attributes:
        name: Its name.
        type: Its type in Arrow.
        meaning: What it says, in a line, for ``docs/tables.md``.
        is_varied: Whether nearly every row has another value, so that a dictionary of them costs time and space.
    """

    name: str
    type: pa.DataType
    meaning: str
    is_varied: bool = False


class PublishedTable(NamedTuple):
    """A published table.

    Attributes:
        name: Its name, and the folder of its files.
        row: What a row is, in a line.
        columns: Its columns, in the order of the files.
        order: The columns that its rows are sorted by, ``repository`` first.
        time: The column whose month (UTC) a row belongs to; empty for a table that is not divided by months.
    """

    name: str
    row: str
    columns: tuple[PublishedColumn, ...]
    order: tuple[str, ...]
    time: str = ""

    @property
    def schema(self) -> pa.Schema:
        """The schema of every file of the table, with the version in its metadata."""
        return pa.schema(
            [(column.name, column.type) for column in self.columns],
            {TABLE_KEY: self.name.encode(), VERSION_KEY: SCHEMA_VERSION.encode()},
        )


_C = PublishedColumn
_REPOSITORY = _C("repository", TEXT, "`owner/name` in lower case; never null")
_NAMED_REPOSITORY = _C("repository", TEXT, "`owner/name` in lower case; null: the row names no repository")

CALLS = PublishedTable(
    "calls",
    "one model call",
    (
        _NAMED_REPOSITORY,
        _C("call", TEXT, "identity of the call, a hash; never null", is_varied=True),
        _C("at", MOMENT, "when the call began; never null", is_varied=True),
        _C("day", DAY, "the day of `at` (UTC); never null"),
        _C("developer", TEXT, "who made it, as the run anonymised them"),
        _C("session", TEXT, "the conversation that it belongs to", is_varied=True),
        _C("tool", TEXT, "the tool whose call it is: `claude-code`, `copilot`, `openrouter`, else the format"),
        _C("source", TEXT, "name of the format that it was read from"),
        _C("provider", TEXT, "who served the model"),
        _C("model", TEXT, "the model, under its name in reports"),
        _C("tokens_in", COUNT, "input tokens, cache reads and writes included; never null", is_varied=True),
        _C("tokens_out", COUNT, "output tokens, reasoning included; never null", is_varied=True),
        _C("cache_read_tokens", COUNT, "part of `tokens_in` that was read from a cache", is_varied=True),
        _C("cache_write_tokens", COUNT, "part of `tokens_in` that was written to a cache", is_varied=True),
        _C("cache_write_1h_tokens", COUNT, "part of `cache_write_tokens` that is kept for an hour"),
        _C("reasoning_tokens", COUNT, "part of `tokens_out` spent on reasoning"),
        _C("web_searches", COUNT, "searches billed beside the tokens"),
        _C("price_modifier", TEXT, "`fast`, `priority`, `flex` or `batch`"),
        _C("latency_ms", NUMBER, "start to end in milliseconds", is_varied=True),
        _C("status", COUNT, "HTTP status"),
        _C("status_reason", TEXT, "why it failed, an error class"),
        _C("accepted", FLAG, "whether a person accepted the suggestion; null: not known"),
        _C("decision", TEXT, "`accept`, `reject` or `automatic`"),
        _C("accepted_lines", COUNT, "lines of the suggestion that were accepted"),
        _C("diff_ratio", NUMBER, "share of the suggestion that was kept, 0 to 1"),
        _C("cost_usd", MONEY, "what it cost, as the ledger counts it; null: unpriced", is_varied=True),
        _C("list_cost_usd", MONEY, "its list price on its day; null: no list price is known", is_varied=True),
        _C("cost_source", TEXT, "where `cost_usd` comes from: `recorded`, `computed` or `own-price`"),
        _C("price_caveat", TEXT, "why a computed cost may differ from the bill"),
        _C("pull_request", COUNT, "number of the pull request that it belongs to; null: to none"),
        _C("pull_request_confidence", TEXT, "how sure that is: `high`, `medium` or `low`"),
        _C("time_is_estimated", FLAG, "whether `at` is the time of a file, not of the call; never null"),
    ),
    ("repository", "at", "call"),
    "at",
)
USAGE_DAYS = PublishedTable(
    "usage_days",
    "what a vendor reports of a person's or a model's day; it stands beside `calls` and is never added to them",
    (
        _NAMED_REPOSITORY,
        _C("key", TEXT, "identity of what is summed; never null", is_varied=True),
        _C("day", DAY, "the vendor's day; never null"),
        _C("tool", TEXT, "`copilot`, `cursor`, `claude-code` or `openrouter`"),
        _C("source", TEXT, "name of the format that it was read from"),
        _C("developer", TEXT, "who, as the run anonymised them"),
        _C("model", TEXT, "the model, under its name in reports"),
        _C("tokens_in", COUNT, "input tokens, cache reads and writes included"),
        _C("tokens_out", COUNT, "output tokens, reasoning included"),
        _C("cache_read_tokens", COUNT, "part of `tokens_in` that was read from a cache"),
        _C("cache_write_tokens", COUNT, "part of `tokens_in` that was written to a cache"),
        _C("quantity", NUMBER, "how much the vendor counts, in `unit`"),
        _C("unit", TEXT, "`requests`, `ai-credits` or `sessions`"),
        _C("cost_usd", MONEY, "what the vendor bills"),
        _C("list_cost_usd", MONEY, "what the usage is worth by the vendor's price list"),
        _C("superseded", FLAG, "whether a more detailed source reports the same use, so that it must not be added up"),
    ),
    ("repository", "day", "key"),
    "day",
)
PULL_REQUESTS = PublishedTable(
    "pull_requests",
    "one pull request, in the month of its opening, whatever happens to it later",
    (
        _REPOSITORY,
        _C("number", COUNT, "its number; never null", is_varied=True),
        _C("opened_at", MOMENT, "when it was opened; never null", is_varied=True),
        _C("author", TEXT, "login of who opened it"),
        _C("author_type", TEXT, "the kind of account: `User`, `Bot`, `Mannequin`"),
        _C("is_bot", FLAG, "whether a bot opened it; never null"),
        _C("state", TEXT, "`open`, `closed` or `merged`; never null"),
        _C("draft", FLAG, "whether it is a draft"),
        _C("into_default_branch", FLAG, "whether it is to be merged into the default branch"),
        _C("ready_at", MOMENT, "when it was last marked ready for review; null: it never was a draft"),
        _C("first_review_at", MOMENT, "when its first review came"),
        _C("reviews", COUNT, "reviews by people other than the author"),
        _C("changes_requested", COUNT, "reviews among these that ask for changes"),
        _C("review_rounds", COUNT, "how many of its commits a review approved or asked to change; 0: none"),
        _C("merged_at", MOMENT, "when it was merged; null: it is not"),
        _C("closed_at", MOMENT, "when it was closed, merged or not; null: it is open"),
        _C("additions", COUNT, "lines added"),
        _C("deletions", COUNT, "lines deleted"),
        _C("changed_files", COUNT, "files changed"),
        _C("commits", COUNT, "commits in it"),
        _C("reopened", FLAG, "whether it was ever reopened; never null"),
        _C("reopened_at", MOMENT, "when it was first reopened"),
        _C("reverted", FLAG, "whether it was merged and later reverted; never null"),
        _C("reverted_at", MOMENT, "when it was first reverted, where that is known"),
        _C("is_revert", FLAG, "whether it reverts another pull request; never null"),
        _C("assisted", FLAG, "true: calls before its opening, or another sign of AI; false: neither, but calls of its "
           "author that week; null: not known"),
        _C("assistance", TEXT, "its kind: `traced`, `signed`, `nearby` (calls of its author that may be of it), "
           "`other`, `unknown`; null: all its calls came after its opening"),
        _C("assisted_confidence", TEXT, "the highest confidence among the signs: `high`, `medium` or `low`"),
        _C("cost_usd", MONEY, "known cost of its calls; null: no call of it has a known cost"),
    ),
    ("repository", "opened_at", "number"),
    "opened_at",
)  # fmt: skip
COMMITS = PublishedTable(
    "commits",
    "one commit of the default branch",
    (
        _REPOSITORY,
        _C("sha", TEXT, "its hash; never null", is_varied=True),
        _C("at", MOMENT, "committer date; never null", is_varied=True),
        _C("day", DAY, "the day of `at` (UTC); never null"),
        _C("author", TEXT, "login where known, else the name"),
        _C("is_bot", FLAG, "whether a bot made it; never null"),
        _C("parents", COUNT, "number of parents; 2 and more: a merge"),
        _C("assisted", FLAG, "true: it has a sign of AI; null: not known"),
        _C("assisted_confidence", TEXT, "the highest confidence among the signs: `high`, `medium` or `low`"),
    ),
    ("repository", "at", "sha"),
    "at",
)
PULL_REQUEST_COSTS = PublishedTable(
    "pull_request_costs",
    "what one pull request cost, over all its calls, in the month of its opening, else of its first call",
    (
        _REPOSITORY,
        _C("number", COUNT, "number of the pull request; never null", is_varied=True),
        _C("at", MOMENT, "when it was opened; where that is not known, its first call; never null", is_varied=True),
        _C("cost_usd", MONEY, "known cost of its calls; null: no call of it has a known cost", is_varied=True),
        _C("calls", COUNT, "calls that belong to it; never null"),
        _C("unpriced_calls", COUNT, "those whose cost is not known; never null"),
        _C("tokens", COUNT, "input and output tokens of its calls; never null", is_varied=True),
        _C("confidence", TEXT, "that of its least certain call: `high`, `medium` or `low`; never null"),
        _C("models", TEXTS, "models of its calls, sorted; never null"),
        _C("first_call_at", MOMENT, "its first call; never null", is_varied=True),
        _C("last_call_at", MOMENT, "its last call; never null", is_varied=True),
    ),
    ("repository", "at", "number"),
    "at",
)
EVIDENCE = PublishedTable(
    "evidence",
    "one sign of AI on a pull request or a commit, in the month of that pull request or commit",
    (
        _REPOSITORY,
        _C("subject", TEXT, "what it is on: `pull_request` or `commit`; never null"),
        _C("key", TEXT, "number of the pull request or hash of the commit; never null", is_varied=True),
        _C("at", MOMENT, "opening of the pull request, or committer date; never null", is_varied=True),
        _C("kind", TEXT, "`trailer`, `author`, `branch`, `label`, `description`, `note` or `trace`; never null"),
        _C("tool", TEXT, "the tool that it names; null: it names none"),
        _C("confidence", TEXT, "`high`, `medium` or `low`; never null"),
    ),
    ("repository", "at", "subject", "key", "kind", "tool", "confidence"),
    "at",
)
REPOSITORIES = PublishedTable(
    "repositories",
    "one repository: how far its sources were read when it was last published, and the files that it has",
    (
        _REPOSITORY,
        _C("team", TEXT, "the team that it was published for"),
        _C("simulated", FLAG, "whether its data are those of a simulated team; never null"),
        _C(
            "pull_requests_since",
            MOMENT,
            "pull requests changed since then were all read; null: all were read, or none",
        ),
        _C("pull_requests_synced_at", MOMENT, "changes to pull requests until then were all read"),
        _C("pull_requests_partial", FLAG, "whether some are still to be read; null: never read"),
        _C("commits_since", MOMENT, "commits since then were all read; null: all were read, or none"),
        _C("commits_synced_at", MOMENT, "commits until then were all read"),
        _C("commits_partial", FLAG, "whether some are still to be read; null: never read"),
        _C("traces_ingested_at", MOMENT, "when traces were last read"),
        _C("dead_letters", COUNT, "entries of the traces that could not be used; never null"),
        _C("first_call_at", MOMENT, "the first call of the repository"),
        _C("last_call_at", MOMENT, "its last call; null: it has no traces"),
        _C("implausible", COUNT, "rows left out, since their time cannot be true; never null"),
        _C("unusable_costs", COUNT, "costs left out, since they are not possible amounts of money; never null"),
        _C("missing", TEXTS, "sources that failed in the run that published, one sentence each; never null"),
        _C("kept_from", TEXT, "months before this one are from an earlier run; null: there are no such months"),
        _C("files", FILES, "its files: table, month, rows, and a digest of the bytes; never null"),
        _C("store", TEXT, "identity of the database that it was published from, a random number"),
        _C(
            "writing",
            TEXT,
            "set while a run writes files, and after one that was stopped; such files have an empty digest",
        ),
    ),
    ("repository",),
)

# The tables that are divided by months, and all of them.
MONTHLY_TABLES: Mapping[str, PublishedTable] = {
    table.name: table for table in (CALLS, USAGE_DAYS, PULL_REQUESTS, COMMITS, PULL_REQUEST_COSTS, EVIDENCE)
}
PUBLISHED_TABLES: Mapping[str, PublishedTable] = {**MONTHLY_TABLES, REPOSITORIES.name: REPOSITORIES}


def file_stem(repository: str) -> str:
    """Return how a repository is called in the names of its files: ``owner.name``, in lower case.

    GitHub allows no dot in an owner, and a slug does, so such a dot is marked; as is a first underscore, since engines
    pass over files whose names begin with one. No two repositories share a stem.

    Raises:
        InvalidSlugError: It is not ``owner/name``.
    """
    owner, name = split_slug(repository)
    owner = owner.replace(".", "!.")
    return f"{'!' if owner.startswith('_') else ''}{owner}.{name}"


def file_name(table: str, repository: str, month: str = "") -> str:
    """Return the path of a repository's file below the place: of a month (``2026-05``) of a table divided by months.

    Raises:
        InvalidSlugError: The repository is not ``owner/name``.
    """
    folder = f"{month_folder(table, month)}" if month else f"{ROOT}/{table}"
    return f"{folder}/{file_stem(repository)}.parquet"


def repository_of(name: str) -> str:
    """Return the repository whose file has a name (``acme.web.parquet``); empty where no repository's has it."""
    match = _FILE.fullmatch(name[1:] if name.startswith("!_") else name)
    slug = f"{match['owner'].replace('!.', '.')}/{match['name']}" if match else ""
    return slug if is_slug(slug) and f"{file_stem(slug)}.parquet" == name else ""


def month_folder(table: str, month: str) -> str:
    """Return the folder of the files of one month (``2026-05``) of a table, below the place."""
    return f"{ROOT}/{table}/month={month}"


def as_file(table: PublishedTable, rows: pa.Table) -> bytes:
    """Return rows of a table as the bytes of a Parquet file, sorted; the same rows give the same bytes.

    Raises:
        ValueError: The rows do not have the table's columns.
    """
    schema = table.schema
    if rows.schema.names != schema.names:
        raise ValueError(f"{table.name} has the columns {schema.names}, not {rows.schema.names}")
    ordered = rows.cast(schema).sort_by([(name, "ascending") for name in table.order]).combine_chunks()
    sink = pa.BufferOutputStream()
    pq.write_table(
        ordered,
        sink,
        compression="zstd",
        version="2.6",
        data_page_version="1.0",
        use_dictionary=[column.name for column in table.columns if not column.is_varied],  # type: ignore[arg-type] # a list too, whatever the stubs say
        row_group_size=_ROW_GROUP_ROWS,
        store_schema=True,
        coerce_timestamps="us",
    )
    return sink.getvalue().to_pybytes()


_MOST_MONEY = 1e9  # US dollars a row; ten digits before the point hold it, and sums of it


def money(amounts: Sequence[object]) -> tuple[pa.Array[Any], int]:
    """Return amounts as money, and how many were left out: infinities, and what money has no digits for.

    Floats are rounded to ten decimals; sums of money, which are decimal, stay as they are.
    """
    given: Any
    try:
        given = pa.array(amounts, NUMBER)
    except (pa.ArrowException, TypeError, OverflowError, ValueError):
        return _money_of_each(amounts)
    usable = pc.less(pc.abs(given), pa.scalar(_MOST_MONEY))  # what is not a number is not less
    unusable = len(given) - given.null_count - (pc.sum(usable).as_py() or 0)
    return pc.if_else(usable, given, pa.scalar(None, NUMBER)).cast(MONEY, safe=False), unusable


def _money_of_each(amounts: Sequence[object]) -> tuple[pa.Array[Any], int]:
    """Return the same where some are not floats."""
    given: list[Any] = [amount if isinstance(amount, float | int | Decimal) else None for amount in amounts]
    usable = [None if amount is None or not abs(amount) < _MOST_MONEY else amount for amount in given]
    kind = MONEY if any(isinstance(amount, Decimal) for amount in usable) else NUMBER
    return pa.array(usable, kind).cast(MONEY, safe=False), usable.count(None) - given.count(None)
