"""Every source format, in the order in which a record is tried."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodlens.trace_normalizer.formats.amp import AMP
from prodlens.trace_normalizer.formats.claude_analytics import CLAUDE_ANALYTICS
from prodlens.trace_normalizer.formats.claude_execution import CLAUDE_EXECUTION
from prodlens.trace_normalizer.formats.claude_transcript import CLAUDE_TRANSCRIPT
from prodlens.trace_normalizer.formats.cline import CLINE
from prodlens.trace_normalizer.formats.codex import CODEX_ROLLOUT
from prodlens.trace_normalizer.formats.codex_exec import CODEX_EXEC
from prodlens.trace_normalizer.formats.copilot_billing import COPILOT_BILLING
from prodlens.trace_normalizer.formats.copilot_metrics import COPILOT_METRICS
from prodlens.trace_normalizer.formats.cursor_usage import CURSOR_USAGE
from prodlens.trace_normalizer.formats.gemini_chat import GEMINI_CHAT
from prodlens.trace_normalizer.formats.gh_aw import GH_AW
from prodlens.trace_normalizer.formats.langfuse import LANGFUSE
from prodlens.trace_normalizer.formats.litellm import LITELLM
from prodlens.trace_normalizer.formats.litellm_spend import LITELLM_SPEND
from prodlens.trace_normalizer.formats.opencode import OPENCODE
from prodlens.trace_normalizer.formats.openrouter_activity import OPENROUTER_ACTIVITY
from prodlens.trace_normalizer.formats.otel_agent_logs import OTLP_LOGS, OTLP_METRICS
from prodlens.trace_normalizer.formats.otel_js import OTEL_JS
from prodlens.trace_normalizer.formats.otel_span_shapes import OTLP_SPANS, SPAN_ROWS
from prodlens.trace_normalizer.formats.reference import REFERENCE
from prodlens.trace_normalizer.formats.wrappers import EMPTY, LITELLM_S3, PROCESS_LOG

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prodlens.trace_normalizer.formats.interface import Format

# What people have most comes first, since every record of a later format is tried by all before it. Langfuse's records
# would pass for lines of a transcript, and everything that is read as nothing comes last.
FORMATS: tuple[Format, ...] = (
    LITELLM,
    LITELLM_SPEND,
    LITELLM_S3,
    OTLP_SPANS,
    OTLP_LOGS,
    OTLP_METRICS,
    SPAN_ROWS,
    LANGFUSE,
    CLAUDE_TRANSCRIPT,
    CLAUDE_EXECUTION,
    CODEX_ROLLOUT,
    REFERENCE,
    OTEL_JS,
    GH_AW,
    GEMINI_CHAT,
    OPENCODE,
    AMP,
    CLINE,
    CODEX_EXEC,
    COPILOT_BILLING,
    COPILOT_METRICS,
    CURSOR_USAGE,
    CLAUDE_ANALYTICS,
    OPENROUTER_ACTIVITY,
    PROCESS_LOG,
    EMPTY,
)


# The files that agents keep of their own sessions: they are where the agent ran. A log of a gateway is not.
SESSION_FILES = frozenset(
    known.name
    for known in (CLAUDE_TRANSCRIPT, CLAUDE_EXECUTION, CODEX_ROLLOUT, CODEX_EXEC, GEMINI_CHAT, OPENCODE, AMP, CLINE)
)


def recognise(record: Mapping[str, Any]) -> Format | None:
    """Return the format of a record by its content; None when it is of no known format.

    A record of no known format is to be read as ``REFERENCE``, which says what it lacks.
    """
    for candidate in FORMATS:
        if candidate.matches(record):
            return candidate
    return None
