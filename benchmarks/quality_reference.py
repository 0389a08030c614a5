"""The best known solution of each problem, and what scikit-learn finds: kept in files, as both take long.

Nothing here is part of a measurement of gaussmix's default fit; times of default fits are measured anew.
"""

from __future__ import annotations

import json
import math
import os
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
from sklearn.mixture import GaussianMixture as ScikitLearnMixture

from benchmarks.quality_problems import Problem
from benchmarks.quality_solution import Parameters, Solution, judge, log_densities
from gaussmix import GaussianMixture

CACHE = Path(__file__).parent.parent / "build" / "quality"
STARTS = 100
STARTS_SECONDS = 90.0
KEPT = 5  # solutions of scikit-learn kept for a longer search


def solution_of(problem: Problem, parameters: Parameters, seconds: float = math.nan) -> Solution:
    """Return parameters judged on the rows of a problem."""
    return judge(problem.X, problem.labels, parameters, seconds)


def fit_timed(problem: Problem, fit_function: Callable[[Problem], Any]) -> tuple[Parameters, float]:
    """Return what a fit finds, and the seconds that it took."""
    assert problem.X.size  # read or drawn before the clock starts
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        began = time.perf_counter()
        mixture = fit_function(problem)
        seconds = time.perf_counter() - began
    return Parameters.of(mixture), seconds


def evaluate(problem: Problem, fit_function: Callable[[Problem], Any]) -> Solution:
    """Return what a fit finds, judged, with the seconds that it took.

    Parameters
    ----------
    problem : Problem
    fit_function : callable
        Takes the problem and returns a fitted estimator with scikit-learn's attributes.
    """
    return solution_of(problem, *fit_timed(problem, fit_function))


def fit_gaussmix(problem: Problem, **arguments: Any) -> GaussianMixture:
    """Return this package's fit, at defaults but for the arguments."""
    settings = {"covariance_type": problem.covariance_type, "random_state": 0} | arguments
    return GaussianMixture(problem.n_components, **settings).fit(problem.X)


def fit_scikit_learn(problem: Problem, **arguments: Any) -> ScikitLearnMixture:
    """Return scikit-learn's fit, at defaults but for the arguments."""
    settings = {"covariance_type": problem.covariance_type, "random_state": 0} | arguments
    return ScikitLearnMixture(problem.n_components, **settings).fit(problem.X)


def _write(path: Path, content: dict[str, Any]) -> None:
    """Write a file that others see complete or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, suffix=".part", delete=False) as file:
        json.dump(content, file)
    os.replace(file.name, path)


def _read(path: Path) -> dict[str, Any]:
    """Return what a file holds; nothing if there is none."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _as_lists(parameters: Parameters) -> list[Any]:
    return [array.tolist() for array in parameters]


def _as_arrays(lists: list[Any]) -> Parameters:
    return Parameters(*(np.array(array, dtype=np.float64) for array in lists))


def scikit_learn_starts(problem: Problem, allowed: float = 0.0, starts: int = STARTS) -> dict[str, Any]:
    """Return what single starts of scikit-learn found, with seeds 0, 1, 2 and so on.

    Starts are added to those on file until there are 100 or as many seconds are spent as allowed.

    Returns
    -------
    dict
        `bounds` and `seconds`, one entry a start; `best`: parameters of the start of the highest bound,
        which is the one that ``n_init`` would return; `kept`: those of the best few different bounds.
    """
    path = CACHE / f"scikit-learn-{sklearn.__version__}" / f"{problem.key}.json"
    found = _read(path) or {"bounds": [], "seconds": [], "kept": []}
    before = len(found["bounds"])
    while len(found["bounds"]) < starts and sum(found["seconds"]) < allowed:
        seed = len(found["bounds"])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            began = time.perf_counter()
            mixture = fit_scikit_learn(problem, random_state=seed)
            found["seconds"].append(time.perf_counter() - began)
        bound = float(mixture.lower_bound_)
        found["bounds"].append(bound)
        kept = found["kept"]
        if all(abs(bound - other) > 1e-5 for other, _ in kept):
            kept.append([bound, _as_lists(Parameters.of(mixture))])
            kept.sort(key=lambda entry: -entry[0])
            del kept[KEPT:]
    if len(found["bounds"]) > before:
        _write(path, found)
    return found


def scikit_learn_best(problem: Problem) -> Solution | None:
    """Return the best of scikit-learn's starts on file, with the seconds of 100 of them; None without any."""
    found = scikit_learn_starts(problem)
    if not found["bounds"]:
        return None
    seconds = STARTS * sum(found["seconds"]) / len(found["seconds"])
    return solution_of(problem, _as_arrays(found["kept"][0][1]), seconds)


def scikit_learn_log_likelihood(problem: Problem) -> float:
    """Return the likelihood of the best of scikit-learn's starts, judged once for each number of starts.

    NaN if there are none on file, or if the best one is spurious.
    """
    path = CACHE / "scikit-learn-judged" / f"{problem.key}.json"
    judged = _read(path)
    n_starts = len(scikit_learn_starts(problem)["bounds"])
    if judged.get("n_starts") != n_starts:
        solution = scikit_learn_best(problem)
        known = solution is not None and not solution.spurious
        judged = {"n_starts": n_starts, "log_likelihood": solution.log_likelihood if known else math.nan}
        _write(path, judged)
    return float(judged["log_likelihood"])


