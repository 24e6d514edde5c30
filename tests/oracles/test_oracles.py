"""The comparison of assisted pull requests against statsmodels, lifelines and pyfixest, on several made-up teams.

The plain tests hold a few of these values as literals. Here they are computed, so that any team can be asked for.
"""

from __future__ import annotations

import math
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from prodlens.statistics.adoption import adoption_effect
from prodlens.statistics.matched_pairs import matched_pairs
from prodlens.statistics.stratified_cox import stratified_cox
from prodlens.statistics.two_way_poisson import poisson_contrast
from prodlens.statistics.within_author import codes_of, within_author_contrast, yardstick
from tests.statistics.made_up_teams import Work, adopting_team, team

LIBRARIES = ("statsmodels", "lifelines", "pyfixest")
pytestmark = [
    pytest.mark.skipif(
        not all(map(find_spec, LIBRARIES)),
        reason="oracles layer: install requirements-oracles.lock into an environment",
    ),
    pytest.mark.filterwarnings("ignore"),
]
SEEDS = (7, 8, 9)


def frame(work: Work) -> Any:
    """Return a team's pull requests as a data frame."""
    columns = {
        "y": work.log_hours,
        "h": np.exp(work.log_hours),
        "m": work.merged.astype(int),
        "d": work.assisted,
        "a": work.authors,
        "w": work.weeks,
        "s": work.covariates[:, 0],
        "f": work.covariates[:, 1],
    }
    return import_module("pandas").DataFrame(columns)


def panel_frame(seed: int) -> Any:
    """Return weekly counts as a data frame, ``D`` from the beginning on and ``pre`` in the four weeks before."""
    panel = adopting_team(seed)
    rows = import_module("pandas").DataFrame({"y": panel.counts, "a": panel.authors, "w": panel.weeks})
    begun = [panel.adopted.get(name, math.inf) for name in panel.authors]
    rows["D"] = [float(week >= start) for week, start in zip(rows.w, begun, strict=True)]
    rows["pre"] = [float(0 < start - week <= 4) for week, start in zip(rows.w, begun, strict=True)]
    return rows


@pytest.mark.parametrize("seed", SEEDS)
def test_contrast_and_error(seed: int) -> None:
    """Feols with two fixed effects and CRV3, whose factor G / (G - 1) is taken back, with size and without."""
    pyfixest, work = import_module("pyfixest"), team(seed)
    correction = pyfixest.ssc(k_adj=False, G_adj=False)
    for formula, covariates in (("y ~ d + s + f | a + w", work.covariates), ("y ~ d | a + w", work.covariates[:, :0])):
        model = pyfixest.feols(formula, frame(work), vcov={"CRV3": "a"}, ssc=correction)
        found = within_author_contrast(work.log_hours, work.assisted, work.authors, work.weeks, covariates)
        groups = len(set(work.authors))
        assert found.beta == pytest.approx(float(model.coef()["d"]), rel=1e-8)
        assert found.error == pytest.approx(float(model.se()["d"]) * math.sqrt((groups - 1) / groups), rel=1e-8)


@pytest.mark.parametrize("seed", SEEDS)
def test_shares_explained(seed: int) -> None:
    """OLS with dummies: partial R^2 of the kind by its t, of size by the sums of squares with it and without."""
    ols, work = import_module("statsmodels.formula.api").ols, team(seed)
    data = frame(work)
    whole, without = ols("y ~ d + s + f + C(a) + C(w)", data).fit(), ols("y ~ d + C(a) + C(w)", data).fit()
    choice, plain = ols("d ~ s + f + C(a) + C(w)", data).fit(), ols("d ~ C(a) + C(w)", data).fit()
    arguments = (work.log_hours, work.assisted, work.authors, work.weeks, work.covariates)
    t = float(whole.tvalues["d"])
    assert within_author_contrast(*arguments).partial_r2 == pytest.approx(t * t / (t * t + whole.df_resid), rel=1e-7)
    size = yardstick(*arguments, (0, 1))
    assert size is not None
    assert size.of_outcome == pytest.approx(1 - whole.ssr / without.ssr, rel=1e-7)
    assert size.of_choice == pytest.approx(1 - choice.ssr / plain.ssr, rel=1e-7)


