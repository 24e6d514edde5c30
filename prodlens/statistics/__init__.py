"""The statistics of a report: pure functions on arrays, which know nothing of stores, tables or reports.

Every result is a frozen dataclass. What cannot be computed is None beside a ``reason``, never NaN and never 0.
Callers import the module of a topic, such as ``prodlens.statistics.survival``: names given here would load numpy for
those who need a threshold alone. ``scipy.stats`` loads inside the functions that need it, since importing it takes most
of a second.
"""
