"""What is kept of the people in the traces."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from dataclasses import fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodlens.action.anonymize import Anonymizer, make_anonymizer
from prodlens.schemas import CanonicalTrace
from prodlens.storage import ProdLensStore
from prodlens.trace_ingestion import TraceIngestor

if TYPE_CHECKING:
    from pathlib import Path

KEY = "a secret of the repository"
ADDRESS = "ada.lovelace@example.org"


def trace(**given_fields: Any) -> CanonicalTrace:
    """Return a call of Ada's."""
    values: dict[str, Any] = {
        "session_id": "3f2c",
        "developer_id": "ada",
        "timestamp": datetime(2026, 5, 1, tzinfo=UTC),
        "model": "claude-sonnet-4@20250514",
        "tokens_in": 10,
        "tokens_out": 5,
        "latency_ms": 1.0,
        "status_code": 200,
        "accepted_flag": True,
    }
    return CanonicalTrace(**(values | given_fields))


@pytest.mark.parametrize(
    ("setting", "public", "everybody"),
    [
        ("auto", True, True),
        ("auto", False, False),
        ("auto", None, True),
        ("on", False, True),
        ("off", True, False),
    ],
)
def test_who_is_anonymised(setting: str, public: bool | None, everybody: bool) -> None:
    """``auto`` is on where anyone can download the cache, and where that is not known."""
    assert make_anonymizer(setting, public=public).everybody is everybody


def test_keyed_pseudonyms() -> None:
    """A person is HMAC-SHA256 of the name under the key, whatever its case, and another under another key."""
    kept = Anonymizer(everybody=True, key=KEY)(trace(developer_id="Ada"))
    expected = hmac.new(KEY.encode(), b"person\0ada", hashlib.sha256).hexdigest()[:12]
    assert kept.developer_id == f"person-{expected}"
    assert kept.session_id == "3f2c"
    assert Anonymizer(everybody=True, key="other")(trace()).developer_id != kept.developer_id


def test_left_out_without_a_key() -> None:
    """Without a key nobody is named, since a hash without one can be tried out."""
    kept = Anonymizer(everybody=True)(trace(session_id="ada"))
    assert (kept.developer_id, kept.session_id) == (None, None)


def test_off_keeps_names_and_no_address() -> None:
    """``off`` keeps what people are called; an e-mail address is never kept."""
    off = make_anonymizer("off", public=False)
    assert off(trace()).developer_id == "ada"
    assert off(trace(developer_id=ADDRESS)).developer_id is None
    assert off(trace(session_id=f"user {ADDRESS}")).session_id is None
    keyed = make_anonymizer("off", public=False, key=KEY)(trace(developer_id=ADDRESS, session_id=ADDRESS))
    assert re.fullmatch(r"person-[0-9a-f]{12}", str(keyed.developer_id))
    assert re.fullmatch(r"session-[0-9a-f]{12}", str(keyed.session_id))


def test_people_join_before_they_are_anonymised() -> None:
    """Two identities of one person become one login, or one pseudonym."""
    people = {ADDRESS.upper(): "ada-gh", "ada": "ada-gh"}
    off = make_anonymizer("off", public=False, people=people)
    assert {off(trace(developer_id=name)).developer_id for name in (ADDRESS, "ada")} == {"ada-gh"}
    on = make_anonymizer("on", public=False, key=KEY, people=people)
    assert len({on(trace(developer_id=name)).developer_id for name in (ADDRESS, "ada", "ada-gh")}) == 1


def test_hashes_do_not_give_names_away() -> None:
    """A hash that a name went into is keyed, or made anew without it; one of a call's own id stays."""
    named = trace()
    original = named.to_record()["trace_hash"]
    for anonymizer in (Anonymizer(everybody=True), Anonymizer(everybody=True, key=KEY)):
        kept = anonymizer(named)
        assert kept.to_record()["trace_hash"] != original
        assert anonymizer(named).to_record() == kept.to_record()
        identified = trace(call_id="msg_1")
        assert anonymizer(identified).to_record()["trace_hash"] == identified.to_record()["trace_hash"]
    assert Anonymizer(everybody=False)(named).to_record() == named.to_record()


def test_models_with_an_at_sign_stay() -> None:
    """A version after an at sign is not an address."""
    assert Anonymizer(everybody=True)(trace()).model == "claude-sonnet-4@20250514"


TEXTS = [f.name for f in fields(CanonicalTrace) if f.name in trace().to_record() and "str" in str(f.type)]


@given(
    values=st.fixed_dictionaries({name: st.sampled_from([None, "x", ADDRESS, f"a {ADDRESS} b"]) for name in TEXTS}),
    everybody=st.booleans(),
    key=st.sampled_from(["", KEY]),
)
def test_no_address_is_ever_kept(values: dict[str, Any], everybody: bool, key: str) -> None:
    """Wherever an address stands in a trace, it is gone, and anonymising twice changes nothing."""
    values = {**values, "repo_slug": None, "trace_hash": None, "cost_source": None, "decision": None, "source": None}
    anonymizer = Anonymizer(everybody=everybody, key=key)
    kept = anonymizer(trace(**values))
    assert "@example" not in str(kept.to_record())
    assert anonymizer(kept).developer_id == kept.developer_id


def test_nothing_of_a_person_reaches_the_store_or_the_lake(tmp_path: Path) -> None:
    """Ingested through the anonymizer, neither a name nor an address is in any file that was made."""
    line: dict[str, Any] = {
        "timestamp": "2026-05-01T10:00:00Z",
        "usage": {"input_tokens": 1, "output_tokens": 2},
        "attributes": {"llm.model_name": "gpt-4o", "accepted": True},
        "metadata": {"session_id": "session_1", "developer_id": ADDRESS, "repo": "octo/repo"},
    }
    named = {**line, "metadata": {**line["metadata"], "developer_id": "lovelace"}}
    (tmp_path / "traces.jsonl").write_text(f"{json.dumps(line)}\n{json.dumps(named)}\n", encoding="utf-8")
    made = tmp_path / "made"
    with ProdLensStore(made / "s.db") as store:
        ingestor = TraceIngestor(
            store,
            dead_letter_dir=made / "dead",
            parquet_dir=made / "lake",
            anonymize=make_anonymizer("auto", public=True, key=KEY),
        )
        assert ingestor.ingest_file(tmp_path / "traces.jsonl") == 2
        people = {row["developer_id"] for row in store.fetch_sessions()}
    assert all(re.fullmatch(r"person-[0-9a-f]{12}", person) for person in people)
    assert len(people) == 2
    files = [path for path in made.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} >= {".db", ".parquet"}
    assert [path for path in files if b"lovelace" in path.read_bytes()] == []
