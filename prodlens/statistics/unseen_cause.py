"""How strong an unseen cause would have to be to explain a difference away."""

from __future__ import annotations

import math
from dataclasses import dataclass

_MOST_TIMES = 1000.0
_STEPS = 60


@dataclass(frozen=True, slots=True)
class Robustness:
    """How strong an unseen property of the work would have to be to explain a difference away.

    Attributes:
        value: Share of what is left of both the choice and the outcome that it would have to explain.
        times_yardstick: The same as a multiple of what a seen property explains; None where no multiple is enough or
            the seen property says nothing of the choice.
    """

    value: float
    times_yardstick: float | None


def robustness_value(partial_r2: float) -> float:
    """Return the share of both choice and outcome that explains an effect away (Cinelli and Hazlett 2020).

    RV = (sqrt(f^4 + 4 f^2) - f^2) / 2 with f^2 = R^2 / (1 - R^2), which is t^2 / df.

    Args:
        partial_r2: Share of what is left of the outcome that the choice explains.
    """
    if partial_r2 >= 1:
        return 1.0
    f2 = partial_r2 / (1 - partial_r2)
    return (math.sqrt(f2 * f2 + 4 * f2) - f2) / 2


def robustness(partial_r2: float, of_choice: float, of_outcome: float) -> Robustness:
    """Return the robustness value, and how many times as telling as a seen property the unseen one would have to be.

    The bias of a cause k times as strong as the seen property is that of Cinelli and Hazlett (2020, section 4.4), as
    in their ``sensemakr``: with r and s the property's partial R^2 with choice and outcome,
    R^2(Z, D) = k r / (1 - r), R^2(Y, Z) = eta^2 s / (1 - s); it explains an effect away from
    R^2(Y, Z) R^2(Z, D) / (1 - R^2(Z, D)) >= R^2 / (1 - R^2) on.

    Args:
        partial_r2: Share of what is left of the outcome that the choice explains.
        of_choice: Share of what is left of the choice that the seen property explains.
        of_outcome: Share of what is left of the outcome that the seen property explains, the choice held fixed.
    """
    value = robustness_value(partial_r2)
    if partial_r2 >= 1 or of_outcome >= 1 or not 0 < of_choice < 1:
        return Robustness(value, None)
    # From here on an unseen property would explain the choice altogether.
    most = min((1 - of_choice) / of_choice, _MOST_TIMES)
    if not _explains(most * (1 - 1e-9), partial_r2, of_choice, of_outcome):
        return Robustness(value, None)
    low, high = 0.0, most
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if _explains(middle, partial_r2, of_choice, of_outcome) else (middle, high)
    return Robustness(value, high)


def _explains(times: float, partial_r2: float, of_choice: float, of_outcome: float) -> bool:
    """Tell whether a cause so many times as telling as the seen property explains the effect away.

    It must not explain the choice altogether: ``choice`` and ``shared`` are below 1.
    """
    choice = times * of_choice / (1 - of_choice)
    shared = times * of_choice**2 / ((1 - times * of_choice) * (1 - of_choice))
    eta = (math.sqrt(times) + math.sqrt(shared)) / math.sqrt(1 - shared)
    outcome = min(eta * eta * of_outcome / (1 - of_outcome), 1.0)
    return outcome * choice / (1 - choice) >= partial_r2 / (1 - partial_r2)


def e_value(ratio: float) -> float:
    """Return the risk ratio that a cause must have with both choice and outcome (VanderWeele and Ding 2017).

    R + sqrt(R (R - 1)), with 1 / R for a ratio below 1.
    """
    larger = max(ratio, 1 / ratio)
    return larger + math.sqrt(larger * (larger - 1))


def e_value_of_bound(low: float, high: float) -> float:
    """Return the E-value of the end of an interval that is nearer to 1; 1 where the interval holds 1."""
    return 1.0 if low <= 1 <= high else e_value(low if low > 1 else high)


def risk_ratio_of_hazards(hazard_ratio: float) -> float:
    """Return the risk ratio that a hazard ratio of a common event is about (VanderWeele 2017).

    (1 - 0.5^sqrt(HR)) / (1 - 0.5^sqrt(1 / HR)).
    """
    return -math.expm1(math.sqrt(hazard_ratio) * math.log(0.5)) / -math.expm1(
        math.sqrt(1 / hazard_ratio) * math.log(0.5)
    )
