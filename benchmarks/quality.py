"""Does the default fit find the best known optimum? Compare with scikit-learn, and write the page.

The sets of the suites take part if the environment variable GAUSSMIX_SUITES names their folder (one folder a
battery, in the layout of the collection gagolews/clustering-data-v1). What takes long is kept in
build/quality and grows with each run of --fill: the best known solutions, and scikit-learn's hundred starts.

    python -m benchmarks.quality --fill 30     spend up to twice 30 seconds a problem on references
    python -m benchmarks.quality               compare on all problems, and write docs/benchmarks-quality.md
    python -m benchmarks.quality --seeds 20    how often 20 seeds find the optimum of 30 to 100 plane clusters
    python -m benchmarks.quality --quick       small problems, timed once, nothing written
    python -m benchmarks.quality --alone       gaussmix only, against what is on file, nothing written
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

from sklearn.mixture import GaussianMixture as ScikitLearnMixture
from threadpoolctl import threadpool_limits

from benchmarks.quality_page import write_page
from benchmarks.quality_problems import SUITES_VARIABLE, Problem, problems
from benchmarks.quality_reference import (
    STARTS_SECONDS,
    best_known,
    best_known_log_likelihood,
    best_known_origin,
    best_spurious,
    evaluate,
    fit_gaussmix,
    fit_scikit_learn,
    fit_timed,
    offer,
    scikit_learn_best,
    scikit_learn_log_likelihood,
    scikit_learn_starts,
    search,
    solution_of,
)
from benchmarks.quality_results import NEAR, Comparison, SeedRuns, line, seeds_line, summary
from benchmarks.quality_solution import Solution

__all__ = ["best_known", "evaluate", "problems", "survey"]

TURNS = 3
SLOW = 20.0  # seconds: what takes longer is timed once
QUICK = 3e6  # the most effort of a problem of --quick


def effort(problem: Problem) -> int:
    """Return a number that grows with the time of a fit."""
    return problem.X.size * problem.n_components * (8 + problem.X.shape[1])


def fit_scikit_learn_alone(problem: Problem) -> ScikitLearnMixture:
    """Return scikit-learn's fit on one thread."""
    with threadpool_limits(1):
        return fit_scikit_learn(problem)


def compare(problem: Problem, turns: int) -> Comparison:
    """Fit with both packages at defaults, in turn; times are medians.

    scikit-learn has its turn with as many threads as it likes and with one, which is quicker on few rows;
    the lesser of both medians counts.
    """
    contestants = (fit_gaussmix, fit_scikit_learn, fit_scikit_learn_alone)
    times: tuple[list[float], ...] = ([], [], [])
    found = {}
    began = time.perf_counter()
    for _ in range(turns):
        for fit, taken in zip(contestants, times, strict=True):
            time.sleep(0.05)  # threads of the fit before spin on for a while
            found[fit], seconds = fit_timed(problem, fit)
            taken.append(seconds)
        if time.perf_counter() - began > SLOW:
            break
    our_seconds, *their_seconds = (statistics.median(taken) for taken in times)
    ours = solution_of(problem, found[fit_gaussmix], our_seconds)
    theirs = solution_of(problem, found[fit_scikit_learn], min(their_seconds))
    starts = scikit_learn_best(problem)
    for solution, origin in ((ours, "gaussmix"), (theirs, "scikit-learn"), (starts, "scikit-learn's starts")):
        if solution is not None:
            offer(problem, solution, origin)
    best = best_known(problem)
    if best is None:  # all that was ever found is spurious
        best = max(ours, theirs, key=lambda solution: solution.log_likelihood)
    return Comparison(
        problem,
        best,
        best_known_origin(problem),
        best_spurious(problem),
        ours,
        theirs,
        starts,
        len(scikit_learn_starts(problem)["bounds"]),
    )


def plane_clusters(chosen: list[Problem]) -> list[Problem]:
    """Return the problems of the kind of the A, S, D31 and Birch sets: 30 and more clusters in the plane."""
    return [
        problem
        for problem in chosen
        if problem.name.startswith("kind/") and 30 <= problem.n_components <= 100
    ]


