"""The inputs of the action, defined once.

action.yml, the flags of ``entrypoint.py`` and docs/reference.md follow from them; a test holds that.
"""

from __future__ import annotations

from typing import NamedTuple

from prodlens.files import DEFAULT_REPORTS

COMMENT_AUTO, COMMENT_CHANGES, COMMENT_ALWAYS, COMMENT_OFF = "auto", "changes", "always", "off"
COMMENT_MODES = (COMMENT_AUTO, COMMENT_CHANGES, COMMENT_ALWAYS, COMMENT_OFF)


class Input(NamedTuple):
    """One input: an ``INPUT_`` variable in a workflow, a flag in a local run.

    Attributes:
        name: The word in ``with:`` and after ``--``.
        default: What it is when it is not given, as text.
        description: What it means, in one line.
        expression: What action.yml has as the default where only the workflow knows it.
        many: Whether it takes several values: one a line, or the flag repeated in a local run.
        none: Whether an empty text means "none" instead of the default.
        metavar: What stands for its value in ``--help``.
    """

    name: str
    default: str
    description: str
    expression: str = ""
    many: bool = False
    none: bool = False
    metavar: str = "TEXT"


INPUTS = (
    Input("token", "", "reads the repository, writes the comment", expression="${{ github.token }}"),
    Input(
        "repository",
        "",
        "owner/name; several, one a line, give one report each in one summary",
        expression="${{ github.repository }}",
        many=True,
        metavar="OWNER/NAME",
    ),
    Input("since", "28d", "start of the report: YYYY-MM-DD, Nd or Nw", metavar="DAY"),
    Input("until", "", "end of the report (that day excluded), same forms; empty: now", metavar="DAY"),
    Input("timezone", "UTC", "IANA name of the time zone that days are counted in", metavar="ZONE"),
    Input("lag-days", "1", "days from usage to outcome that the headline association looks at, 0 to 7", metavar="DAYS"),
    Input("policy-models", "", "approved models, one a line; shell patterns allowed", many=True, metavar="MODEL"),
    Input(
        "trace-artifacts",
        "prodlens-traces",
        "names of artifacts to ingest, one a line; shell patterns allowed (they list page by page); empty: none",
        many=True,
        none=True,
        metavar="NAME",
    ),
    Input(
        "trace-paths",
        "",
        "files, folders or globs of traces, one a line; empty, in a local run: what the tools of this machine keep",
        many=True,
        metavar="PATH",
    ),
    Input(
        "cache-artifact",
        "prodlens-cache",
        "artifact that carries the database from run to run (in a local run it stays where it is); empty: no cache",
        none=True,
        metavar="NAME",
    ),
    Input("cache-retention-days", "90", "days that GitHub keeps that artifact", metavar="DAYS"),
    Input(
        "cache-workflows",
        "",
        "workflow files whose cache is trusted, one a line, so that several can share it; empty: this workflow's file",
        many=True,
        metavar="FILE",
    ),
    Input(
        "keep-days",
        "400",
        "days after which rows leave the cache, if nothing in the report looks back that far",
        metavar="DAYS",
    ),
    Input("history-days", "180", "days of history that associations and charts look back on", metavar="DAYS"),
    Input("holidays", "", "days without work (YYYY-MM-DD), one a line", many=True, metavar="DAY"),
    Input("acceptance-target", "", "acceptance rate that the team aims at, 0 to 1; empty: none", metavar="SHARE"),
    Input("diff-threshold", "0.7", "diff ratio from which a suggestion counts as kept, 0 to 1", metavar="RATIO"),
    Input(
        "plan-cost-usd-per-month",
        "",
        "what subscriptions cost in US dollars a month; computed costs are then labelled list-price equivalent",
        metavar="USD",
    ),
    Input("people", "", "TOML file that joins the identities in the traces to GitHub logins", metavar="FILE"),
    Input(
        "attribute-by-person",
        "false",
        "give calls that nothing joins to a pull request to the only one that their person had open (low confidence)",
        metavar="true|false",
    ),
    Input(
        "prices",
        "",
        "TOML file of your own prices, or LiteLLM's model map as JSON; they go before the list prices",
        metavar="FILE",
    ),
    Input(
        "publish-to",
        "",
        "folder, s3://, gs:// or abfs:// that gets the published tables on runs that may save the cache; empty: none",
        metavar="PLACE",
    ),
    Input("publish-team", "", "team that the published tables name for the repository", metavar="NAME"),
    Input(
        "organisation-from",
        "",
        "place of the published tables of many repositories: runs that may save the cache report on all of them too; "
        "empty: none",
        metavar="PLACE",
    ),
    Input("organisation-teams", "", "TOML file of the teams' repositories, for that report", metavar="FILE"),
    Input("organisation-people-at-least", "5", "fewest people behind a figure of that report, 5 or more", metavar="N"),
    Input(
        "comment",
        "auto",
        "the pull request comment: auto (where a cost or a sign of AI is known), changes (only when the figures "
        "changed), always or off",
        metavar="MODE",
    ),
    Input(
        "comment-threshold-usd",
        "",
        "with comment: auto, the cost of the pull request in US dollars below which no comment is written; empty: none",
        metavar="USD",
    ),
    Input(
        "comment-key",
        "",
        "tells this report's comment and artifact from those of other steps; workflow file and job always do",
    ),
    Input("comment-issue", "", "number of an issue that gets the report on runs without a pull request", metavar="N"),
    Input("summary", "true", "write the job summary", metavar="true|false"),
    Input(
        "fail-if",
        "",
        "conditions, one a line: path.in.report OP number, e.g. error_rate > 0.05, pull_request.cost_usd > 20 or "
        "forecast.month_cost_usd.low > 5000",
        many=True,
        metavar="CONDITION",
    ),
    Input("github-budget", "800", "most GitHub API requests of one run", metavar="N"),
    Input(
        "anonymize",
        "auto",
        "people in traces become pseudonyms, or without a key are left out: auto (in public repositories), on or off",
        metavar="MODE",
    ),
    Input("anonymize-key", "", "secret that makes the pseudonyms"),
    Input(
        "output-dir",
        DEFAULT_REPORTS.as_posix(),
        "folder that report.json, report.md, report.html and report.csv go to",
        metavar="DIR",
    ),
    Input(
        "dry-run", "false", "do everything but write to GitHub, and print what would be written", metavar="true|false"
    ),
)


class LocalFlag(NamedTuple):
    """A flag of the local run alone; without a ``metavar`` it is a switch."""

    name: str
    description: str
    metavar: str = ""
    default: str = ""


LOCAL_FLAGS = (
    LocalFlag("offline", "ask nothing of the network: commits and merged pull requests come from the clone"),
    LocalFlag("db", "database of calls, pull requests and commits (default: .prod-lens/cache.db)", "FILE"),
    LocalFlag("clone", "git clone to take commits from (default: this folder, if it is a clone of it)", "DIR"),
    LocalFlag("pr", "number of one pull request: print its cost, signs of AI and timeline instead of the report", "N"),
)
