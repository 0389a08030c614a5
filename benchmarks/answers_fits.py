"""What each contestant of the benchmark of answers finds on a table, judged on one footing."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture as ScikitLearnMixture
from sklearn.pipeline import make_pipeline
from threadpoolctl import threadpool_limits

from benchmarks.answers_draws import NO_GROUP, Array, Kind, Labels, Table
from gaussmix import AutoGaussianMixture, GaussianMixture, merge_components

OURS = ("given", "automatic", "merged")
SCIKIT_LEARN = ("scikit-learn", "n_init=10", "k-means", "components")
MCLUST = ("mclust", "mclust, K given")
HAS_TRANSFORM = "transforms" in inspect.signature(AutoGaussianMixture).parameters


@dataclass(frozen=True)
class Answer:
    """What was found on a table.

    Parameters
    ----------
    ari : float
        Agreement with the true groups, without the rows that belong to none; NaN without an answer.
    n_found : int
        Groups, without those that hold nothing but rows that belong to none; 0 without an answer.
    seconds : float
    density : float
        Mean logarithm of the density at new rows; NaN where the kind draws none.
    unchanged : float
        Share of rows that are grouped as without the companion; NaN where there is none.
    """

    ari: float = np.nan
    n_found: int = 0
    seconds: float = np.nan
    density: float = np.nan
    unchanged: float = np.nan


def judged(table: Table, labels: Labels, n_components: int, seconds: float, density: float) -> Answer:
    """Return the answer that labels give, one a row of the table."""
    grouped = table.labels != NO_GROUP
    only_strays = len(np.setdiff1d(labels[~grouped], labels[grouped]))
    agreement = adjusted_rand_score(table.labels[grouped], labels[grouped])
    return Answer(agreement, n_components - only_strays, seconds, density)


def nearest_components(model: Any, X: Array) -> Labels:
    """Return the most probable component of each row, whether or not it is among noise."""
    labels = np.asarray(model.predict(X))
    noise = labels == -1
    if noise.any():
        labels = labels.copy()
        labels[noise] = model.predict_proba(X[noise])[:, : len(model.weights_)].argmax(axis=1)
    return labels


def same_groups(labels: Labels, plain: Labels) -> float:
    """Return the share of rows in the same group with and without a companion, groups paired by size."""
    counts = np.zeros((labels.max() + 1, plain.max() + 1), dtype=int)
    np.add.at(counts, (labels[: len(plain)], plain), 1)
    paired = 0
    while counts.any():
        one, other = np.unravel_index(counts.argmax(), counts.shape)
        paired += counts[one, other]
        counts[one], counts[:, other] = 0, 0
    return float(paired / len(plain))


def our_model(kind: Kind, table: Table, contestant: str, seed: int) -> Any:
    """Return a model of ours, not fitted."""
    if contestant == "given":
        return GaussianMixture(table.n_components, random_state=seed)
    options = {"transforms": "auto"} if HAS_TRANSFORM and "skewed" in kind.tags else {}
    return AutoGaussianMixture(random_state=seed, **options)


def our_answers(kind: Kind, seed: int) -> dict[str, Answer]:
    """Return what we find with K given and automatically, and there with merged components where asked for.

    A fit that raises has no answer: its agreement counts as zero.
    """
    table = kind.table(seed)
    new_rows = kind.new_rows(table, seed)
    answers = {}
    for contestant in ("given", "automatic"):
        model = our_model(kind, table, contestant, seed)
        began = time.perf_counter()
        try:
            model.fit(table.X, sample_weight=table.sample_weight)
            seconds = time.perf_counter() - began
            labels = nearest_components(model, table.X)
            density = np.nan if new_rows is None else float(model.score(new_rows))
        except (ValueError, ArithmeticError, np.linalg.LinAlgError) as error:
            print(f"{kind.name}, seed {seed}, {contestant}: {type(error).__name__}: {error}", flush=True)
            answers[contestant] = Answer(0.0, 0, time.perf_counter() - began)
            continue
        answer = judged(table, labels, len(model.weights_), seconds, density)
        if table.plain is not None:
            plain = our_model(kind, table, contestant, seed)
            if contestant == "given":
                plain.set_params(n_components=table.n_groups)
            weights = None if table.sample_weight is None else table.sample_weight[: len(table.plain)]
            plain.fit(table.plain, sample_weight=weights)
            unchanged = same_groups(labels, nearest_components(plain, table.plain))
            answer = Answer(**{**vars(answer), "unchanged": unchanged})
        answers[contestant] = answer
        if contestant == "automatic" and "merged" in kind.tags:
            merged = merge_components(model, table.X)
            clusters = merged.probabilities_[:, : merged.n_clusters_].argmax(axis=1)
            answers["merged"] = judged(table, clusters, merged.n_clusters_, seconds, density)
    return answers


def scikit_learn_answers(kind: Kind, seed: int) -> dict[str, Answer]:
    """Return what scikit-learn finds with K given.

    scikit-learn's mixture takes no weights: where they are counts it has the rows as often, else once each.
    """
    table = kind.table(seed)
    new_rows, n_components = kind.new_rows(table, seed), table.n_components
    fits: dict[str, Callable[[], Any]] = {
        "scikit-learn": lambda: ScikitLearnMixture(n_components, random_state=seed),
        "n_init=10": lambda: ScikitLearnMixture(n_components, n_init=10, random_state=seed),
        "k-means": lambda: KMeans(n_components, n_init=10, random_state=seed),
    }
    if {"many columns", "genes"} & set(kind.tags):
        fits["components"] = lambda: make_pipeline(
            PCA(10, random_state=seed), ScikitLearnMixture(n_components, n_init=10, random_state=seed)
        )
    answers = {}
    for contestant, make in fits.items():
        model, began = make(), time.perf_counter()
        try:
            with threadpool_limits(1):  # few rows: threads of BLAS cost more than they save
                model.fit(as_often(table))
            seconds = time.perf_counter() - began
            labels = model.predict(table.X)
            has_density = new_rows is not None and contestant in ("scikit-learn", "n_init=10")
            density = float(model.score(new_rows)) if has_density else np.nan
        except (ValueError, np.linalg.LinAlgError):
            answers[contestant] = Answer()
            continue
        answers[contestant] = judged(table, labels, n_components, seconds, density)
    return answers


def as_often(table: Table) -> Array:
    """Return the rows, each as often as its weight says where weights are counts."""
    weights = table.sample_weight
    if weights is None or not np.array_equal(weights, np.round(weights)):
        return table.X
    return np.repeat(table.X, weights.astype(int), axis=0)
