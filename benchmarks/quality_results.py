"""What benchmarks.quality found on each problem, and on all together."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.quality_problems import Problem
from benchmarks.quality_solution import Solution

NEAR = 1e-3  # nats a row


@dataclass(frozen=True)
class Comparison:
    """What was found on one problem.

    Parameters
    ----------
    problem : Problem
    best : Solution
        The best known.
    origin : str
        What found it.
    spurious : float
        The highest mean log-likelihood of a spurious solution ever seen; NaN if there was none.
    ours, theirs : Solution
        At defaults.
    theirs_100 : Solution or None
        The best of scikit-learn's starts on file; its seconds are those of 100 starts.
    n_starts : int
        How many these are.
    """

    problem: Problem
    best: Solution
    origin: str
    spurious: float
    ours: Solution
    theirs: Solution
    theirs_100: Solution | None
    n_starts: int


@dataclass(frozen=True)
class SeedRuns:
    """Fits of one problem with several seeds.

    Parameters
    ----------
    problem : Problem
    runs, successes : int
        Fits at defaults, and how many are at the best known optimum.
    worst_gap : float
        Of all runs.
    seconds : float
        Mean of a run.
    their_runs, their_successes : int
        The same of scikit-learn's starts on file.
    """

    problem: Problem
    runs: int
    successes: int
    worst_gap: float
    seconds: float
    their_runs: int
    their_successes: int


CONTESTANTS: dict[str, Callable[[Comparison], Solution | None]] = {
    "gaussmix": lambda comparison: comparison.ours,
    "scikit-learn": lambda comparison: comparison.theirs,
    "scikit-learn, n_init=100": lambda comparison: comparison.theirs_100,
}


def gap(comparison: Comparison, solution: Solution | None) -> float:
    """Return how far a solution lies below the best known, in nats a row."""
    return math.nan if solution is None else comparison.best.log_likelihood - solution.log_likelihood


def at_best(comparison: Comparison, solution: Solution | None) -> bool:
    """Return whether a solution is at the best known optimum."""
    return solution is not None and not solution.spurious and gap(comparison, solution) <= NEAR


def lead_of_starts(comparison: Comparison) -> float:
    """Return by how much our default fit is below scikit-learn's many starts; not above spurious ones."""
    starts = comparison.theirs_100
    if starts is None or starts.spurious:
        return -math.inf
    return starts.log_likelihood - comparison.ours.log_likelihood


def line(comparison: Comparison) -> str:
    """Return a comparison as a line of text: a star marks a miss, a tilde a spurious solution."""

    def part(solution: Solution | None) -> str:
        if solution is None:
            return " " * 17
        mark = "~" if solution.spurious else " " if at_best(comparison, solution) else "*"
        return f"{gap(comparison, solution):+8.4f}{mark} {solution.ari:5.2f}  "

    parts = "".join(part(of(comparison)) for of in CONTESTANTS.values())
    times = f"{1e3 * comparison.ours.seconds:9.1f} {1e3 * comparison.theirs.seconds:9.1f} ms"
    return f"{comparison.problem.name:44}{comparison.best.log_likelihood:10.4f}  {parts}{times}"


def seeds_line(runs: SeedRuns) -> str:
    """Return what several seeds found as a line of text."""
    return (
        f"{runs.problem.name:34} {runs.successes} of {runs.runs}, worst gap {runs.worst_gap:.4f}, "
        f"{runs.seconds:.2f} s a run; scikit-learn {runs.their_successes} of {runs.their_runs}"
    )


def total_seconds(comparisons: list[Comparison]) -> tuple[float, float]:
    """Return the seconds of both packages' default fits of all problems."""
    return sum(c.ours.seconds for c in comparisons), sum(c.theirs.seconds for c in comparisons)


def summary(comparisons: list[Comparison]) -> list[str]:
    """Return what the comparisons say together, one line each."""
    lines = []
    for name, of in CONTESTANTS.items():
        known = [(comparison, of(comparison)) for comparison in comparisons if of(comparison) is not None]
        if not known:
            continue
        reached = sum(at_best(*pair) for pair in known)
        lines.append(
            f"- {name}: at the best known optimum on {reached} of {len(known)} problems "
            f"({100 * reached / len(known):.1f} %); spurious on "
            f"{sum(solution.spurious for _, solution in known)}; "
            f"{sum(solution.seconds for _, solution in known):.1f} s in all"
        )
    ours, theirs = total_seconds(comparisons)
    lines.append(f"- gaussmix takes {ours / theirs:.2f} times as long as scikit-learn at defaults, in all")
    ranked = [comparison for comparison in comparisons if lead_of_starts(comparison) > -math.inf]
    if ranked:
        worst = max(ranked, key=lead_of_starts)
        more = [comparison for comparison in ranked if lead_of_starts(comparison) > NEAR]
        lines.append(
            f"- more than {NEAR:g} nats a row below scikit-learn with n_init=100 where that is not spurious: "
            f"{len(more)} of {len(ranked)}; at worst {lead_of_starts(worst):+.4f} ({worst.problem.name})"
        )
    higher = sum(comparison.spurious > comparison.best.log_likelihood for comparison in comparisons)
    lines.append(f"- a spurious solution above the best known was seen on {higher} of {len(comparisons)}")
    return lines
