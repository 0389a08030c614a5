"""Pictures of mixtures of transformed features, in the data's own units."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.path import Path

from gaussmix import GaussianMixture, TransformedMixtureError
from gaussmix.plot import (
    DensityContourDisplay,
    DensityDisplay,
    EMAnimationDisplay,
    MixtureDisplay,
    PairDisplay,
    ParallelCoordinatesDisplay,
    ProfileDisplay,
    ProjectionDisplay,
    UncertaintyDisplay,
    plot_mixture,
)


@pytest.fixture(scope="module")
def table(customers):
    return customers[:, :2]


@pytest.fixture(scope="module")
def model(table):
    return GaussianMixture(2, transforms=["log", "identity"], random_state=0).fit(table)


@pytest.mark.parametrize("names", [["log"], ["sqrt"], ["cbrt"], ["yeo-johnson"]])
def test_the_density_is_the_models_own(names):
    x = np.random.default_rng(0).gamma(3.0, 2.0, (300, 1))
    model = GaussianMixture(2, transforms=names, random_state=0).fit(x)
    display = DensityDisplay.from_estimator(model, x)
    points = np.linspace(*display.limits, 50)
    shown = display.component_densities(points).sum(axis=0)
    assert shown == pytest.approx(np.exp(model.score_samples(points[:, None])))
    assert display.limits[0] < x.min()
    assert display.limits[1] > x.max()


def test_noise_of_a_transformed_feature_has_its_density():
    generator = np.random.default_rng(0)
    x = np.exp(np.concatenate([generator.normal(size=(200, 1)), generator.uniform(-9, 9, (60, 1))]))
    model = GaussianMixture(noise=True, transforms=["log"], random_state=0).fit(x)
    display = DensityDisplay.from_estimator(model, x)
    points = np.linspace(x.min(), np.quantile(x, 0.9), 50)
    shown = display.component_densities(points).sum(axis=0) + display.noise.density(points)
    assert shown == pytest.approx(np.exp(model.score_samples(points[:, None])))


def test_a_curve_holds_its_share_of_the_component(table, model):
    display = MixtureDisplay.from_estimator(model, table, probability=[0.5, 0.9])
    draws, labels = model.sample(20_000, random_state=0)
    curves = iter(display.ellipses_.get_segments())
    for k in range(2):
        for share in (0.5, 0.9):
            inside = Path(next(curves)).contains_points(draws[labels == k])
            assert inside.mean() == pytest.approx(share, abs=0.015)


def test_numbers_stand_at_the_medians(table, model):
    display = MixtureDisplay.from_estimator(model, table)
    draws, labels = model.sample(20_000, random_state=0)
    for k, text in enumerate(display.numbers_):
        assert text.xy == pytest.approx(np.median(draws[labels == k], axis=0), rel=0.03)


def test_pairs_and_the_picture_are_drawn(table, model, tmp_path):
    display = PairDisplay.from_estimator(model, table)
    assert display.scatters[1, 0].transforms.names == ("log", "identity")
    plot_mixture(model, table, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").stat().st_size > 1000


@pytest.mark.parametrize("kind", [ProfileDisplay, ParallelCoordinatesDisplay])
def test_profiles_show_means_in_the_units_of_the_data(kind, table, model):
    display = kind.from_estimator(model, table)
    draws, labels = model.sample(100_000, random_state=0)
    means = [draws[labels == k].mean(axis=0) for k in range(2)]
    assert display.means == pytest.approx(np.array(means), rel=0.02)


@pytest.mark.parametrize(
    "kind", [DensityContourDisplay, EMAnimationDisplay, ProjectionDisplay, UncertaintyDisplay]
)
def test_other_pictures_say_what_to_do(kind, table, model):
    with pytest.raises(TransformedMixtureError, match=r"in_transformed_units\(\)"):
        kind.from_estimator(model, table)
    kind.from_estimator(model.in_transformed_units(), model.transforms_.forward(table))
