"""Numbers as people read them: units, digits, intervals, and what stands for a missing figure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prodlens.rendering.wording import hours, probability

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "NO_DATA",
    "correlation",
    "count",
    "equal",
    "factor",
    "hours",
    "interval",
    "milliseconds",
    "number",
    "optional",
    "percent",
    "points",
    "points_interval",
    "probability",
    "ratio",
    "short_count",
    "usd",
]

NO_DATA = "not enough data"
_SECOND_MS = 1000.0
_LARGE = 100.0
_THOUSAND = 1000.0
_SHORTENED_FROM = 10_000
_POINTS = " points"
_MINUS = "\N{MINUS SIGN}"


def count(value: float) -> str:
    """``1234`` is ``1,234``."""
    return _signed(f"{value:,.0f}")


def short_count(value: float) -> str:
    """``18432100`` is ``18.4 M``; below 10,000 every digit is given."""
    if abs(value) < _SHORTENED_FROM:
        return count(value)
    for unit, size in (("k", 1e3), ("M", 1e6), ("bn", 1e9)):
        if abs(value) < 999.95 * size or unit == "bn":
            return _signed(f"{value / size:,.1f} {unit}")
    raise AssertionError("unreachable")


def number(value: float) -> str:
    """Three digits that matter: ``0.123``, ``12.3``, ``1,234``."""
    if value == 0 or abs(value) >= _THOUSAND:
        return _signed(f"{value:,.0f}")
    if abs(value) >= _LARGE:
        return _signed(f"{value:.0f}")
    if abs(value) >= 1:
        return _signed(f"{value:.{1 if abs(value) >= 10 else 2}f}")  # noqa: PLR2004 - two digits before the point
    return _signed(f"{value:.2g}")


def percent(value: float) -> str:
    """A share: ``0.0256`` is ``2.6%``; only none is ``0%`` and only all is ``100%``."""
    points = 100 * value
    if points in (0, 100):
        return f"{points:.0f}%"
    for digits in (1, 2):
        text = f"{points:.{digits}f}"
        if float(text) not in (0, 100):
            return _signed(f"{text}%")
    return "< 0.01%" if points < 50 else "> 99.99%"  # noqa: PLR2004 - the nearer end


def points(value: float) -> str:
    """A difference of shares, signed: ``0.021`` is ``+2.1 points``."""
    return _signed(f"{100 * value:+.1f}{_POINTS}")


def points_interval(bounds: Mapping[str, Any] | None) -> str:
    """The interval of a difference of shares, its unit said once: ``-3.0 to +7.7 points``."""
    return interval(bounds, lambda value: points(value).removesuffix(_POINTS)) + (_POINTS if bounds else "")


def usd(value: float) -> str:
    """Dollars: cents below 1,000, whole dollars from there, four digits below a cent."""
    sign = _MINUS if value < 0 else ""
    size = abs(value)
    digits = 0 if size >= _THOUSAND else 4 if 0 < size < 0.01 else 2  # noqa: PLR2004 - a cent
    return f"{sign}${size:,.{digits}f}"


def milliseconds(value: float) -> str:
    """A duration given in milliseconds: seconds from one second on."""
    return f"{value:.0f} ms" if value < _SECOND_MS else f"{value / _SECOND_MS:.1f} s"


def factor(value: float) -> str:
    """A bound of a ratio: ``1.32``."""
    return f"{value:.2f}"


def ratio(value: float) -> str:
    """A ratio: ``1.32`` is ``1.32 times``."""
    return f"{factor(value)} times"


def correlation(value: float) -> str:
    """A correlation or effect size with two digits and a sign."""
    return _signed(f"{value:+.2f}")


def equal(value: float) -> str:
    """A p- or q-value after its letter: ``= 0.040``, ``< 0.001``."""
    text = probability(value)
    return text if text.startswith("<") else f"= {text}"


def interval(bounds: Mapping[str, Any] | None, form: Callable[[float], str]) -> str:
    """``{low, high, level}`` as ``1.2 to 3.4 ``; an open bound is said in words, no interval is empty."""
    if not bounds or (bounds.get("low") is None and bounds.get("high") is None):
        return ""
    low, high = bounds.get("low"), bounds.get("high")
    if high is None:
        return f"{form(low)} or more"  # type: ignore[arg-type]
    if low is None:
        return f"up to {form(high)}"
    return f"{form(low)} to {form(high)}"


def optional(value: float | None, form: Callable[[float], str], otherwise: str = NO_DATA) -> str:
    """The figure in its form, or what stands for a missing one."""
    return otherwise if value is None else form(value)


def _signed(text: str) -> str:
    """Replace the hyphen before a number with a minus sign, and drop it before a zero."""
    if not text.startswith("-"):
        return text
    return text[1:] if not any(c in "123456789" for c in text) else _MINUS + text[1:]
