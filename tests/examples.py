"""How Hypothesis looks for counterexamples: how many examples a run tries, and which.

The same examples every time, since a run that decides whether a change lands must not depend on chance;
``pytest --hypothesis-profile=explore`` looks for new ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, settings

if TYPE_CHECKING:
    from collections.abc import Iterable

# Examples of a property that asks for no other number. `make test` runs the first profile, `make long` the second.
QUICK, THOROUGH, EXPLORE = 25, 100, 1000
_NORMAL = 100
_AT_LEAST = 10

# Whether examples come slowly is a question of how busy the machine is.
_HOWEVER_BUSY: dict[str, Any] = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
_GIVEN: dict[str, dict[str, Any]] = {
    "quick": _HOWEVER_BUSY | {"max_examples": QUICK, "derandomize": True},
    "thorough": _HOWEVER_BUSY | {"max_examples": THOROUGH, "derandomize": True},
    "explore": _HOWEVER_BUSY | {"max_examples": EXPLORE},
    # For mutants: what is not found quickly is a survivor, and a counterexample need not be small.
    "mutants": _HOWEVER_BUSY
    | {
        "max_examples": 20,
        "derandomize": True,
        "phases": (Phase.explicit, Phase.generate),
        "suppress_health_check": list(HealthCheck),
    },
}


def register_profiles() -> None:
    """Tell Hypothesis of every profile, and load ``quick``."""
    for name, given in _GIVEN.items():
        settings.register_profile(name, **given)
    settings.load_profile("quick")


def examples(number: int, *, suppress_health_check: Iterable[HealthCheck] = (), **others: Any) -> settings:
    """Return settings for a property with examples of another price, or of another number of kinds, than most.

    Args:
        number: How many it tries where a property that asks for nothing tries 100. Other profiles try more or fewer in
            proportion, but not fewer than ten; ``mutants`` takes the number as it is.
        suppress_health_check: What Hypothesis does not look for, beside what the profile leaves out.
        others: Further settings.
    """
    others["suppress_health_check"] = [*settings().suppress_health_check, *suppress_health_check]
    if settings.get_current_profile_name() == "mutants":
        return settings(max_examples=number, **others)
    scaled = number * settings().max_examples // _NORMAL
    return settings(max_examples=max(scaled, min(number, _AT_LEAST)), **others)
