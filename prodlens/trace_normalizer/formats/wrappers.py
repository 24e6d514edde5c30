"""Records that hold or accompany others: LiteLLM's S3 objects are unwrapped, process logs are skipped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodlens.json_values import mapping
from prodlens.trace_normalizer.formats import litellm
from prodlens.trace_normalizer.formats.interface import Format, Item, RecordReader, Skipped, Unusable

if TYPE_CHECKING:
    from collections.abc import Mapping


def _is_s3_object(record: Mapping[str, Any]) -> bool:
    return "body" in record and "key" in record and "ct" in record


def _read_s3_object(record: Mapping[str, Any]) -> list[Item]:
    body = mapping(record["body"])
    return litellm.read(body) if litellm.matches(body) else [Unusable("S3 object that holds no LiteLLM payload")]


def _explain_s3_object(record: Mapping[str, Any]) -> dict[str, str]:
    found = litellm.explain(mapping(record.get("body")))
    return {name: f"body.{path}" for name, path in found.items()}


def _is_process_log(record: Mapping[str, Any]) -> bool:
    return "message" in record and "level" in record and ("timestamp" in record or "logger" in record)


EMPTY = Format(
    name="empty",
    title="empty object, as VS Code writes the spans that it cannot serialize",
    matches=lambda record: not record,
    reader=lambda: RecordReader(lambda _: [Skipped("empty object")]),
    explain=lambda _: {},
)
LITELLM_S3 = Format(
    name="litellm-s3",
    title="LiteLLM S3 object",
    matches=_is_s3_object,
    reader=lambda: RecordReader(_read_s3_object),
    explain=_explain_s3_object,
)
PROCESS_LOG = Format(
    name="process-log",
    title="process log",
    matches=_is_process_log,
    reader=lambda: RecordReader(lambda _: [Skipped("process log")]),
    explain=lambda _: {},
)
