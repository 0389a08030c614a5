"""The page and the picture of what benchmarks.limits measured."""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import sklearn

import gaussmix
from gaussmix.backends import NativeBackend, available_threads

if TYPE_CHECKING:
    from benchmarks.limits import Case, Fits, Machine
    from benchmarks.memory import MemoryUse

DOCS = Path(__file__).parent.parent / "docs"
PAGE = DOCS / "benchmarks-engine.md"
PICTURE = DOCS / "images" / "engine.png"

EXPLANATION = """# Benchmarks of the engine

Written by `make bench-engine` (about ten minutes; daal4py takes part
where the package scikit-learn-intelex is installed). All run in turn in one process on {threads}
threads, in double precision, with full covariances, from the same start. An iteration is an E-step and
an M-step. Ratios are the others' times over those of gaussmix (above one: gaussmix is faster), medians
over rounds in which each had its turn.

The machine's limit is the larger of two times: that of N K D**2 multiplications and as many additions
at the rate of NumPy's matrix product, and that of reading the rows at the rate of NumPy's dot product,
both measured in the same rounds. Half of these operations are the squared distances, half the lower
triangles of the scatter. Exponentials, logarithms and the choice of rows are not counted, so that with
few features, where they are most of the work, the limit is out of reach.

"Overlapping" components are about one standard deviation apart: each has part of every row and nothing
can be left out. "Separated" ones are far apart: what cannot change a sum in double precision is left
out, and the fraction may be larger than one.

Machine: {machine}. Measured rates: matrix product {product:.0f} GFLOP/s, reading {reading:.0f} GB/s.
The machine is shared: from run to run single figures move by a third; ratios move less.
"""
TABLE_HEAD = """
| rows | features | components | components are | iteration, ms | ns a row and component \
| fraction of the limit | scikit-learn | daal4py | likelihoods differ by |
| ---: | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |"""
MEMORY_HEAD = """
## Memory

By how much the process grew beyond the rows, at most. `predict` returns 8 bytes a row.

| action | rows | features | components | rows take, MB | beyond them, MB |
| --- | ---: | ---: | ---: | ---: | ---: |"""


def write_page(
    cases: list[Case],
    fits: Fits,
    memory: list[MemoryUse],
    machine: Machine,
    versions: dict[str, str],
    *,
    write: bool,
) -> str:
    """Return the page in Markdown; with `write`, write it and draw the picture."""
    about = (
        f"{os.cpu_count()} cores, {platform.machine()}, kernels for {NativeBackend().instruction_set}; "
        f"gaussmix {gaussmix.__version__}, scikit-learn {sklearn.__version__}, NumPy {np.__version__}, "
        f"Python {platform.python_version()}"
    ) + "".join(f", {name} {version}" for name, version in versions.items())
    text = EXPLANATION.format(
        threads=available_threads(),
        machine=about,
        product=machine.product / 1e9,
        reading=machine.reading / 1e9,
    )
    lines = [text, "## What was to be reached", "", *verdicts(cases, fits), "", "## One iteration"]
    lines += ["", "![Time a row and component, and fraction of the limit](images/engine.png)", TABLE_HEAD]
    lines += [
        f"| {case.n_rows:,} | {case.n_features} | {case.n_components} "
        f"| {'overlapping' if case.overlapping else 'separated'} | {1e3 * case.iteration:.3g} "
        f"| {nanoseconds(case):.2f} | {case.fraction:.2f} | {ratio(case.scikit_learn)} "
        f"| {ratio(case.daal)} | {case.difference:.0e} |"
        for case in cases
    ]
    lines += ["", "## Whole fits at defaults", ""]
    lines += [
        f"- 150 x 4 rows, 3 components: {1e3 * fits.small:.2f} ms, "
        f"{fits.small_ratio:.1f} times faster than scikit-learn.",
        f"- 1,000,000 x 3 rows, 5 components: {fits.large:.2f} s, {fits.large_ratio:.1f} times faster than "
        f"scikit-learn; the mean log-likelihood is at least {fits.gain:+.1e} nats a row above scikit-learn's "
        "(medians over several seeds, each fitted by both in turn).",
        MEMORY_HEAD,
    ]
    lines += [
        f"| {use.action} | {use.n_rows:,} | {use.n_features} | {use.n_components} | {use.rows:.0f} "
        f"| {use.beyond:.1f} |"
        for use in memory
    ]
    page = "\n".join(lines) + "\n"
    if write:
        PAGE.write_text(page, encoding="utf-8")
        draw(cases, machine)
    return page


def nanoseconds(case: Case) -> float:
    """Return the time a row and component."""
    return 1e9 * case.iteration / case.n_rows / case.n_components


def ratio(value: float) -> str:
    """Return a ratio as text."""
    return "" if math.isnan(value) else f"{value:.1f}"


