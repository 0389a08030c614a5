"""The page and the picture of what benchmarks.quality found."""

from __future__ import annotations

import math
import os
import platform
from datetime import date
from pathlib import Path
from statistics import mean, median

import numpy as np
import sklearn

import gaussmix
from benchmarks.quality_problems import BATTERIES
from benchmarks.quality_reference import STARTS
from benchmarks.quality_results import (
    CONTESTANTS,
    NEAR,
    Comparison,
    SeedRuns,
    at_best,
    gap,
    lead_of_starts,
    summary,
    total_seconds,
)
from benchmarks.quality_solution import Solution
from gaussmix.backends import NativeBackend, available_threads

DOCS = Path(__file__).parent.parent / "docs"
PAGE = DOCS / "benchmarks-quality.md"
PICTURE = DOCS / "images" / "quality.png"

EXPLANATION = """# Benchmarks of quality

Does one fit at defaults find the best optimum there is? Written by `make bench-quality` on {date}.

Machine: {machine}.

## How it is measured

{counts}. Each is fitted at defaults (`random_state=0`) by both packages in turn in one process, three
times (once what takes long); times are medians, and scikit-learn's is the lesser of those with all
threads and with one. scikit-learn with `n_init=100` is the best of {starts} starts with different seeds,
or of fewer where they take long ({least_starts} at least; their
numbers stand in the table). *Best known*
is the best of all these, of EM from the parameters that the rows were drawn from, of EM from the
reference labels, and of a long search by many starts and swaps of components. A *gap* is the mean
log-likelihood of the best known solution minus that of another, in nats a row. Both are computed here
from the parameters that were returned, with covariances raised to a millionth of that of all rows where
they are below. A solution is *at the best known optimum* if its gap is at most {near:g} and it is not
spurious.

A solution is *spurious* if a component closes in on a few rows that lie so near to a line or plane by
chance: likelihood grows without limit there. The rule, with its reasons, is the function `spikes` in
`benchmarks/quality_solution.py`. Spurious solutions never become the best known. Gaps below zero belong
to them: a higher likelihood that says nothing about the rows.

The sets of the suites come from the collection gagolews/clustering-data-v1 (batteries {batteries}), with
the number of clusters of their labels; rows labelled as noise are fitted too, but left out of the
adjusted Rand index (ARI). Problems named `overlap` are drawn from mixtures whose Bayes error is 0.5 %
(low), 5 % (medium) or 15 % (high), in equal shares or with a largest component ten times the smallest
(unbalanced); those named `kind` resemble well-known sets: clusters at random places (A, D31), ellipses
(S), rings (R15), a grid and a sine curve (Birch), dense and sparse ones (Unbalance), and two parallel
clusters stretched 200 to 1.

To repeat: `python -m benchmarks.quality --fill 90` builds the references in build/quality (hours), then
`make bench-quality`; GAUSSMIX_SUITES names the folder of the suites.
"""


def verdicts(comparisons: list[Comparison], seeds: list[SeedRuns]) -> list[str]:
    """Return one line for each aim: whether it was reached, and what was measured."""

    def verdict(reached: bool, text: str) -> str:
        return f"- {'reached' if reached else '**not reached**'}: {text}"

    share = mean(at_best(comparison, comparison.ours) for comparison in comparisons)
    their_share = mean(at_best(comparison, comparison.theirs) for comparison in comparisons)
    seconds, their_seconds = total_seconds(comparisons)
    below = sum(lead_of_starts(comparison) > NEAR for comparison in comparisons)
    stretched = [comparison.ours.ari for comparison in comparisons if "/parallel" in comparison.problem.name]
    lines = [
        verdict(
            share >= 0.95,
            f"at least 95 % of problems at the best known optimum; {100 * share:.1f} % "
            f"(scikit-learn at defaults {100 * their_share:.1f} %)",
        ),
        verdict(
            seconds <= their_seconds,
            f"in no more time than scikit-learn's default fits; {seconds:.1f} s and {their_seconds:.1f} s",
        ),
        verdict(
            below == 0,
            f"never more than {NEAR:g} nats a row below scikit-learn with n_init=100; {below} problems are",
        ),
    ]
    if seeds:
        successes, runs = sum(run.successes for run in seeds), sum(run.runs for run in seeds)
        text = f"30 to 100 clusters in the plane: the optimum with every seed; {successes} of {runs} runs"
        lines.append(verdict(successes == runs, text))
    if stretched:
        text = f"two parallel clusters stretched 200 to 1: ARI above 0.95; least {min(stretched):.3f}"
        lines.append(verdict(min(stretched) > 0.95, text))
    return lines


