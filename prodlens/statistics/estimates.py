"""What every estimate shares: its interval, the quantiles behind it, and numbers that are really numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy import special

if TYPE_CHECKING:
    from collections.abc import Sequence

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

LEVEL = 0.95

NOT_FINITE = "a value is missing or not finite"
TOO_LARGE = "the values are too large or too small to compute with"


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence interval in the unit of its estimate; a bound that the data leave open is None."""

    low: float | None
    high: float | None
    level: float = LEVEL


def numbers(values: Sequence[float] | FloatArray) -> FloatArray:
    """Return the values as one row of floats; None becomes NaN, which the callers turn into a reason."""
    return np.array(values, dtype=np.float64).reshape(-1)


def finite(value: float) -> float | None:
    """Return a plain float, None where arithmetic left the range of numbers."""
    return float(value) if math.isfinite(value) else None


def finite_interval(low: float, high: float) -> Interval | None:
    """Return the interval, None unless both its bounds are numbers."""
    return Interval(float(low), float(high)) if math.isfinite(low) and math.isfinite(high) else None


def normal_quantile(level: float = LEVEL) -> float:
    """Return the z that leaves (1 - level) / 2 on each side of a standard normal."""
    return float(special.ndtri((1 + level) / 2))


def t_quantile(df: float, level: float = LEVEL) -> float:
    """Return the t that leaves (1 - level) / 2 on each side of Student's t with ``df`` degrees of freedom."""
    return float(special.stdtrit(df, (1 + level) / 2))


def two_sided_p(t: float, df: float) -> float:
    """Return P(|T| >= |t|) for Student's t with ``df`` degrees of freedom."""
    return float(2 * special.stdtr(df, -abs(t)))
