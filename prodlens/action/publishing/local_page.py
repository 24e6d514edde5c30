"""What a local run prints of one pull request, instead of the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prodlens.errors import ConfigurationError, InputNotFoundError
from prodlens.metrics import described_pull_request
from prodlens.rendering import render_pull_request

if TYPE_CHECKING:
    from prodlens.action.job import Job


def show_pull_request(job: Job, number: int) -> None:
    """Print what is stored of a pull request.

    Raises:
        ConfigurationError: The run is about several repositories.
        InputNotFoundError: Neither the pull request nor a call that belongs to it is stored.
    """
    if len(job.repositories) != 1:
        raise ConfigurationError(f"pr: name the one repository of pull request {number} with --repository")
    by_person = job.settings.attribute_by_person
    facts = described_pull_request(job.store.conn, job.repositories[0], number, people=job.people, by_person=by_person)
    if facts is None:
        raise InputNotFoundError(
            f"pr: pull request {number} of {job.repositories[0]} is not known; without a token, only those merged "
            "into this clone's default branch are"
        )
    job.environment.show(render_pull_request(facts, width=job.environment.width))
