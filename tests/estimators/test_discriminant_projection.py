"""The projection has mclust's eigenvalues and shows what separates, in any units."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris, load_wine
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.exceptions import ConvergenceWarning
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.mixture import GaussianMixture as ScikitLearnMixture
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from gaussmix import AutoGaussianMixture, GaussianMixture, MixtureDiscriminantProjection

X, SPECIES = load_iris(return_X_y=True)


# Several of the checks fit a dozen rows, of which two components are too many.
@pytest.mark.filterwarnings("ignore::gaussmix.DegenerateComponentWarning")
@parametrize_with_checks(
    [
        MixtureDiscriminantProjection(),
        MixtureDiscriminantProjection(
            GaussianMixture(2, covariance_type="diag", random_state=0), share_of_means=0.5
        ),
    ]
)
def test_scikit_learns_estimator_checks_pass_without_exception(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def two():
    return GaussianMixture(2, covariance_type="VEV", random_state=0).fit(X)


@pytest.fixture(scope="module")
def three():
    """The mixture at which mclust 6 stops: Mclust(iris, G = 3), VEV, log-likelihood -186.074048."""
    mixture = GaussianMixture(
        3,
        covariance_type="VEV",
        init_params="hierarchical",
        moves=None,
        accelerate=False,
        tol=0.0,
        max_iter=43,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        mixture.fit(X)
    assert mixture.log_likelihood_ == pytest.approx(-186.074048, abs=2e-6)
    return mixture


def test_the_eigenvalue_of_two_components_is_mclust_s(two):
    projection = MixtureDiscriminantProjection(two).fit(X)
    assert projection.eigenvalues_ == pytest.approx([1.648901553], rel=1e-6)
    assert projection.transform(X).shape == (150, 1)


@pytest.mark.parametrize(
    ("share_of_means", "eigenvalues"),
    [
        (1.0, [1.878565144, 0.0725067163]),
        (0.5, [0.948609282, 0.6235442941, 0.07429534774, 0.03276526427]),
        (0.0, [1.224874544, 0.1132708026, 0.05708617006, 0.0121249989]),
    ],
)
def test_the_eigenvalues_of_three_components_are_mclust_s(three, share_of_means, eigenvalues):
    projection = MixtureDiscriminantProjection(three, share_of_means=share_of_means).fit(X)
    assert projection.eigenvalues_ == pytest.approx(eigenvalues, rel=3e-5)


def test_the_eigenvalues_of_classes_are_mclust_s():
    assert MixtureDiscriminantProjection().fit(X, SPECIES).eigenvalues_ == pytest.approx(
        [1.881304146, 0.09859164969], rel=1e-9
    )


def test_directions_of_classes_are_those_of_linear_discriminant_analysis():
    ours = MixtureDiscriminantProjection().fit(X, SPECIES).transform(X)
    theirs = LinearDiscriminantAnalysis(solver="eigen").fit(X, SPECIES).transform(X)
    correlations = [abs(np.corrcoef(a, b)[0, 1]) for a, b in zip(ours.T, theirs.T, strict=True)]
    assert correlations == pytest.approx([1.0, 1.0], abs=1e-9)


@pytest.mark.parametrize("share_of_means", [1.0, 0.3])
def test_projections_are_uncorrelated_with_variance_one_and_solve_the_eigenvalue_problem(
    three, share_of_means
):
    projection = MixtureDiscriminantProjection(three, share_of_means=share_of_means).fit(X)
    Z = projection.transform(X)
    np.testing.assert_allclose(Z.mean(axis=0), 0.0, atol=1e-10)
    np.testing.assert_allclose(np.cov(Z.T, bias=True), np.eye(Z.shape[1]), atol=1e-9)
    w, means, covariances = three.weights_, three.means_ - X.mean(axis=0), three.covariances_
    total = np.cov(X.T, bias=True)
    between = (means.T * w) @ means
    apart = covariances - np.tensordot(w, covariances, axes=1)
    kernel = 2 * share_of_means * between @ np.linalg.solve(total, between)
    kernel += (
        2
        * (1 - share_of_means)
        * sum(weight * a @ np.linalg.solve(total, a) for weight, a in zip(w, apart, strict=True))
    )
    for value, direction in zip(projection.eigenvalues_, projection.components_, strict=True):
        np.testing.assert_allclose(kernel @ direction, value * total @ direction, atol=1e-9)


def test_units_and_shifts_change_nothing(three):
    scale, shift = np.array([1e-8, 1e6, 3.0, 1e100]), np.array([5.0, -1e9, 0.0, 1e100])
    changed = GaussianMixture.from_parameters(
        three.weights_, three.means_ * scale + shift, three.covariances_ * np.outer(scale, scale)
    )
    one = MixtureDiscriminantProjection(three, share_of_means=0.5).fit(X)
    two = MixtureDiscriminantProjection(changed, share_of_means=0.5).fit(X * scale + shift)
    np.testing.assert_allclose(two.eigenvalues_, one.eigenvalues_, rtol=1e-6)
    np.testing.assert_allclose(two.transform(X * scale + shift), one.transform(X), atol=1e-5)


def test_signs_do_not_depend_on_the_order_of_rows_or_components(three):
    projection = MixtureDiscriminantProjection(three).fit(X)
    strongest = np.abs(projection.components_ * X.std(axis=0)).argmax(axis=1)
    assert (projection.components_[[0, 1], strongest] > 0).all()
    other = GaussianMixture.from_parameters(
        three.weights_[::-1], three.means_[::-1], three.covariances_[::-1]
    )
    again = MixtureDiscriminantProjection(other).fit(X[::-1])
    np.testing.assert_allclose(again.transform(X), projection.transform(X), atol=1e-9)


def test_a_row_of_weight_two_is_a_row_that_is_there_twice(three):
    counts = np.random.default_rng(0).integers(0, 3, len(X))
    weighted = MixtureDiscriminantProjection(three).fit(X, sample_weight=counts)
    repeated = MixtureDiscriminantProjection(three).fit(np.repeat(X, counts, axis=0))
    np.testing.assert_allclose(weighted.components_, repeated.components_, rtol=1e-9)
    weighted = MixtureDiscriminantProjection().fit(X, SPECIES, sample_weight=counts)
    repeated = MixtureDiscriminantProjection().fit(np.repeat(X, counts, axis=0), np.repeat(SPECIES, counts))
    np.testing.assert_allclose(weighted.components_, repeated.components_, rtol=1e-9)


def test_a_fitted_mixture_is_taken_and_another_is_fitted(three):
    assert MixtureDiscriminantProjection(three).fit(X).estimator_ is three
    unfitted = GaussianMixture(2, random_state=0)
    projection = MixtureDiscriminantProjection(unfitted).fit(X)
    assert not hasattr(unfitted, "means_")
    assert len(projection.estimator_.means_) == 2
    assert isinstance(
        MixtureDiscriminantProjection(random_state=0).fit(X[:, 2:3]).estimator_, AutoGaussianMixture
    )


def test_a_frozen_mixture_stays_fitted_in_copies(three):
    projection = clone(MixtureDiscriminantProjection(FrozenEstimator(three)))
    assert projection.fit(X).estimator_ is three


def test_the_projected_mixture_divides_the_rows_as_the_whole_one_does(three):
    projection = MixtureDiscriminantProjection(three).fit(X)
    Z = projection.transform(X)
    agreement = projection.mixture_.predict(Z) == three.predict(X)
    assert agreement.mean() > 0.97
    for k, row in enumerate(projection.mixture_.means_):
        np.testing.assert_allclose(row, projection.transform(three.means_[k : k + 1])[0], atol=1e-9)


def test_what_the_projection_keeps_comes_back():
    wine, cultivar = load_wine(return_X_y=True)
    projection = MixtureDiscriminantProjection(share_of_means=0.5).fit(wine, cultivar)
    assert projection.n_components_ == 13
    np.testing.assert_allclose(projection.inverse_transform(projection.transform(wine)), wine, rtol=1e-6)
    few = MixtureDiscriminantProjection().fit(wine, cultivar)
    Z = few.transform(wine)
    fitted = (
        np.column_stack([np.ones(len(Z)), Z])
        @ np.linalg.lstsq(np.column_stack([np.ones(len(Z)), Z]), wine, rcond=None)[0]
    )
    np.testing.assert_allclose(few.inverse_transform(Z), fitted, rtol=1e-8)
    with pytest.raises(ValueError, match="3 columns, but there are 2"):
        few.inverse_transform(np.zeros((1, 3)))


def test_fewer_rows_than_features_and_constant_features_are_ordinary():
    generator = np.random.default_rng(0)
    wide = np.column_stack([generator.normal(size=(20, 40)), np.full(20, 3.0)])
    labels = np.repeat([0, 1, 2], [7, 7, 6])
    projection = MixtureDiscriminantProjection().fit(wide, labels)
    assert projection.eigenvalues_ == pytest.approx([2.0, 2.0])
    assert np.all(projection.components_[:, -1] == 0.0)
    np.testing.assert_allclose(np.cov(projection.transform(wide).T, bias=True), np.eye(2), atol=1e-8)


def test_a_mixture_for_each_class_counts_by_its_covariance():
    plain = MixtureDiscriminantProjection(share_of_means=0.0).fit(X, SPECIES)
    full = MixtureDiscriminantProjection(GaussianMixture(1), share_of_means=0.0).fit(X, SPECIES)
    np.testing.assert_allclose(full.eigenvalues_, plain.eigenvalues_, rtol=1e-4)
    diagonal = MixtureDiscriminantProjection(
        GaussianMixture(1, covariance_type="diag"), share_of_means=0.0
    ).fit(X, SPECIES)
    assert abs(diagonal.eigenvalues_[0] / plain.eigenvalues_[0] - 1) > 0.05


def test_it_works_in_pipelines_and_names_its_columns():
    scores = cross_val_score(make_pipeline(MixtureDiscriminantProjection(), LogisticRegression()), X, SPECIES)
    assert scores.mean() > 0.95
    frame = pd.DataFrame(X, columns=list("abcd"))
    projection = MixtureDiscriminantProjection().set_output(transform="pandas").fit(frame, SPECIES)
    expected = ["mixturediscriminantprojection0", "mixturediscriminantprojection1"]
    assert projection.transform(frame).columns.tolist() == expected
    assert projection.get_feature_names_out().tolist() == expected
    assert projection.classes_.tolist() == [0, 1, 2]
    projection.set_params(estimator=GaussianMixture(2, random_state=0))
    assert not hasattr(projection.fit(frame), "classes_")


def test_where_nothing_separates_there_is_a_warning_and_a_direction():
    noise = np.random.default_rng(0).normal(size=(100, 3))
    with pytest.warns(UserWarning, match="Nothing separates"):
        projection = MixtureDiscriminantProjection(GaussianMixture(1)).fit(noise)
    assert projection.eigenvalues_ == pytest.approx([0.0], abs=1e-9)
    assert projection.transform(noise).std() == pytest.approx(1.0)


def test_what_is_wrong_is_said(three):
    with pytest.raises(ValueError, match="only 2 separate"):
        MixtureDiscriminantProjection(three, n_components=3).fit(X)
    with pytest.raises(ValueError, match="fitted on 4 features, but X has 2"):
        MixtureDiscriminantProjection(three).fit(X[:, :2])
    with pytest.raises(TypeError, match="mixture of gaussmix"):
        MixtureDiscriminantProjection(ScikitLearnMixture(2)).fit(X)
    with pytest.raises(ValueError, match="continuous"):
        MixtureDiscriminantProjection().fit(X, X[:, 0])
    with pytest.raises(ValueError, match="share_of_means"):
        MixtureDiscriminantProjection(share_of_means=1.5).fit(X)


def test_noise_is_no_component():
    generator = np.random.default_rng(0)
    rows = np.concatenate([X, generator.uniform(X.min(axis=0) - 3, X.max(axis=0) + 3, size=(30, 4))])
    mixture = GaussianMixture(2, noise=True, random_state=0).fit(rows)
    projection = MixtureDiscriminantProjection(mixture).fit(rows)
    assert projection.n_components_ == 1
    np.testing.assert_allclose(projection.mixture_.weights_, mixture.weights_ / mixture.weights_.sum())


# The mixture that is fitted first warns of such rows; what counts here is that the projection refuses them.
@pytest.mark.filterwarnings("ignore::gaussmix.DegenerateComponentWarning")
@pytest.mark.parametrize("y", [None, [0, 1] * 5])
def test_rows_that_are_all_the_same_are_refused(y):
    with pytest.raises(ValueError, match="All rows are the same"):
        MixtureDiscriminantProjection().fit(np.ones((10, 3)), y)


def test_columns_in_another_order_than_the_mixture_knows_are_refused():
    frame = pd.DataFrame(X, columns=list("abcd"))
    mixture = GaussianMixture(2, random_state=0).fit(frame)
    MixtureDiscriminantProjection(mixture).fit(frame)
    with pytest.raises(ValueError, match="feature names should match"):
        MixtureDiscriminantProjection(mixture).fit(frame[list("dcba")])