def batteries_table(comparisons: list[Comparison]) -> list[str]:
    """Return the agreement with labels, a line a battery: mean and median over its sets."""
    lines = [
        "",
        "## Agreement with labels",
        "",
        "Adjusted Rand index, mean and median over the sets of a battery (first labels of each).",
        "",
        "| battery | sets | " + " | ".join(CONTESTANTS) + " | best known |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for battery in BATTERIES:
        sets = [c for c in comparisons if c.problem.name.startswith(f"{battery}/") and c.problem.first_labels]
        if not sets:
            continue
        cells = []
        for of in (*CONTESTANTS.values(), lambda comparison: comparison.best):
            values = [of(comparison).ari for comparison in sets if of(comparison) is not None]
            cells.append(f"{mean(values):.3f} / {median(values):.3f}" if values else "")
        lines.append(f"| {battery} | {len(sets)} | {' | '.join(cells)} |")
    return lines


def problems_table(comparisons: list[Comparison]) -> list[str]:
    """Return all problems, a line each."""

    def cell(comparison: Comparison, solution: Solution | None) -> str:
        if solution is None:
            return ""
        text = f"{gap(comparison, solution):.4f}"
        if solution.spurious:
            return f"{text} spurious"
        return text if at_best(comparison, solution) else f"**{text}**"

    def ari(solution: Solution | None) -> str:
        return "" if solution is None or math.isnan(solution.ari) else f"{solution.ari:.2f}"

    lines = [
        "",
        "## All problems",
        "",
        "Gaps and adjusted Rand indices of gaussmix (g) and scikit-learn at defaults (s), and scikit-learn",
        "with many starts (s100, after it their number); misses are bold.",
        "",
        "| problem | rows | D | K | best known | gap g | gap s | gap s100 | starts | ARI g | ARI s "
        "| ARI s100 | ARI best | ms g | ms s |",
        "| --- |" + " ---: |" * 14,
    ]
    for c in comparisons:
        n_rows, n_features = c.problem.X.shape
        gaps = " | ".join(cell(c, of(c)) for of in CONTESTANTS.values())
        aris = " | ".join(ari(of(c)) for of in (*CONTESTANTS.values(), lambda comparison: comparison.best))
        lines.append(
            f"| {c.problem.name} | {n_rows} | {n_features} | {c.problem.n_components} "
            f"| {c.best.log_likelihood:.4f} | {gaps} | {c.n_starts} | {aris} "
            f"| {1e3 * c.ours.seconds:.3g} | {1e3 * c.theirs.seconds:.3g} |"
        )
    return lines


def write_page(comparisons: list[Comparison], seeds: list[SeedRuns]) -> None:
    """Write the page and draw the picture."""
    machine = (
        f"{os.cpu_count()} cores, {platform.machine()}, kernels for {NativeBackend().instruction_set}, "
        f"{available_threads()} threads; gaussmix {gaussmix.__version__}, "
        f"scikit-learn {sklearn.__version__}, NumPy {np.__version__}, Python {platform.python_version()}"
    )
    count = len(comparisons)
    in_suites = sum(c.problem.name.split("/")[0] in BATTERIES for c in comparisons)
    text = EXPLANATION.format(
        date=date.today().isoformat(),
        machine=machine,
        counts=f"{count} problems: {in_suites} of the suites, {count - in_suites} drawn",
        starts=STARTS,
        least_starts=min(c.n_starts for c in comparisons),
        near=NEAR,
        batteries=", ".join(BATTERIES),
    )
    lines = [text, "## What was to be reached", "", *verdicts(comparisons, seeds)]
    lines += ["", "## In sum", "", *summary(comparisons), ""]
    lines += ["![Gaps to the best known optimum, sorted](images/quality.png)"]
    if seeds:
        lines += [
            "",
            "## Thirty to a hundred clusters in the plane",
            "",
            "Runs that find the best known optimum, each with another seed.",
            "",
            "| problem | gaussmix | worst gap | seconds a run | scikit-learn |",
            "| --- | ---: | ---: | ---: | ---: |",
        ]
        lines += [
            f"| {run.problem.name} | {run.successes} of {run.runs} | {run.worst_gap:.4f} | {run.seconds:.2f} "
            f"| {run.their_successes} of {run.their_runs} |"
            for run in seeds
        ]
    lines += [*(batteries_table(comparisons) if in_suites else []), *problems_table(comparisons)]
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    draw(comparisons)


def draw(comparisons: list[Comparison]) -> None:
    """Draw the gaps of each contestant, sorted."""
    from matplotlib.figure import Figure

    least = 1e-6
    figure = Figure(figsize=(8, 4.6), dpi=110, layout="constrained")
    axes = figure.subplots()
    for (name, of), style in zip(CONTESTANTS.items(), ("-", "-", ":"), strict=True):
        gaps = [max(least, gap(c, of(c))) for c in comparisons if of(c) is not None and not of(c).spurious]
        axes.step(100 * np.arange(1, len(gaps) + 1) / len(comparisons), sorted(gaps), style, label=name)
    axes.axhline(NEAR, color="0.6", linewidth=0.8)
    axes.text(
        1, NEAR, "at the best known optimum below this line", va="bottom", color="0.4", fontsize="small"
    )
    axes.set(yscale="log", xlim=(0, 100), ylim=(least / 2, None), xlabel="share of problems, %")
    axes.set_ylabel("gap to the best known, nats a row")
    axes.set_title("How far from the best known optimum", loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    figure.savefig(PICTURE)
