"""The same numbers as R's mclust 6.1.3, computed there from the same parameters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gaussmix import MixtureDistribution

HERE = Path(__file__).parent


def table(name):
    return np.genfromtxt(HERE / name, delimiter=",", names=True)


@pytest.fixture(scope="module")
def acidity():
    """The mixture E, 2 of the acidity of lakes."""
    return MixtureDistribution(
        [0.623359500213165, 0.376640499786835],
        [4.37094616353712, 6.32015308402614],
        [0.186370174780795, 0.186370174780795],
    )


@pytest.fixture(scope="module")
def faithful():
    """The mixture EEE, 3 of the eruptions of Old Faithful."""
    covariance = [[0.078254480991346784, 0.4801978534671843], [0.4801978534671843, 33.767146396097132]]
    return MixtureDistribution(
        [0.16567839905644066, 0.35636962651330778, 0.47795197443025117],
        [
            [3.7930655292303186, 77.521051332351348],
            [2.0375963146129594, 54.491157600821957],
            [4.4632447198396026, 80.833438776323248],
        ],
        [covariance] * 3,
        ["eruptions", "waiting"],
    )


def test_density_and_distribution_function_of_acidity(acidity):
    values = table("density_acidity.csv")
    np.testing.assert_allclose(acidity.pdf(values["x"]), values["pdf"], rtol=1e-9)
    np.testing.assert_allclose(acidity.logpdf(values["x"]), values["logpdf"], rtol=1e-9)
    np.testing.assert_allclose(acidity.cdf(values["x"]), values["cdf"], rtol=1e-8)


def test_quantiles_of_acidity(acidity):
    # mclust interpolates on a grid.
    values = table("quantile_acidity.csv")
    np.testing.assert_allclose(acidity.ppf(values["p"]), values["q"], rtol=1e-5)


def test_density_of_faithful(faithful):
    values = table("density_faithful2d.csv")
    points = np.column_stack([values["eruptions"], values["waiting"]])
    np.testing.assert_allclose(faithful.pdf(points), values["pdf"], rtol=1e-9)


def test_levels_of_highest_density_regions_of_faithful(faithful):
    # mclust takes quantiles of the density over the 272 rows in place of the distribution itself, so it is
    # off by chance: of the share of rows, sqrt(p (1 - p) / 272).
    for probability, level in (
        (0.25, 0.0320539198),
        (0.5, 0.0206247763),
        (0.75, 0.0110546626),
        (0.95, 0.00169259388),
    ):
        error = 3 * np.sqrt(probability * (1 - probability) / 272)
        ends = [max(probability - error, 0.001), min(probability + error, 0.9999)]
        high, low = (np.exp(faithful.highest_density_region(p, random_state=0).log_density) for p in ends)
        assert low < level < high
