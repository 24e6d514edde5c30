"""The signs that each tool leaves, from ``ai_signatures.toml``, ready to look up."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Signatures:
    """The signs that each tool leaves: every key in lower case, ready to look up."""

    version: str
    trailer_keys: frozenset[str]
    emails: Mapping[str, str]
    ids: Mapping[int, str]
    logins: Mapping[str, str]
    names: tuple[tuple[re.Pattern[str], str], ...]
    first_names: Mapping[str, str]
    models: tuple[re.Pattern[str], ...]
    branches: tuple[tuple[str, str], ...]
    labels: Mapping[str, str]
    phrases: tuple[tuple[str, str], ...]
    comments: tuple[tuple[str, str], ...]
    links: tuple[tuple[str, str], ...]
    agents: Mapping[str, str]

    @cached_property
    def words_of_bodies(self) -> tuple[str, ...]:
        """What a description holds, in lower case, that says anything of a tool: one of these at least."""
        told = (text for text, _ in (*self.phrases, *self.comments, *self.links))
        return (*told, *(f"{key}:" for key in sorted(self.trailer_keys)))


@cache
def signatures() -> Signatures:
    """Return the signatures that come with the package."""
    data = tomllib.loads(files("prodlens.evidence").joinpath("ai_signatures.toml").read_text(encoding="utf-8"))
    tools = data["tool"]

    def pairs(key: str) -> list[tuple[Any, str]]:
        return [(value, tool["name"]) for tool in tools for value in tool.get(key, ())]

    return Signatures(
        version=data["version"],
        trailer_keys=frozenset(data["trailer_keys"]),
        emails={email.lower(): tool for email, tool in pairs("emails")},
        ids=dict(pairs("ids")),
        logins={login.lower(): tool for login, tool in pairs("logins")},
        names=tuple((re.compile(name, re.IGNORECASE), tool) for name, tool in pairs("names")),
        first_names={name.lower(): tool for name, tool in pairs("first_names")},
        models=tuple(re.compile(model, re.IGNORECASE) for model, _ in pairs("models")),
        branches=tuple(pairs("branches")),
        labels={
            **dict.fromkeys(data["generic_labels"], ""),
            **{label.lower(): tool for label, tool in pairs("labels")},
        },
        phrases=tuple(pairs("phrases")),
        comments=tuple(pairs("comments")),
        links=tuple(pairs("links")),
        agents={agent.lower(): tool for agent, tool in pairs("agents")},
    )


def tool_named(agent: str) -> str:
    """Return the tool that an agent's name stands for, empty where it is not known."""
    known = signatures()
    by_pattern = (tool for pattern, tool in known.names if pattern.fullmatch(agent))
    return known.first_names.get(agent.lower()) or next(by_pattern, "")


def model_in(name: str) -> str:
    """Return the model that the name of a tool ends with or holds in brackets, empty where it names none."""
    found = (pattern.fullmatch(name) for pattern in signatures().models)
    return next((match[1].strip() for match in found if match), "")
