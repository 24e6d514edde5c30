"""The records that travel through ProdLens."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from prodlens.files import digest
from prodlens.timestamps import as_utc

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

ACCEPT = "accept"
REJECT = "reject"
AUTOMATIC = "automatic"
# The source of a decision that nobody wrote down as such: it yields to one that a log records outright.
INFERRED = "inferred"

_LENGTH_OF_A_DAY = len("2026-05-01")

# Where a cost comes from: the source wrote it down, or it is the list price or the user's own on the day of the call.
RECORDED = "recorded"
COMPUTED = "computed"
OWN_PRICE = "own-price"
OURS = frozenset({COMPUTED, OWN_PRICE})  # computed here, so that a recorded cost takes their place

# Where a call was made: in a workflow of GitHub Actions or the like, or on a person's machine.
WORKFLOW, DESK = "workflow", "desk"


def content_hash(value: object) -> str:
    """Identify a JSON-like value by its content: 32 hex digits, the same for any order of keys."""
    try:
        data = orjson.dumps(value, None, orjson.OPT_SORT_KEYS)
    except TypeError:  # no JSON yet: what only Python can hold
        data = orjson.dumps(value, str, orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    return digest(data)


def call_hash(call_id: str) -> str:
    """Identify a call by the id that its source gave it (a response, message, call or span id)."""
    return digest(call_id.encode(errors="surrogatepass"))


@dataclass(frozen=True, slots=True)
class UsageDay:
    """What a vendor reports of a person's or a model's day: a sum over calls that are not told one by one.

    Attributes:
        key: Identity of what is summed; a later report of it replaces this one.
        day: The vendor's day, or the UTC day of an event.
        tool: What was used: ``copilot``, ``cursor``, ``claude-code`` or ``openrouter``.
        source: Name of the format that the record was read from.
        person: Who, as the vendor names them.
        model: Name of the model as the vendor writes it.
        repo_slug: ``owner/name`` of the repository, where the vendor names one.
        tokens_in: Input tokens, cache reads and cache writes included.
        tokens_out: Output tokens, reasoning included.
        cache_read_tokens: Input tokens read from a cache, a part of ``tokens_in``.
        cache_write_tokens: Input tokens written to a cache, a part of ``tokens_in``.
        quantity: How much the vendor counts, in ``unit``.
        unit: ``requests``, ``ai-credits`` or ``sessions``.
        gross_usd: What the usage is worth by the vendor's price list, in US dollars.
        net_usd: What the vendor bills for it: the gross amount less what a plan includes.
    """

    key: str
    day: date
    tool: str
    source: str
    person: str | None = None
    model: str | None = None
    repo_slug: str | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    quantity: float | None = None
    unit: str | None = None
    gross_usd: float | None = None
    net_usd: float | None = None


@dataclass
class CanonicalTrace:
    """One model call, whatever program logged it.

    Attributes:
        session_id: The conversation that the call belongs to.
        developer_id: Who made the call, as the source names them; never an e-mail address in a store
            that is published (see the action's ``anonymize``).
        timestamp: Start of the call; naive times are UTC.
        model: Name of the model as the source writes it, a provider prefix included.
        tokens_in: Input tokens, cache reads and cache writes included.
        tokens_out: Output tokens, reasoning included.
        latency_ms: Start to end in milliseconds; 0.0 when it is not known.
        status_code: HTTP status; None when it is not known.
        accepted_flag: Whether a person accepted the suggestion; meaningless unless ``acceptance_known``.
        repo_slug: ``owner/name`` of the repository worked on.
        diff_ratio: Share of the suggestion that was kept, 0 to 1.
        accepted_lines: Lines of the suggestion that were accepted.
        acceptance_known: Whether the source said anything about acceptance.
        cost_usd: Cost in US dollars; None when it is not known.
        cost_source: ``recorded`` (the source said it), ``computed`` (list price that day), ``own-price`` (the user's
            price that day) or None.
        provider: Who served the model (``anthropic``, ``openai``, ``bedrock`` ...), for its price.
        cache_read_tokens: Input tokens read from a cache, a part of ``tokens_in``.
        cache_write_tokens: Input tokens written to a cache, a part of ``tokens_in``.
        cache_write_1h_tokens: Those of ``cache_write_tokens`` kept for an hour, priced higher.
        reasoning_tokens: Output tokens spent on reasoning, a part of ``tokens_out``.
        status_reason: Why a call failed, as the source names it (an error class, never a message).
        decision: What is known of the suggestion: ``accept``, ``reject`` or ``automatic``.
        source: Name of the format that the record was read from.
        call_id: The id that the source gave the call, if any; the identity of the call.
        partial: Whether the record was written before the call ended.
        cost_is_final: Whether a recorded cost of 0.0 is proven (cache hit, free model).
        branch: Branch worked on.
        pull_request: Number of the pull request worked on.
        trace_hash: Identity in the store; derived when None.
        price_modifier: What changes the price of the call's tokens: ``fast``, ``priority``, ``flex`` or ``batch``.
        web_searches: Searches that the service made and bills beside the tokens.
        time_is_estimated: Whether the record gave no time, so that ``timestamp`` is that of its file or artifact.
        price_caveat: Why a computed cost may differ from the bill; see ``prodlens.calls.pricing``.
        commit_sha: Commit that was checked out: 40 or 64 hex digits.
        origin: Where the call was made: in a ``workflow`` or at a ``desk``; None when it is not known.
    """

    session_id: str | None
    developer_id: str | None
    timestamp: datetime
    model: str | None
    tokens_in: int
    tokens_out: int
    latency_ms: float
    status_code: int | None
    accepted_flag: bool
    repo_slug: str | None = None
    diff_ratio: float | None = None
    accepted_lines: int | None = None
    acceptance_known: bool = True
    cost_usd: float | None = None
    cost_source: str | None = None
    provider: str | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    cache_write_1h_tokens: int | None = None
    reasoning_tokens: int | None = None
    status_reason: str | None = None
    decision: str | None = None
    source: str | None = None
    call_id: str | None = None
    partial: bool = False
    cost_is_final: bool = False
    branch: str | None = None
    pull_request: int | None = None
    trace_hash: str | None = None
    price_modifier: str | None = None
    web_searches: int | None = None
    time_is_estimated: bool = False
    price_caveat: str | None = None
    commit_sha: str | None = None
    origin: str | None = None

    def to_record(self) -> dict[str, Any]:
        """Convert to the row that the ``sessions`` table stores (SQLite types only).

        An unknown latency becomes None, and so does a negative or infinite cost: credits belong to a bill and not to a
        call. ``trace_hash``, ``event_date`` (UTC) and ``total_tokens`` are derived.
        """
        at = as_utc(self.timestamp)
        record: dict[str, Any] = vars(self).copy()
        record["timestamp"] = moment = at.isoformat()
        record["event_date"] = moment[:_LENGTH_OF_A_DAY]
        record["latency_ms"] = self.latency_ms or None
        record["total_tokens"] = self.tokens_in + self.tokens_out
        if self.cost_usd is not None and not 0 <= self.cost_usd < inf:  # not a number fails both comparisons
            record |= dict.fromkeys(_COST)
        for name in _FLAGS:
            record[name] = int(record[name])
        record["trace_hash"] = self.trace_hash or self._derive_hash(record)
        return record

    def _derive_hash(self, record: dict[str, Any]) -> str:
        if self.call_id:
            return call_hash(self.call_id)
        return content_hash({name: record[name] for name in IDENTITY})


@dataclass(frozen=True, slots=True)
class ToolUse:
    """The call in which the model proposed a tool use, so that a decision on it finds the call.

    Attributes:
        tool_use_id: Id of the proposed use.
        call_id: ``CanonicalTrace.call_id`` of the call.
    """

    tool_use_id: str
    call_id: str


@dataclass(frozen=True, slots=True)
class Alias:
    """A further id of a call, by which other sources know it.

    Attributes:
        alias: The further id.
        call_id: ``CanonicalTrace.call_id`` of the call.
    """

    alias: str
    call_id: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of a proposed tool use.

    Attributes:
        tool_use_id: Id of the proposed use.
        verdict: ``accept`` and ``reject`` are a person's; ``automatic`` is everything that no person decided.
        source: What said so, for example ``user_temporary`` or ``config``.
        accepted_lines: Lines added by the patch that was applied.
        diff_ratio: Share of the suggested lines that were applied, 0 to 1.
        call_id: The call, where the source of the decision names it.
        decided_at: When, in UTC.
    """

    tool_use_id: str
    verdict: str
    source: str | None = None
    accepted_lines: int | None = None
    diff_ratio: float | None = None
    call_id: str | None = None
    decided_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SessionLink:
    """A session was linked to a pull request of a repository, as Claude Code notes when it has opened one."""

    session_id: str
    linked_at: datetime
    repo_slug: str
    pull_request: int


@dataclass(frozen=True, slots=True)
class SessionBranch:
    """After a moment a session worked on this branch, whatever its lines name; None: on the one that they name."""

    session_id: str
    since: datetime
    branch: str | None


# What a call without an id is identified by: the documented fields less the slug, since a repository that is named
# beside a record is not a part of it. Another field here would make every stored call a new one.
IDENTITY = (
    "session_id",
    "developer_id",
    "timestamp",
    "model",
    "tokens_in",
    "tokens_out",
    "latency_ms",
    "status_code",
    "accepted_flag",
    "diff_ratio",
    "accepted_lines",
)

# What a column holds. JSON is text in SQLite, a flag is 0 or 1, a moment is ISO 8601 in UTC.
TEXT, SLUG, MOMENT, JSON = "text", "slug", "moment", "json"
INTEGER, FLAG, NUMBER = "integer", "flag", "number"
SQLITE_TYPES = dict.fromkeys([TEXT, SLUG, MOMENT, JSON], "TEXT") | {
    INTEGER: "INTEGER",
    FLAG: "INTEGER",
    NUMBER: "REAL",
}
# How the records of one call agree on a column: the first record that knows it, in the order of their completeness; or
# the most complete record alone; or together with the other columns of a group, from the first record that knows it.
FIRST_KNOWN, OF_THE_WINNER = "first known", "of the winner"
TIME, TOKENS, STATUS, ACCEPTANCE, COST = "time", "tokens", "status", "acceptance", "cost"


class Column(NamedTuple):
    """A column of a table.

    Attributes:
        name: Its name, in SQLite, Parquet and data frames alike.
        kind: What it holds, one of the words above.
        merged: How several records of a call agree on it.
        default: What it is where a record does not say; None: unknown.
        is_varied: Whether nearly every row has another value, so that a dictionary of them costs time and space.
        is_few: Whether a day has a handful of values, whose dictionary takes longer to pack than packing saves.
    """

    name: str
    kind: str = TEXT
    merged: str = FIRST_KNOWN
    default: int | None = None
    is_varied: bool = False
    is_few: bool = False


# The columns of ``sessions`` and of the lake's partitions: the fields of a call, then what is derived from them.
CALL_COLUMNS = (
    Column("session_id", is_varied=True),
    Column("developer_id"),
    Column("timestamp", MOMENT, TIME, is_varied=True),
    Column("model", is_few=True),
    Column("tokens_in", INTEGER, TOKENS, 0, is_varied=True),
    Column("tokens_out", INTEGER, TOKENS, 0, is_varied=True),
    Column("latency_ms", NUMBER, is_varied=True),
    Column("status_code", INTEGER, STATUS, is_few=True),
    Column("accepted_flag", FLAG, ACCEPTANCE, 0, is_few=True),
    Column("repo_slug", SLUG, is_few=True),
    Column("diff_ratio", NUMBER, is_varied=True),
    Column("accepted_lines", INTEGER, is_varied=True),
    Column("acceptance_known", FLAG, ACCEPTANCE, 1, is_few=True),
    Column("cost_usd", NUMBER, COST, is_varied=True),
    Column("cost_source", TEXT, COST, is_few=True),
    Column("provider", is_few=True),
    Column("cache_read_tokens", INTEGER),
    Column("cache_write_tokens", INTEGER),
    Column("cache_write_1h_tokens", INTEGER),
    Column("reasoning_tokens", INTEGER),
    Column("status_reason", TEXT, STATUS, is_few=True),
    Column("decision", TEXT, ACCEPTANCE, is_few=True),
    Column("source", TEXT, OF_THE_WINNER, is_few=True),
    Column("call_id"),
    Column("partial", FLAG, OF_THE_WINNER, 0, is_few=True),
    Column("cost_is_final", FLAG, COST, 0, is_few=True),
    Column("branch"),
    Column("pull_request", INTEGER),
    Column("trace_hash", TEXT, OF_THE_WINNER, is_varied=True),
    Column("price_modifier", is_few=True),
    Column("web_searches", INTEGER, is_few=True),
    Column("time_is_estimated", FLAG, TIME, 0, is_few=True),
    Column("price_caveat", TEXT, COST, is_few=True),
    Column("commit_sha"),
    Column("origin", is_few=True),
    Column("event_date", TEXT, TIME, is_few=True),
    Column("total_tokens", INTEGER, TOKENS, 0, is_varied=True),
)
PULL_REQUEST_COLUMNS = (
    Column("id", INTEGER),
    Column("repo_slug", SLUG),
    Column("number", INTEGER),
    Column("title"),
    Column("author"),
    Column("author_type"),
    Column("state"),
    Column("draft", FLAG),
    Column("created_at", MOMENT),
    Column("merged_at", MOMENT),
    Column("closed_at", MOMENT),
    Column("updated_at", MOMENT),
    Column("reopened", FLAG, default=0),
    Column("reopened_at", MOMENT),
    Column("first_review_at", MOMENT),
    Column("additions", INTEGER),
    Column("deletions", INTEGER),
    Column("changed_files", INTEGER),
    Column("commit_count", INTEGER),
    Column("labels", JSON),
    Column("head_ref"),
    Column("head_sha"),
    Column("head_repo"),
    Column("base_ref"),
    Column("merge_commit_sha"),
    Column("node_id"),
    Column("details"),
    Column("details_for", MOMENT),
    Column("truncated", JSON),
    Column("review_count", INTEGER),
    Column("changes_requested", INTEGER),
    Column("review_rounds", INTEGER),
    Column("ready_at", MOMENT),
    Column("reverts", INTEGER),
    Column("reverted_at", MOMENT),
    Column("body_signs", JSON),
)


def names_of(columns: Iterable[Column], *, kind: str | None = None, merged: str | None = None) -> tuple[str, ...]:
    """Return the names of columns, of a kind or a rule of merging if given, in their order."""
    return tuple(each.name for each in columns if kind in {None, each.kind} and merged in {None, each.merged})


_FLAGS = names_of(CALL_COLUMNS, kind=FLAG)
_COST = ("cost_usd", "cost_source", "price_caveat")
