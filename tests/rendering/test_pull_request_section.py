"""How what pull requests cost reads."""

from __future__ import annotations

from prodlens.rendering.pull_request_section import pull_request_section
from tests.metrics.test_pull_request_costs import costs_of, feature, spent


def sentences(costs: dict[str, object]) -> str:
    """Return every sentence of the section, empty without one."""
    section = pull_request_section({"pull_request_costs": costs})
    return "" if section is None else " ".join(map(str, (*section.sentences, *section.after)))


def test_work_in_workflows_and_weak_attribution_are_named() -> None:
    """What workflows spent and what rests on person and time alone have a sentence each."""
    calls = [
        spent("5-02", 1.5, pull_request=7, origin="workflow"),
        spent("5-02", 2.5, developer_id="ada", origin="desk"),
    ]
    text = sentences(costs_of(calls, [feature(8, "5-01", author="ada")], attribute_by_person=True))
    assert "$4.00 of the $4.00 in this period (100%) belong to a pull request." in text
    assert "Of that, $1.50 was spent in workflows, by agents that review or work there." in text
    assert "$2.50 are attributed by person and time alone, with low confidence." in text


def test_nothing_is_said_of_what_there_is_none_of() -> None:
    """Without such calls neither sentence stands there, and without any attributed call no section does."""
    text = sentences(costs_of([spent("5-02", 1.5, pull_request=7)], []))
    assert "workflows" not in text
    assert "low confidence" not in text
    assert "their session was linked to the pull request before them" in text
    assert sentences(costs_of([spent("5-02", 1.5)], [])) == ""