def _best_path(problem: Problem) -> Path:
    return CACHE / "best" / f"{problem.key}.json"


def best_known(problem: Problem) -> Solution | None:
    """Return the best solution on file that is not spurious; None if there is none."""
    found = _read(_best_path(problem)).get("parameters")
    return solution_of(problem, _as_arrays(found)) if found else None


def best_known_log_likelihood(problem: Problem) -> float:
    """Return the mean log-likelihood of the best known solution; NaN if there is none."""
    return float(_read(_best_path(problem)).get("log_likelihood", math.nan))


def best_known_origin(problem: Problem) -> str:
    """Return what found the best known solution."""
    return str(_read(_best_path(problem)).get("origin", ""))


def best_spurious(problem: Problem) -> float:
    """Return the highest likelihood of a spurious solution that was ever seen; NaN if there was none."""
    return float(_read(_best_path(problem)).get("spurious", math.nan))


def offer(problem: Problem, solution: Solution, origin: str) -> bool:
    """Put a solution on file if it is better than the one there; of a spurious one the likelihood only."""
    content = _read(_best_path(problem))
    name = "spurious" if solution.spurious else "log_likelihood"
    if solution.log_likelihood <= content.get(name, -math.inf) + 1e-9:
        return False
    content[name] = solution.log_likelihood
    if not solution.spurious:
        content |= {"origin": origin, "parameters": _as_lists(solution.parameters)}
    _write(_best_path(problem), content)
    return not solution.spurious


def polish(problem: Problem, parameters: Parameters, **arguments: Any) -> Solution:
    """Return where EM leads from parameters, run until it stands still."""
    settings = {"tol": 1e-9, "max_iter": 5000, "n_jobs": 1} | arguments

    def fit(problem: Problem) -> GaussianMixture:
        return fit_gaussmix(
            problem,
            weights_init=parameters.weights / parameters.weights.sum(),
            means_init=parameters.means,
            precisions_init=parameters.precisions(problem.covariance_type),
            **settings,
        )

    return evaluate(problem, fit)


def from_labels(problem: Problem) -> Parameters | None:
    """Return the mixture of the labelled groups, each with a little width in every direction."""
    X, labels = problem.X, problem.labels
    if labels is None:
        return None
    groups = [X[labels == label] for label in np.unique(labels[labels >= 0])]
    least = 1e-4 * np.cov(X.T).reshape(X.shape[1], X.shape[1])
    return Parameters(
        np.array([len(group) for group in groups]) / (labels >= 0).sum(),
        np.array([group.mean(axis=0) for group in groups]),
        np.array([(group - group.mean(axis=0)).T @ (group - group.mean(axis=0)) / len(group) + least
                  for group in groups]),
    )  # fmt: skip


def candidates(problem: Problem) -> Iterator[tuple[str, Callable[[], Solution]]]:
    """Yield solutions to try, cheap ones first, and without end."""
    if problem.truth is not None:
        yield "EM from the truth", lambda: polish(problem, problem.truth)
    if problem.labels is not None:
        yield "EM from the labels", lambda: polish(problem, from_labels(problem))
    for _, parameters in scikit_learn_starts(problem)["kept"]:
        yield "EM from scikit-learn's", lambda parameters=parameters: polish(problem, _as_arrays(parameters))
    generator = np.random.default_rng(0)
    seed = 0
    while True:
        for init in ("kmeans", "k-means++", "random_from_data"):
            yield (
                f"start {init}",
                lambda init=init, seed=seed: evaluate(
                    problem,
                    lambda problem: fit_gaussmix(problem, init_params=init, random_state=seed, n_jobs=1),
                ),
            )
        for _ in range(3 if best_known(problem) else 0):
            yield "swap", lambda: swap(problem, generator)
        seed += 1


def swap(problem: Problem, generator: np.random.Generator) -> Solution:
    """Return where EM leads if one component of the best known solution is moved to one of the worst rows."""
    best = best_known(problem)
    assert best is not None
    weights, means, covariances = (array.copy() for array in best.parameters)
    k = generator.integers(len(weights))
    totals = np.logaddexp.reduce(log_densities(problem.X, best.parameters), axis=1)
    unlikely = np.argsort(totals)[: max(10, len(totals) // 2)]
    means[k] = problem.X[generator.choice(unlikely)]
    covariances[k] = np.einsum("k,kij->ij", weights, covariances) * generator.choice([0.1, 0.3, 1.0])
    weights[k] = 1.0 / len(weights)
    return polish(problem, Parameters(weights / weights.sum(), means, covariances), tol=1e-7, max_iter=300)


def search(problem: Problem, allowed: float) -> None:
    """Look for a better solution than the best known for so many seconds."""
    began = time.perf_counter()
    for origin, attempt in candidates(problem):
        if offer(problem, solution := attempt(), origin) and origin == "swap":
            offer(problem, polish(problem, solution.parameters), origin)
        if time.perf_counter() - began > allowed:
            return
