"""Groups that are known, in tables as they are: recorded values, flags, sums, far rows, few rows, tails.

swiss.csv has R's data set of that name: 47 French-speaking provinces of Switzerland in 1888 (Mosteller and
Tukey 1977, Data Analysis and Regression).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture as ScikitLearnGaussianMixture

from gaussmix import AutoGaussianMixture, GaussianMixture, merge_components

pytestmark = pytest.mark.filterwarnings(
    # What follows from others is what some of these tables are about.
    "ignore::gaussmix.DependentFeaturesWarning"
)

SEEDS = range(4)


def labels_of(sizes):
    return np.repeat(np.arange(len(sizes)), sizes)


def agreement(model, X, labels):
    return adjusted_rand_score(labels, model.predict(X)[: len(labels)])


def three_groups(seed, correlation=0.0):
    generator, labels = np.random.default_rng(seed), labels_of([60, 60, 60])
    rows = generator.multivariate_normal([0, 0], [[1, correlation], [correlation, 1]], 180)
    return rows + np.array([[0, 0], [6, 0], [0, 6]])[labels], labels


def survey(seed):
    """Return six items answered 1 to 5 by three segments."""
    generator, labels = np.random.default_rng(seed), labels_of([160, 140, 100])
    means = np.array(
        [[1.6, 1.6, 1.6, 3.0, 3.0, 3.0], [4.4, 4.4, 3.0, 1.6, 3.0, 1.6], [3.0, 1.6, 4.4, 4.4, 4.4, 3.0]]
    )
    X = means[labels] + 0.8 * generator.normal(size=(400, 6))
    return np.clip(np.round(X), 1, 5), labels


def yes_and_no(seed):
    """Return ten questions answered by two types."""
    generator, labels = np.random.default_rng(seed), labels_of([220, 180])
    chances = np.where(np.arange(10) % 2 == labels[:, None], 0.82, 0.18)
    return (generator.uniform(size=(400, 10)) < chances).astype(float), labels


def beside_flags(seed):
    """Return two clear groups beside three columns of 0 and 1."""
    generator, labels = np.random.default_rng(seed), labels_of([150, 150])
    rows = generator.normal(size=(300, 2)) + 6.0 * labels[:, None]
    return np.column_stack([rows, generator.integers(2, size=(300, 3))]), labels


def beside_one_hot(seed):
    """Return three clear groups beside a category of four values, a column each."""
    X, labels = three_groups(seed)
    category = np.random.default_rng(seed + 100).integers(4, size=180)
    return np.column_stack([X, np.eye(4)[category]]), labels


def heaps_of_zeros(seed):
    """Return two clear groups beside a column that is zero in half of the rows, an amount in the others."""
    generator, labels = np.random.default_rng(seed), labels_of([150, 150])
    rows = generator.normal(size=(300, 2)) + 6.0 * labels[:, None]
    amounts = np.round(np.exp(generator.normal(2.0, 0.6, size=300))) * (generator.uniform(size=300) < 0.5)
    return np.column_stack([rows, amounts]), labels


@pytest.mark.parametrize(
    ("table", "least"),
    [
        (survey, 0.94),
        (yes_and_no, 0.88),
        (beside_flags, 0.99),
        (beside_one_hot, 0.97),
        (heaps_of_zeros, 0.97),
    ],
)
def test_recorded_values_keep_their_groups_with_the_number_given(table, least):
    found = []
    for seed in SEEDS:
        X, labels = table(seed)
        found.append(agreement(GaussianMixture(labels.max() + 1, random_state=0).fit(X), X, labels))
    assert np.mean(found) >= least


@pytest.mark.parametrize("table", [survey, yes_and_no, beside_flags, beside_one_hot])
def test_recorded_values_keep_their_groups_in_the_choice(table):
    numbers = []
    for seed in SEEDS:
        X, labels = table(seed)
        numbers.append(AutoGaussianMixture(random_state=0).fit(X).n_components_ == labels.max() + 1)
    assert sum(numbers) >= len(SEEDS) - 1


@pytest.mark.parametrize("step", [1.0, 0.5, 0.25])
def test_ratings_are_grouped_as_by_scikit_learn_and_nothing_collapses(step):
    ours, theirs = [], []
    for seed in SEEDS:
        generator, labels = np.random.default_rng(seed), labels_of([200, 200, 200])
        means = np.array([[3.0, 3.5, 4.0], [5.5, 6.5, 5.0], [8.0, 7.0, 8.5]])
        X = np.clip(step * np.round((means[labels] + 1.2 * generator.normal(size=(600, 3))) / step), 1, 10)
        mixture = GaussianMixture(3, random_state=0).fit(X)
        assert mixture.repaired_components_ == ()
        ours.append(agreement(mixture, X, labels))
        theirs.append(agreement(ScikitLearnGaussianMixture(3, n_init=5, random_state=0).fit(X), X, labels))
    # scikit-learn stops before EM has converged, which may make it a little better or worse by luck.
    assert np.mean(ours) >= np.mean(theirs) - 0.03


@pytest.mark.parametrize("far", [20.0, 100.0, 1e4, 1e9])
@pytest.mark.parametrize("covariance_type", ["full", "tied", "VEE", "EEV"])
def test_with_a_component_for_a_row_far_out_groups_are_found_by_any_family(covariance_type, far):
    X, labels = three_groups(0)
    X = np.concatenate([X, [[far, far]]])
    found = GaussianMixture(4, covariance_type=covariance_type, random_state=0).fit(X)
    assert agreement(found, X, labels) >= 0.95


@pytest.mark.parametrize("far", [20.0, 100.0, 1e4])
def test_a_tied_mixture_is_no_less_likely_than_scikit_learns_beside_a_row_far_out(far):
    X, _ = three_groups(0)
    X = np.concatenate([X, [[far, far]]])
    found = GaussianMixture(4, covariance_type="tied", random_state=0).fit(X)
    known = ScikitLearnGaussianMixture(4, covariance_type="tied", n_init=10, random_state=0).fit(X)
    assert found.score(X) >= known.score(X) - 0.01


@pytest.mark.parametrize("far", [(1e4,), (1e9,), (8.0, -15.0), (-9999.0, -9999.0, -9999.0)])
def test_rows_far_out_leave_three_groups(far):
    X, labels = three_groups(0)
    X = np.concatenate([X, [[value, value] for value in far]])
    found = AutoGaussianMixture(random_state=0).fit(X)
    assert found.n_components_ == 3
    assert agreement(found, X, labels) >= 0.98
    assert np.flatnonzero(found.predict(X) == -1).tolist() == list(range(180, 180 + len(far)))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_column_that_follows_from_others_and_repetition_change_no_label(seed):
    X, labels = three_groups(seed, correlation=0.8)
    plain = AutoGaussianMixture(random_state=0).fit(X)
    assert plain.n_components_ == 3
    assert agreement(plain, X, labels) >= 0.98
    tables = {
        "constant": np.column_stack([X, np.full(180, 3.0)]),
        "copy": np.column_stack([X, X[:, 0]]),
        "sum": np.column_stack([X, X.sum(axis=1)]),
        "Fahrenheit": np.column_stack([X, 32.0 + 1.8 * X[:, 0]]),
        "rest of a hundred": np.column_stack([X, 100.0 - X.sum(axis=1)]),
        "repeated": np.repeat(X, 8, axis=0),
    }
    for name, table in tables.items():
        found = AutoGaussianMixture(random_state=0).fit(table)
        expected = np.repeat(plain.predict(X), 8) if name == "repeated" else plain.predict(X)
        assert adjusted_rand_score(expected, found.predict(table)) == 1.0, name


@pytest.mark.parametrize("n_rows", [10, 20, 50, 100])
def test_a_normal_cloud_is_one_group_and_new_rows_are_no_surprise(n_rows):
    numbers, losses = [], []
    for seed in range(12):
        generator = np.random.default_rng(seed)
        n_features = 2 + seed % 5
        X, new = generator.normal(size=(n_rows, n_features)), generator.normal(size=(2000, n_features))
        found = AutoGaussianMixture(random_state=0).fit(X)
        numbers.append(found.n_components_)
        truth = -0.5 * n_features * np.log(2 * np.pi) - 0.5 * (new**2).sum(axis=1).mean()
        losses.append(truth - found.score(new))
    assert numbers.count(1) >= 11
    # A mean and variances that are estimated cost about as many halves as there are parameters, a row.
    assert np.median(losses) < (0.3 if n_rows > 10 else 1.0)


def test_swiss_provinces_are_not_cut_into_more_groups_than_their_number_allows():
    X = np.loadtxt(Path(__file__).with_name("swiss.csv"), delimiter=",", skiprows=1)
    found = AutoGaussianMixture(thorough=True, random_state=0).fit(X)
    assert found.n_components_ <= 3
    assert found.best_estimator_.n_parameters_ < len(X)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_skewed_or_counted_cloud_is_one_group_with_transforms(seed):
    generator = np.random.default_rng(seed)
    log_normal = np.exp(generator.normal(size=(300, 2)))
    assert AutoGaussianMixture(transforms="auto", random_state=0).fit(log_normal).n_components_ == 1


@pytest.mark.parametrize("draw", ["poisson", "uniform", "t"])
def test_a_cloud_that_is_not_normal_is_one_cluster_of_its_components(draw):
    # Several components may describe its density; that they are one cluster is seen where none is apart.
    for seed in SEEDS:
        generator = np.random.default_rng(seed)
        X = {
            "poisson": lambda g: g.poisson(4.0, size=(300, 2)).astype(float),
            "uniform": lambda g: g.integers(1, 11, size=(300, 2)).astype(float),
            "t": lambda g: g.standard_t(4, size=(300, 2)),
        }[draw](generator)
        found = AutoGaussianMixture(random_state=0).fit(X)
        assert found.n_components_ <= 4
        assert merge_components(found, X).n_clusters_ == 1


def test_heavy_tails_and_noise_cost_no_groups():
    for seed in SEEDS:
        generator, labels = np.random.default_rng(seed), labels_of([120, 120, 120])
        X = np.array([[0, 0], [10, 0], [0, 10]])[labels] + generator.standard_t(4, size=(360, 2))
        found = AutoGaussianMixture(random_state=0).fit(X)
        assert found.n_components_ in (3, 4)
        groups, labels = three_groups(seed)
        table = np.concatenate([groups, generator.uniform(-10, 16, size=(12, 2))])
        found = AutoGaussianMixture(random_state=0).fit(table)
        assert found.n_components_ == 3
        nearest = found.predict_proba(table)[:180, :3].argmax(axis=1)
        assert adjusted_rand_score(labels, nearest) >= 0.95


def test_three_groups_of_ten_rows_are_found_with_the_number_given():
    found = []
    for seed in range(8):
        generator, labels = np.random.default_rng(seed), labels_of([10, 10, 10])
        X = np.array([[0, 0], [5, 0], [0, 5]])[labels] + generator.normal(size=(30, 2))
        found.append(agreement(GaussianMixture(3, random_state=0).fit(X), X, labels))
    assert np.mean(found) >= 0.9


def test_weights_that_sum_to_one_are_proportions():
    X = np.random.default_rng(0).normal(size=(200, 2))
    with pytest.warns(UserWarning, match="proportions"):
        found = AutoGaussianMixture(random_state=0).fit(X, sample_weight=np.full(200, 1 / 200))
    assert found.n_components_ == 1
