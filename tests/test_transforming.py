"""Which transform a feature gets."""

from __future__ import annotations

import numpy as np
import pytest

from gaussmix import AutoGaussianMixture
from gaussmix.transforming import choose_transforms


def normal_groups(generator, n, separation):
    """A mixture of one to four normal distributions, above zero so that it could be a logarithm."""
    n_groups = int(generator.integers(1, 5))
    centers = separation * np.cumsum(generator.uniform(0.7, 1.3, n_groups))
    shares = generator.dirichlet(np.full(n_groups, 3.0))
    x = generator.normal(generator.choice(centers, n, p=shares), 1.0)
    return x - x.min() + generator.uniform(0.1, 3.0)


@pytest.mark.parametrize("n", [50, 200, 600])
def test_mixtures_of_normal_distributions_stay_as_they_are(n):
    generator = np.random.default_rng(n)
    X = np.column_stack([normal_groups(generator, n, s) for s in [1.5, 3.0, 5.0] * 12])
    assert np.mean([name == "identity" for name in choose_transforms(X).names]) >= 0.97


SKEWED = {
    "log-normal": lambda g: np.exp(g.normal(3.0, 1.0, 300)),
    "log-normal groups": lambda g: np.exp(g.normal(g.choice([0.0, 2.0], 300), 0.5)),
    "gamma": lambda g: g.gamma(2.0, 3.0, 300),
    "chi-squared": lambda g: g.chisquare(4, 300),
    "exponential": lambda g: g.exponential(5.0, 300),
    "overdispersed counts": lambda g: g.negative_binomial(2, 0.05, 300),
    "incomes": lambda g: np.round(np.exp(g.normal(g.choice([9.5, 11.0], 300), 0.4)), -2),
    "to the left": lambda g: -np.exp(g.normal(0.0, 0.8, 300)),
    "log-normal and a fill value": lambda g: np.append(np.exp(g.normal(3.0, 1.0, 300)), 1e9),
}


@pytest.mark.parametrize("kind", SKEWED)
def test_skewed_features_are_transformed(kind):
    generator = np.random.default_rng(0)
    names = [choose_transforms(SKEWED[kind](generator)[:, None]).names[0] for _ in range(10)]
    assert sum(name != "identity" for name in names) >= 9


LEFT_ALONE = {
    "flags": lambda g: g.random(300) < 0.1,
    "answers from 1 to 5": lambda g: 1.0 + g.binomial(4, 0.15, 300),
    "a constant": lambda g: np.full(300, 7.0),
    "normal and a fill value": lambda g: np.append(g.normal(20.0, 1.0, 300), 1e9),
    "normal and another": lambda g: np.append(g.normal(20.0, 1.0, 300), -9999.0),
    "normal and three far out": lambda g: np.append(g.normal(20.0, 1.0, 300), [200.0, 210.0, 3.4e38]),
    "rounded": lambda g: np.round(g.normal(10.0, 1.0, 300), 1),
    "rounded groups": lambda g: np.round(g.normal(g.choice([30, 50, 70], 300), 4.0)),
    "amounts, a fifth zero": lambda g: np.round(np.exp(g.normal(3.0, 1.0, 300)), 2) * (g.random(300) > 0.2),
    "few rows": lambda g: np.exp(g.normal(0.0, 2.0, 12)),
}


@pytest.mark.parametrize("kind", LEFT_ALONE)
def test_what_is_not_skewed_is_left_alone(kind):
    generator = np.random.default_rng(0)
    names = [choose_transforms(LEFT_ALONE[kind](generator)[:, None] * 1.0).names[0] for _ in range(10)]
    assert names == ["identity"] * 10


def test_neither_order_nor_unit_nor_repetition_matters():
    generator = np.random.default_rng(3)
    x = np.exp(generator.normal(3.0, 1.0, 250))
    chosen = choose_transforms(x[:, None]).features[0]
    assert choose_transforms(generator.permutation(x)[:, None]).features[0] == chosen
    assert choose_transforms(4.0 * x[:, None]).features[0].linear_below == 4.0 * chosen.linear_below
    for weight in (3.0, 1.0 / 250.0):
        assert choose_transforms(x[:, None], np.full(250, weight)).features[0] == chosen


def test_rows_without_weight_have_no_say():
    generator = np.random.default_rng(4)
    x = np.concatenate([generator.normal(20.0, 1.0, 200), np.exp(generator.normal(3.0, 1.5, 200))])
    weight = np.repeat([1.0, 0.0], 200)
    assert choose_transforms(x[:, None], weight).names == ("identity",)
    assert choose_transforms(x[:, None], 1.0 - weight).names == ("log",)


def test_names_are_obeyed():
    X = np.random.default_rng(5).normal(20.0, 1.0, (100, 4))
    assert choose_transforms(X, None, ["log", "sqrt", "identity", "auto"]).names == (
        "log", "sqrt", "identity", "identity",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("log", "a name for each feature, but is 'log'"),
        (["log"], "1 name.s., but there are 2 feature"),
        (["log", "ln"], "among identity, log, sqrt, cbrt, yeo-johnson and auto, but has 'ln'"),
        (["identity", "sqrt"], "needs positive values.*feature 'size' has values from -3 to -1"),
    ],
)
def test_what_cannot_be_is_refused_by_name(names, message):
    X = np.column_stack([np.arange(1.0, 31.0), np.linspace(-3.0, -1.0, 30)])
    with pytest.raises(ValueError, match=message):
        choose_transforms(X, None, names, feature_names=["age", "size"])


@pytest.mark.parametrize("n_rows", [2, 3, 4, 5, 7])
@pytest.mark.parametrize("n_features", [1, 2])
def test_a_table_of_few_rows_is_fitted_with_transforms_left_to_the_choice(n_rows, n_features):
    X = np.random.default_rng(0).normal(size=(n_rows, n_features))
    assert AutoGaussianMixture(transforms="auto", random_state=0).fit(X).n_components_ == 1
