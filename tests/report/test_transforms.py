"""The page about a mixture of transformed features."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from gaussmix import GaussianMixture, TransformedMixtureError, bootstrap
from gaussmix.core.transforms import TRANSFORMS
from gaussmix.explain import summarize
from gaussmix.report.map_data import map_data
from gaussmix.report.page import render_report
from gaussmix.report.verdict import excess_over_single

NAMES = ["income", "age", "visits"]


@pytest.fixture(scope="module")
def model(customers):
    return GaussianMixture(2, transforms=["log", "identity", "sqrt"], random_state=0).fit(customers)


def unpacked(text, dtype):
    return np.frombuffer(base64.b64decode(text), dtype=dtype).astype(float)


def placed(axis, z):
    """What the page's script shows for a place on an axis."""
    values = axis["offset"] + axis["scale"] * z
    if axis["transform"] is None:
        return values
    numbers = dict(axis["transform"])
    return TRANSFORMS[numbers.pop("name")](**numbers).inverse(values)


def test_the_map_shows_the_rows_and_the_medians_where_they_are(customers, model):
    data = map_data(model, customers, summarize(model, customers, NAMES), component_names=["0", "1"])
    medians = model.transforms_.inverse(model.means_)
    for d, axis in enumerate(data["axes"][:3]):
        assert placed(axis, unpacked(axis["z"], "<f4")) == pytest.approx(customers[:, d], rel=1e-5)
        centers = np.array([component["center"][d] for component in data["components"]])
        assert placed(axis, centers) == pytest.approx(medians[:, d], rel=1e-6)
    assert "income (log)" in data["axes"][3]["about"] + data["axes"][4]["about"]


def test_the_density_of_one_feature_is_that_of_the_data():
    x = np.exp(np.random.default_rng(0).normal(size=(300, 1)))
    model = GaussianMixture(transforms=["log"]).fit(x)
    data = map_data(model, x, summarize(model, x), component_names=["0"])
    axis, density = data["axes"][0], data["density"]
    grid = placed(axis, unpacked(density["grid"], "<f4"))
    curve = unpacked(density["curves"], "<f4") / axis["scale"]
    assert curve == pytest.approx(np.exp(model.score_samples(grid[:, None])), rel=1e-4, abs=1e-7)
    edges = placed(axis, unpacked(density["edges"], "<f4"))
    heights = unpacked(density["heights"], "<f4") / axis["scale"]
    assert heights @ np.diff(edges) == pytest.approx(1.0, abs=0.01)


def test_a_single_component_is_compared_on_the_same_scales(customers, model):
    summary = summarize(model, customers, NAMES)
    single = GaussianMixture(1, transforms=["log", "identity", "sqrt"], reg_covar=0.0).fit(customers)
    expected = model.bic(customers) - single.bic(customers)
    assert excess_over_single(model, customers, summary, None) == pytest.approx(expected, rel=1e-6)
    weight = np.random.default_rng(0).integers(1, 4, len(customers)).astype(float)
    repeated = np.repeat(customers, weight.astype(int), axis=0)
    assert excess_over_single(
        model, customers, summarize(model, customers, NAMES, weight), weight
    ) == pytest.approx(excess_over_single(model, repeated, summarize(model, repeated, NAMES), None))


def test_the_page_says_what_was_transformed_and_how_to_repeat_it(customers, model):
    page = render_report(model, customers, feature_names=NAMES, pictures=False)
    assert "Fitted to the logarithm of income and square root of visits;" in page
    assert "transforms=[&#39;log&#39;, &#39;identity&#39;, &#39;sqrt&#39;]" in page


def test_intervals_in_other_units_are_refused(customers, model):
    found = bootstrap(
        model.in_transformed_units(), model.transforms_.forward(customers), n_resamples=20, random_state=0
    )
    with pytest.raises(TransformedMixtureError):
        render_report(model, customers, bootstrap=found, pictures=False)