def verdicts(cases: list[Case], fits: Fits) -> list[str]:
    """Return one line for each aim: whether it was reached, and what was measured."""

    def least(
        of: Callable[[Case], float], aim: float, what: str, which: Callable[[Case], bool], unit: str = "times"
    ) -> str:
        chosen = [case for case in cases if which(case) and not math.isnan(of(case))]
        if not chosen:
            return f"- not measured: {what}"
        worst = min(chosen, key=of)
        place = f"{worst.n_features} features, {worst.n_components} components"
        place += ", overlapping" if worst.overlapping else ", separated"
        reached = "reached" if of(worst) >= aim else "**not reached**"
        return f"- {reached}: {what}, at least {aim:g} {unit}; least {of(worst):.2f} ({place})"

    def scikit_learn(aim: float, what: str, which: Callable[[Case], bool]) -> str:
        return least(lambda case: case.scikit_learn, aim, f"faster than scikit-learn {what}", which)

    def daal(aim: float, what: str, which: Callable[[Case], bool]) -> str:
        return least(lambda case: case.daal, aim, f"faster than daal4py {what}", which)

    def at_most(value: float, aim: float, what: str) -> str:
        return f"- {'reached' if value <= aim else '**not reached**'}: {what}; measured {value:.2g}"

    fast_enough = fits.large_ratio >= 10 and fits.gain > -1e-6
    large_fit = (
        f"- {'reached' if fast_enough else '**not reached**'}: a whole default fit of 1,000,000 x 3 rows, "
        "5 components, at least 10 times faster than scikit-learn's for a likelihood that is not lower; "
        f"measured {fits.large_ratio:.1f}"
    )
    return [
        daal(2.0, "up to 10 features", lambda case: case.n_features <= 10),
        daal(
            1.5, "from 16 features on, overlapping", lambda case: case.n_features >= 16 and case.overlapping
        ),
        daal(
            2.5, "from 16 features on, separated", lambda case: case.n_features >= 16 and not case.overlapping
        ),
        scikit_learn(60.0, "up to 5 features", lambda case: case.n_features <= 5),
        scikit_learn(
            40.0,
            "with 10 features, 10 and more components",
            lambda case: case.n_features == 10 and case.n_components > 1,
        ),
        scikit_learn(
            40.0,
            "with 10 features, 1 component",
            lambda case: case.n_features == 10 and case.n_components == 1,
        ),
        scikit_learn(
            15.0,
            "with 39 features and 64 components, and with 64 and 16",
            lambda case: (case.n_features, case.n_components) in ((39, 64), (64, 16)),
        ),
        scikit_learn(6.0, "with 256 features", lambda case: case.n_features == 256),
        least(
            lambda case: case.fraction,
            0.5,
            "part of the machine's limit from 16 features and 8 components on",
            lambda case: case.n_features >= 16 and case.n_components >= 8,
            "of it",
        ),
        at_most(1e3 * fits.small, 3.0, "a whole fit of 150 x 4 rows at defaults in at most 3 ms"),
        large_fit,
        at_most(
            max(case.difference for case in cases),
            1e-9,
            "log-likelihoods equal to 1e-9, relative, in all rows",
        ),
    ]


def draw(cases: list[Case], machine: Machine) -> None:
    """Draw times a row and component, and fractions of the limit, over the number of features."""
    from matplotlib.figure import Figure

    def scatter(axes: object, of: Callable[[Case], float], which: Iterable[Case], **style: object) -> None:
        chosen = sorted(which, key=lambda case: case.n_features)
        axes.plot([case.n_features for case in chosen], [of(case) for case in chosen], **style)

    overlapping = [case for case in cases if case.overlapping]
    separated = [case for case in cases if not case.overlapping]
    figure = Figure(figsize=(11, 4.6), dpi=110, layout="constrained")
    left, right = figure.subplots(1, 2)
    for name, of, marker in (
        ("scikit-learn", lambda case: nanoseconds(case) * case.scikit_learn, "s"),
        ("daal4py", lambda case: nanoseconds(case) * case.daal, "^"),
        ("gaussmix", nanoseconds, "o"),
    ):
        scatter(left, of, overlapping, label=name, marker=marker, linestyle="none")
    scatter(
        left, nanoseconds, separated, label="gaussmix, separated", marker="o", linestyle="none", mfc="none"
    )
    features = np.geomspace(1, 256, 50)
    left.plot(features, 2e9 * features**2 / machine.product, color="0.4", label="rate of a matrix product")
    left.set(xscale="log", yscale="log", xlabel="features", ylabel="nanoseconds a row and component")
    left.set_title("Time of one EM iteration", loc="left")
    left.legend(frameon=False)
    for name, which, fill in (("overlapping", overlapping, "full"), ("separated", separated, "none")):
        scatter(
            right, lambda case: case.fraction, which, label=name, marker="o", linestyle="none", fillstyle=fill
        )
    right.axhline(1.0, color="0.4")
    right.axhline(0.5, color="0.4", linestyle=":")
    right.set(
        xscale="log", yscale="log", xlabel="features", ylabel="least time of the machine over measured time"
    )
    right.set_title("Fraction of the machine's limit", loc="left")
    right.legend(frameon=False)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(PICTURE)
