"""What is read from GitHub's objects, as literal values."""

from __future__ import annotations

from prodlens.github_etl.parsing import events_details, node_details

REOPENINGS = ("2026-05-03T09:00:00Z", "2026-05-02T08:00:00Z", "2026-05-04T10:00:00Z")
FIRST = "2026-05-02T08:00:00+00:00"


def test_the_first_of_several_reopenings_counts() -> None:
    """Events in any order, and GraphQL nodes in any order, give the earliest reopening."""
    events = [{"event": "reopened", "created_at": at} for at in REOPENINGS]
    closed = {"event": "closed", "created_at": "2026-05-01T08:00:00Z"}
    assert events_details([closed, *events]) == {"reopened": True, "reopened_at": FIRST, "details": "events"}
    node = node_details({"timelineItems": {"nodes": [{"createdAt": at} for at in REOPENINGS]}})
    assert (node["reopened"], node["reopened_at"]) == (True, FIRST)


def test_a_reopening_without_a_readable_time_is_one_without_a_day() -> None:
    """It was reopened, on a day that is not known; a readable reopening beside it gives the day."""
    unread = {"event": "reopened", "created_at": None}
    assert events_details([unread]) == {"reopened": True, "reopened_at": None, "details": "events"}
    read = {"event": "reopened", "created_at": "2026-05-02T08:00:00Z"}
    assert events_details([unread, read])["reopened_at"] == FIRST
    assert events_details([{"event": "closed"}]) == {"reopened": False, "reopened_at": None, "details": "events"}