def run_seeds(problem: Problem, n_seeds: int) -> SeedRuns:
    """Fit with the seeds 0, 1, 2 and so on, and count how often the best known optimum is found."""
    solutions = []
    for seed in range(n_seeds):
        solutions.append(
            evaluate(problem, lambda problem, seed=seed: fit_gaussmix(problem, random_state=seed))
        )
        offer(problem, solutions[-1], "gaussmix")
    best = best_known(problem)
    least = best.log_likelihood - NEAR
    bounds = scikit_learn_starts(problem)["bounds"][:n_seeds]
    return SeedRuns(
        problem,
        n_seeds,
        sum(solution.log_likelihood >= least and not solution.spurious for solution in solutions),
        best.log_likelihood - min(solution.log_likelihood for solution in solutions),
        statistics.mean(solution.seconds for solution in solutions),
        len(bounds),
        sum(bound >= least for bound in bounds),
    )


def survey(chosen: list[Problem], fit_function: Callable[[Problem], Any] = fit_gaussmix) -> list[Solution]:
    """Fit each problem once in one way, print how far from the best known it ends; return the solutions."""
    solutions = []
    tally = dict.fromkeys(("at the best known", "spurious", "below scikit-learn's starts"), 0)
    for problem in chosen:
        solution = evaluate(problem, fit_function)
        offer(problem, solution, "gaussmix")
        solutions.append(solution)
        below = best_known_log_likelihood(problem) - solution.log_likelihood
        found = not solution.spurious and below <= NEAR
        beaten = scikit_learn_log_likelihood(problem) - solution.log_likelihood > NEAR
        for name, is_so in zip(tally, (found, solution.spurious, beaten), strict=True):
            tally[name] += is_so
        mark = "~" if solution.spurious else " " if found else "*"
        print(
            f"{problem.name:44}{below:+9.4f}{mark}{'<' if beaten else ' '} {solution.ari:6.2f} "
            f"{1e3 * solution.seconds:9.1f} ms",
            flush=True,
        )
    print(", ".join(f"{name}: {number}" for name, number in tally.items()), f"of {len(chosen)};", end=" ")
    print(f"{sum(solution.seconds for solution in solutions):.2f} s")
    return solutions


def fill(chosen: list[Problem], seconds: float) -> None:
    """Spend up to so many seconds on scikit-learn's starts, and on the search, of each problem."""
    with threadpool_limits(1):
        for problem in sorted(chosen, key=effort):
            starts = scikit_learn_starts(problem, min(seconds, STARTS_SECONDS))
            search(problem, seconds)
            best = best_known(problem)
            print(
                f"{problem.name:44}{best.log_likelihood if best else math.nan:10.4f}  "
                f"{best_known_origin(problem)}; spurious {best_spurious(problem):.4f}; "
                f"{len(starts['bounds'])} starts of scikit-learn",
                flush=True,
            )


def main() -> None:
    """Do what the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--only", default="", help="problems whose name contains this; nothing is written")
    parser.add_argument("--quick", action="store_true", help="small problems, timed once; nothing is written")
    parser.add_argument("--alone", action="store_true", help="only gaussmix, once; nothing is written")
    parser.add_argument("--seeds", type=int, metavar="N", help="only run N seeds on 30 to 100 plane clusters")
    parser.add_argument("--fill", type=float, metavar="SECONDS", help="only extend the references on file")
    arguments = parser.parse_args()
    if not os.environ.get(SUITES_VARIABLE):
        print(
            f"{SUITES_VARIABLE} names no folder of suites: only the mixtures that are drawn here take part."
        )
    chosen = problems(arguments.only)
    if arguments.quick:
        chosen = [problem for problem in chosen if effort(problem) < QUICK]
    if arguments.fill:
        fill(chosen, arguments.fill)
        return
    if arguments.alone:
        survey(chosen)
        return
    seeds = []
    for problem in plane_clusters(chosen) if arguments.seeds else []:
        seeds.append(run_seeds(problem, arguments.seeds))
        print(seeds_line(seeds[-1]), flush=True)
    if arguments.seeds and arguments.only:
        return
    comparisons = []
    for problem in chosen:
        comparisons.append(compare(problem, 1 if arguments.quick else TURNS))
        print(line(comparisons[-1]), flush=True)
    print("\n".join(["", *summary(comparisons)]))
    if not arguments.quick and not arguments.only:
        write_page(comparisons, seeds)


if __name__ == "__main__":
    main()