@pytest.mark.parametrize("seed", SEEDS)
def test_hazard_ratio(seed: int) -> None:
    """CoxPHFitter with strata, and its refits without each author, which one Newton step comes near."""
    fitter, pandas, work = import_module("lifelines").CoxPHFitter, import_module("pandas"), team(seed)
    data = pandas.get_dummies(frame(work).drop(columns="y"), columns=["w"], drop_first=True, dtype=float)

    def fitted(rows: Any) -> float:
        return float(fitter().fit(rows, "h", "m", strata=["a"]).params_["d"])

    whole = fitted(data)
    without = np.array([fitted(data[data.a != name]) for name in sorted(set(work.authors))])
    error = math.sqrt((len(without) - 1) / len(without) * float(((without - whole) ** 2).sum()))
    found = stratified_cox(
        np.exp(work.log_hours), work.merged, work.assisted, work.authors, work.weeks, work.covariates
    )
    assert found.beta == pytest.approx(whole, abs=2e-4)
    assert found.error == pytest.approx(error, rel=0.05)


@pytest.mark.parametrize("seed", SEEDS)
def test_rate_ratio_and_imputation(seed: int) -> None:
    """GLM(Poisson) with clusters, fepois, and the forecasts of a GLM on the cells before the beginning."""
    glm, poisson = import_module("statsmodels.formula.api").glm, import_module("statsmodels.api").families.Poisson
    data, panel = panel_frame(seed), adopting_team(seed)
    clusters = {"groups": codes_of(panel.authors), "use_correction": False}
    model = glm("y ~ D + C(a) + C(w)", data, family=poisson()).fit(tol=1e-12, cov_type="cluster", cov_kwds=clusters)
    found = poisson_contrast(panel.counts, data.D.to_numpy(), codes_of(panel.authors), codes_of(panel.weeks))
    groups = len(set(panel.authors))
    assert found is not None
    assert found.delta == pytest.approx(float(model.params["D"]), rel=1e-5)
    assert found.error == pytest.approx(float(model.bse["D"]) * math.sqrt(groups / (groups - 1)), rel=1e-5)
    fepois = import_module("pyfixest").fepois("y ~ D | a + w", data)
    assert found.delta == pytest.approx(float(fepois.coef()["D"]), rel=1e-4)
    before = data[data.D == 0]
    foretold = glm("y ~ C(a) + C(w)", before, family=poisson()).fit(tol=1e-12)
    used = data[(data.D == 1) & data.w.map(before.groupby("w").a.nunique()).ge(3)]
    effect = adoption_effect(panel)
    assert effect.ratio == pytest.approx(used.y.sum() / foretold.predict(used).sum(), rel=1e-6)
    lead = glm("y ~ pre + C(a) + C(w)", before, family=poisson()).fit(tol=1e-12)
    assert effect.placebo_ratio == pytest.approx(math.exp(lead.params["pre"]), rel=1e-5)


def test_signed_ranks() -> None:
    """``scipy.stats.wilcoxon`` with the normal approximation, on pairs of one author each."""
    differences = np.random.default_rng(1).normal(0.4, 1, 40)
    outcome = np.column_stack([differences, np.zeros(40)]).ravel()
    found = matched_pairs(outcome, np.tile([1.0, 0.0], 40), [at // 2 for at in range(80)], np.zeros(80), np.zeros(80))
    expected = import_module("scipy.stats").wilcoxon(differences, method="asymptotic", correction=False)
    assert found.p == pytest.approx(float(expected.pvalue), rel=1e-9)
