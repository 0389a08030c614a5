"""Trees, elbows and clusters of components are drawn as they are."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgba
from matplotlib.figure import Figure
from scipy.cluster.hierarchy import fcluster
from sklearn.datasets import make_moons

from gaussmix import GaussianMixture, HierarchicalGaussianClustering, high_density_clusters, merge_components
from gaussmix.plot import ClusterDisplay, DendrogramDisplay, MergingDisplay
from gaussmix.plot.style import DARK, LIGHT

METHODS = ("entropy", "overlap", "unimodality")


@pytest.fixture(scope="module")
def moons():
    X, _ = make_moons(400, noise=0.05, random_state=0)
    return X, GaussianMixture(8, random_state=0).fit(X)


@pytest.mark.parametrize("n_clusters", [1, 3, 60])
def test_the_heights_of_a_dendrogram_are_those_of_the_last_merges(iris, n_clusters):
    clustering = HierarchicalGaussianClustering(n_clusters).fit(iris)
    display = DendrogramDisplay.from_estimator(clustering, max_leaves=20, ax=Figure().subplots())
    brackets = display.links_.get_segments()
    n_shown = max(20, n_clusters)
    tops = sorted(bracket[1, 1] for bracket in brackets)
    np.testing.assert_allclose(tops, clustering.distances_[150 - n_shown :])
    # Leaves stand at 0, 1, 2, ... and each bracket stands on leaves or on brackets.
    feet = {float(x) for bracket in brackets for x in bracket[[0, 3], 0]}
    middles = {float(bracket[1:3, 0].mean()) for bracket in brackets}
    assert feet - middles >= set(range(n_shown)) - middles
    assert feet <= set(map(float, range(n_shown))) | middles


def test_brackets_have_the_colour_of_their_cluster_below_the_cut_only(iris):
    clustering = HierarchicalGaussianClustering(3).fit(iris)
    display = DendrogramDisplay.from_estimator(clustering, ax=Figure().subplots())
    cut = display.cut_.get_ydata()[0]
    assert clustering.distances_[-3] <= cut <= clustering.distances_[-2]
    expected = {to_rgba(LIGHT.component_color(k)) for k in range(3)}
    for bracket, color in zip(display.links_.get_segments(), display.links_.get_colors(), strict=True):
        assert (tuple(color) in expected) == (bracket[1, 1] < cut)
    assert len(np.unique(fcluster(clustering.linkage_, cut, "distance"))) == 3


def test_leaves_are_named_and_counted(iris, moons):
    display = DendrogramDisplay.from_estimator(
        HierarchicalGaussianClustering(3).fit(iris), max_leaves=10, ax=Figure().subplots()
    )
    names = [label.get_text() for label in display.ax_.get_xticklabels()]
    counts = [int(name[1:-1]) if name.startswith("(") else 1 for name in names]
    assert (len(counts), sum(counts)) == (10, 150)
    assert "In brackets" in display.note
    X, mixture = moons
    merged = merge_components(mixture, X)
    display = DendrogramDisplay.from_estimator(merged, ax=Figure().subplots())
    assert sorted(label.get_text() for label in display.ax_.get_xticklabels()) == list("01234567")
    assert "In brackets" not in display.note
    for label in display.ax_.get_xticklabels():
        cluster = merged.clusters_[int(label.get_text())]
        assert to_hex(label.get_color()) == LIGHT.component_color(cluster).lower()


@pytest.mark.parametrize("method", METHODS)
def test_the_tree_of_components_has_the_heights_of_its_linkage(moons, method):
    X, mixture = moons
    merged = merge_components(mixture, X, method=method)
    display = DendrogramDisplay.from_estimator(merged, ax=Figure().subplots())
    tops = sorted(bracket[1, 1] for bracket in display.links_.get_segments())
    np.testing.assert_allclose(tops, merged.linkage()[:, 2])


def test_the_height_is_called_what_it_is(iris):
    labels = {}
    for model in ("EII", "VVV"):
        clustering = HierarchicalGaussianClustering(2, model=model).fit(iris)
        labels[model] = DendrogramDisplay.from_estimator(clustering, ax=Figure().subplots()).ax_.get_ylabel()
    assert labels == {"EII": "sum of squares added", "VVV": "log-likelihood lost (nats)"}


def test_what_has_no_tree_is_refused(moons):
    with pytest.raises(TypeError, match="has no tree"):
        DendrogramDisplay.from_estimator(moons[1])
    single = merge_components(GaussianMixture(1).fit(moons[0]), moons[0])
    for display in (DendrogramDisplay, MergingDisplay):
        with pytest.raises(ValueError, match="single component"):
            display.from_estimator(single)
    with pytest.raises(ValueError, match="max_leaves must be at least 2"):
        DendrogramDisplay.from_estimator(merge_components(moons[1], moons[0]), max_leaves=1)


def test_the_elbow_shows_the_entropies_and_the_chosen_number(moons):
    X, mixture = moons
    merged = merge_components(mixture, X, method="entropy")
    display = MergingDisplay.from_estimator(merged, ax=Figure().subplots())
    numbers, entropies = display.line_.get_data()
    assert list(numbers) == list(range(1, 9))
    np.testing.assert_allclose(entropies, merged.entropies_ / 400)
    assert display.chosen_.get_xdata().tolist() == [merged.n_clusters_]
    assert display.threshold_ is None


@pytest.mark.parametrize("method", ["overlap", "unimodality"])
def test_merges_above_the_threshold_are_those_that_were_made(moons, method):
    X, mixture = moons
    merged = merge_components(mixture, X, method=method)
    display = MergingDisplay.from_estimator(merged, ax=Figure().subplots())
    numbers, scores = display.line_.get_data()
    level = display.threshold_.get_ydata()[0]
    # The merge that is drawn at a number of clusters leads to one less.
    made = [number for number, score in zip(numbers, scores, strict=True) if score >= level]
    assert made == list(range(merged.n_clusters_ + 1, 9))


def test_clusters_colour_rows_and_ellipses(moons):
    X, mixture = moons
    for found in (merge_components(mixture, X), high_density_clusters(mixture, X)):
        display = ClusterDisplay.from_estimator(found, X, ax=Figure().subplots())
        for cluster, points in enumerate(display.scatters_):
            np.testing.assert_array_equal(points.get_offsets(), X[found.predict(X) == cluster])
            assert to_hex(points.get_facecolor()[0]) == LIGHT.component_color(cluster).lower()
        colors = [to_hex(color) for color in display.ellipses_.get_colors()]
        assert colors == [LIGHT.component_color(cluster).lower() for cluster in found.clusters_]
        assert display.title == "8 components in 2 clusters"


def test_rows_of_noise_are_grey_crosses(moons):
    X, _ = moons
    rows = np.concatenate([X, np.random.default_rng(0).uniform(-4, 4, size=(40, 2))])
    mixture = GaussianMixture(6, noise=True, random_state=0).fit(rows)
    found = merge_components(mixture, rows)
    display = ClusterDisplay.from_estimator(found, rows, ax=Figure().subplots())
    noise = found.predict(rows) == -1
    assert noise.any()
    np.testing.assert_array_equal(display.scatters_[-1].get_offsets(), rows[noise])
    assert to_hex(display.scatters_[-1].get_edgecolor()[0]) == LIGHT.muted


def test_own_figures_have_a_title_and_a_caption_in_the_theme(moons, iris):
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    mpl.use("Agg")
    X, mixture = moons
    merged = merge_components(mixture, X)
    drawn = [
        MergingDisplay.from_estimator(merged, theme=DARK),
        ClusterDisplay.from_estimator(merged, X, theme=DARK),
        DendrogramDisplay.from_estimator(HierarchicalGaussianClustering(3).fit(iris), theme=DARK),
    ]
    for display in drawn:
        assert display.ax_.get_title(loc="left") == display.title
        assert display.note
        assert to_hex(display.figure_.get_facecolor()) == DARK.background
        plt.close(display.figure_)


@pytest.mark.parametrize("display", [ClusterDisplay, MergingDisplay])
def test_what_has_no_clusters_of_components_is_refused_with_advice(moons, display):
    rows = moons[0] if isinstance(moons, tuple) else moons
    model = GaussianMixture(2, random_state=0).fit(rows)
    with pytest.raises(TypeError, match=r"A GaussianMixture has no .*merge_components"):
        display.from_estimator(model, rows)
