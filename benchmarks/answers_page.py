"""The page and the picture of what benchmarks.answers found."""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import sklearn

import gaussmix
from benchmarks.answers_draws import Kind
from benchmarks.answers_fits import HAS_TRANSFORM
from benchmarks.answers_results import UNCHANGED, Results, mean_of
from gaussmix.backends import NativeBackend, available_threads

DOCS = Path(__file__).parent.parent / "docs"
PAGE = DOCS / "benchmarks-answers.md"
PICTURE = DOCS / "images" / "answers.png"

SLACK = 0.01
"""Agreement by which ours may be lower and is no loss."""
NATS = 0.05
"""Density by which ours may be lower and is no loss."""

SECTIONS = {
    "one group": "Tables of one group",
    "far": "Rows far out and fill values",
    "companion": "Columns that follow from others, units, repeated rows",
    "skewed": "Skewed columns",
    "recorded": "Recorded values and counts",
    "core and halo": "Many columns",
    "many columns": "Many columns",
    "real": "Real tables with labels",
}
OTHERS = "Sizes, spreads, shapes, few rows and weights"

TRANSFORM = 'Tables with skewed columns are fitted automatically with `transforms="auto"`.'

EXPLANATION = """\
# Benchmarks of answers

Are the groups of ordinary tables found? Written by `make bench-answers` on {date}.

Machine: {machine}.

## How it is measured

{counts}. Each kind is a function of a seed; its text in `benchmarks/answers_*.py` says what is drawn. The
groups are known. All models have their default settings. *Given* is `GaussianMixture(K)`, *automatic* is
`AutoGaussianMixture()`; scikit-learn's mixture and k-means are given K, too (where a single row far out
or a heap of fill values is added, K counts it), and mclust (6, R) is both given K and left to choose
among 1 to 9 components.
{transform}

*ARI* is the adjusted Rand index of the groups found and the true ones, 1 where they are the same, in the
mean over the tables; of a table of one group it is 1 or 0. Rows that belong to no group (noise, rows far
out, rows with a fill value) are left out, and whether a row is among noise in an answer does not matter:
it counts for its likeliest component. The number of groups is *right* if it is the true one; components
that hold nothing but rows that belong to no group are not counted. *Density* is the mean log-density of
2,000 new rows, in nats a row; new values of columns that are recorded to a step are spread evenly over
their cells, so that nothing is won by standing on the steps. *Labels kept* is the share of tables in
which the added column, the repeated rows, the other units or the row far out change no label of any other
row. Where groups are no ellipsoids, what counts is the components of the automatic choice as
`merge_components` merges them, which stand in brackets.

Bold are losses: ARI with K given more than {slack:g} below the better one of scikit-learn's two,
automatic more than {slack:g} below mclust's; a density of the automatic choice more than {nats:g} nats
below mclust's. scikit-learn and mclust take no weights; where weights are counts they have the rows as
often. An answer that a package did not give (an error; with mclust, none within two minutes of a
processor) is left out of the means of both. mclust has not been run on the tables of 2,048 rows, on breast
cancer and on digits.

Numbers that were chosen by measuring: the doubled parameters of BICc and the least variance of a recorded
value on tables that are among these; what a component's place costs, when rows lie apart, what a heap is and
how optima of few rows are compared on tables of the same kinds from other seeds (20 to 73).

To repeat: `make bench-answers`. The values of the others stand in `benchmarks/answers_rivals.json`;
`python -m benchmarks.answers --who rivals` makes them anew (an hour; mclust's with R and its package
mclust). The sets of genes take part where the environment variable GAUSSMIX_GENES names their folder.
"""


def section_of(kind: Kind) -> str:
    """Return under which title of the page a kind stands."""
    return next((title for tag, title in SECTIONS.items() if tag in kind.tags), OTHERS)


def sections(kinds: Sequence[Kind]) -> dict[str, list[Kind]]:
    """Return the kinds of each section of the page."""
    titles = list(dict.fromkeys([*SECTIONS.values(), OTHERS]))
    found = {title: [kind for kind in kinds if section_of(kind) == title] for title in titles}
    return {title: of for title, of in found.items() if of}


def compared(results: Results, kind: Kind, ours: str, theirs: str, of: str = "ari") -> tuple[float, float]:
    """Return the means of two contestants over the tables for which both have an answer."""
    pairs = [
        (getattr(one, of), getattr(other, of))
        for one, other in zip(results.answers(kind, ours), results.answers(kind, theirs), strict=False)
        if not math.isnan(getattr(one, of)) and not math.isnan(getattr(other, of))
    ]
    return (mean_of(pair[0] for pair in pairs), mean_of(pair[1] for pair in pairs))


def behind_scikit_learn(results: Results, kind: Kind) -> float:
    """Return by how much ours with K given agrees less than the better one of scikit-learn's; NaN unknown."""
    gaps = [
        theirs - ours
        for ours, theirs in (
            compared(results, kind, "given", contestant) for contestant in ("scikit-learn", "n_init=10")
        )
        if not math.isnan(theirs)
    ]
    return max(gaps, default=math.nan)


def behind_mclust(results: Results, kind: Kind, of: str = "ari") -> float:
    """Return by how much the automatic choice is below mclust's; NaN where mclust has no answer."""
    ours, theirs = compared(results, kind, "automatic", "mclust", of)
    return theirs - ours


def tables_right(results: Results, kinds: Sequence[Kind], contestant: str) -> tuple[int, int]:
    """Return in how many tables the number of groups is right, and of how many."""
    found = [
        answer.n_found == n_groups
        for kind in kinds
        for answer, n_groups in zip(
            results.answers(kind, contestant), results.numbers_of_groups(kind), strict=False
        )
    ]
    return sum(found), len(found)


def kept(results: Results, kinds: Sequence[Kind], contestant: str) -> tuple[int, int]:
    """Return in how many tables a companion changes no label, and of how many."""
    shares = [
        answer.unchanged
        for kind in kinds
        for answer in results.answers(kind, contestant)
        if not math.isnan(answer.unchanged)
    ]
    return sum(share > UNCHANGED for share in shares), len(shares)


def verdicts(results: Results, kinds: Sequence[Kind]) -> list[str]:
    """Return one line for each aim: whether it was reached, and what was measured."""
    by_name = {kind.name: kind for kind in kinds}

    def of(tag: str) -> list[Kind]:
        return [kind for kind in kinds if tag in kind.tags]

    def verdict(reached: bool, text: str) -> str:
        return f"- {'reached' if reached else '**not reached**'}: {text}"

    def share(counted: tuple[int, int]) -> str:
        return f"{counted[0]} of {counted[1]} ({counted[0] / max(counted[1], 1):.1%})"

    def worst(losses: dict[str, float]) -> str:
        ordered = sorted(losses, key=lambda name: -losses[name])
        return "; ".join(f"{name} {losses[name]:.2f}" for name in ordered)

    lines = []
    behind = {
        kind.name: behind_scikit_learn(results, kind) for kind in kinds if "core and halo" not in kind.tags
    }
    losses = {name: gap for name, gap in behind.items() if gap > SLACK}
    n_known = sum(not math.isnan(gap) for gap in behind.values())
    text = f"with K given, in every kind ARI at least scikit-learn's better one less {SLACK:g}; "
    text += f"{n_known - len(losses)} of {n_known} kinds"
    if n_known:
        lines.append(verdict(not losses, text + (f". Less by: {worst(losses)}" if losses else "")))
    for name, least in (("survey", 0.95), ("two groups beside 0/1", 0.995)):
        if name in by_name and results.answers(by_name[name], "given"):
            ari = results.mean(by_name[name], "given", "ari")
            lines.append(verdict(ari >= least, f"{name}, K given: ARI {least:g}; {ari:.3f}"))
    for kind in of("core and halo"):
        merged, theirs = compared(results, kind, "merged", "k-means")
        if not math.isnan(merged):
            text = f"{kind.name}: merged groups of the automatic choice, ARI at least k-means' less 0.05; "
            lines.append(verdict(merged >= theirs - 0.05, f"{text}{merged:.2f} and {theirs:.2f}"))
    for tag, least, text in (
        (
            "separated",
            0.9,
            "the right number of groups in 90 % of the tables whose groups are four deviations apart",
        ),
        ("one group", 0.95, "one group in 95 % of the tables that have one"),
    ):
        counted, theirs = (tables_right(results, of(tag), who) for who in ("automatic", "mclust"))
        if counted[1]:
            reached = counted[0] >= least * counted[1]
            lines.append(verdict(reached, f"automatic: {text}; {share(counted)} (mclust {share(theirs)})"))
    behind = {kind.name: behind_mclust(results, kind) for kind in kinds}
    losses = {name: gap for name, gap in behind.items() if gap > SLACK}
    n_known = sum(not math.isnan(gap) for gap in behind.values())
    text = f"automatic, in every kind ARI at least mclust's less {SLACK:g}; "
    text += f"{n_known - len(losses)} of {n_known} kinds"
    if n_known:
        lines.append(verdict(not losses, text + (f". Less by: {worst(losses)}" if losses else "")))
    if any(results.answers(kind, "automatic") for kind in of("one group")):
        lines.append(densities_verdict(results, of("one group"), verdict))
    for who, name in (("automatic", "automatic"), ("given", "K given")):
        counted = kept(results, of("companion"), who)
        text = f"{name}: a companion changes no label in 99 % of tables; {share(counted)}"
        if counted[1]:
            lines.append(verdict(counted[0] >= 0.99 * counted[1], text))
    for kind in of("genes"):
        ours = results.mean(kind, "given", "ari")
        theirs = max(results.mean(kind, who, "ari") for who in ("k-means", "components"))
        if not math.isnan(ours):
            text = f"{kind.name}, K given: ARI at least that of k-means and of ten principal components with "
            text += f"scikit-learn less 0.02; {ours:.2f} and {theirs:.2f}"
            lines.append(verdict(ours >= theirs - 0.02, text))
    tissues = by_name.get("christensen")
    if tissues is not None and results.answers(tissues, "automatic"):
        answer = results.answers(tissues, "automatic")[0]
        text = (
            f"christensen, automatic: 3 groups, ARI at least 0.95; {answer.n_found} groups, {answer.ari:.2f}"
        )
        lines.append(verdict(answer.n_found == 3 and answer.ari >= 0.95, text))
    return lines


def densities_verdict(results: Results, kinds: Sequence[Kind], verdict: Callable[[bool, str], str]) -> str:
    """Return the line about the densities of single groups."""

    def below(contestant: str) -> float:
        return mean_of(
            truth.density - answer.density
            for kind in kinds
            for truth, answer in zip(
                results.answers(kind, "truth"), results.answers(kind, contestant), strict=False
            )
        )

    text = "automatic: the density of single groups within 0.3 nats a row of the truth in the mean; "
    text += f"{below('automatic'):.2f} below it (one component given {below('given'):.2f}, "
    text += f"mclust {below('mclust'):.3g})"
    return verdict(below("automatic") <= 0.3, text)


def summary(results: Results, kinds: Sequence[Kind]) -> list[str]:
    """Return a table of the means over the kinds of each section, and of how often the number is right."""
    columns = {name: name for name in ("given", "scikit-learn", "n_init=10", "k-means")}
    columns |= {"mclust given": "mclust, K given", "automatic": "automatic", "mclust": "mclust"}
    rows = []
    for title, chosen in {**sections(kinds), "all": list(kinds)}.items():
        row = {"": title, "kinds": str(len(chosen))}
        for name, contestant in columns.items():
            row[name] = cell(mean_of(results.mean(kind, contestant, "ari") for kind in chosen))
        for name, contestant in (("K right", "automatic"), ("mclust K right", "mclust")):
            n_right, n_tables = tables_right(results, chosen, contestant)
            row[name] = f"{n_right / n_tables:.0%}" if n_tables else ""
        for name, contestant in (("s automatic", "automatic"), ("s mclust", "mclust")):
            row[name] = cell(mean_of(results.mean(kind, contestant, "seconds") for kind in chosen))
        rows.append(row)
    return table(rows)


def cell(value: float, loss: float = -math.inf, allowed: float = 0.0) -> str:
    """Return a number as the text of a table: bold if it is a loss of more than is allowed, empty for NaN."""
    if math.isnan(value):
        return ""
    text = f"{value:.2f}" if abs(value) < 1e4 else f"{value:.1e}"
    return f"**{text}**" if loss > allowed else text


def table(rows: Sequence[dict[str, str]]) -> list[str]:
    """Return rows as the lines of a table, without columns that are empty in all of them."""
    names = [name for name in rows[0] if any(row[name] for row in rows)]
    return [
        f"| {' | '.join(names)} |",
        "| --- |" + " ---: |" * (len(names) - 1),
        *(f"| {' | '.join(row[name] for name in names)} |" for row in rows),
    ]


def groups_row(results: Results, kind: Kind) -> dict[str, str]:
    """Return what was found of the groups of a kind."""

    def ari(contestant: str) -> str:
        return cell(results.mean(kind, contestant, "ari"))

    def number(contestant: str) -> str:
        n_right, n_tables = tables_right(results, [kind], contestant)
        return f"{n_right} of {n_tables}" if n_tables else ""

    true = results.numbers_of_groups(kind)
    merged = "merged" in kind.tags
    automatic = cell(results.mean(kind, "automatic", "ari"), behind_mclust(results, kind), SLACK)
    return {
        "kind": kind.name,
        "K": " to ".join(str(number) for number in sorted({min(true), max(true)})),
        "given": cell(results.mean(kind, "given", "ari"), behind_scikit_learn(results, kind), SLACK),
        "scikit-learn": ari("scikit-learn"),
        "n_init=10": ari("n_init=10"),
        "k-means": ari("k-means"),
        "principal components": ari("components"),
        "mclust given": ari("mclust, K given"),
        "automatic": f"{automatic} ({ari('merged')})" if merged else automatic,
        "mclust": ari("mclust"),
        "K right": f"{number('automatic')} ({number('merged')})" if merged else number("automatic"),
        "mclust K right": number("mclust"),
        "labels kept": cell(results.share_unchanged(kind, "automatic")),
        "labels kept, given": cell(results.share_unchanged(kind, "given")),
    }


def density_row(results: Results, kind: Kind) -> dict[str, str]:
    """Return the densities that were found of a kind, and the seconds of a fit."""

    def mean(contestant: str, of: str) -> str:
        return cell(results.mean(kind, contestant, of))

    behind = behind_mclust(results, kind, "density")
    return {
        "kind": kind.name,
        "density given": mean("given", "density"),
        "scikit-learn": mean("scikit-learn", "density"),
        "n_init=10": mean("n_init=10", "density"),
        "mclust given": mean("mclust, K given", "density"),
        "automatic": cell(results.mean(kind, "automatic", "density"), behind, NATS),
        "mclust": mean("mclust", "density"),
        "true": mean("truth", "density"),
        "s given": mean("given", "seconds"),
        "s n_init=10": mean("n_init=10", "seconds"),
        "s automatic": mean("automatic", "seconds"),
        "s mclust": mean("mclust", "seconds"),
    }


def write_page(results: Results, kinds: Sequence[Kind]) -> None:
    """Write the page and draw the picture, of the kinds on which ours has answers."""
    kinds = [kind for kind in kinds if results.answers(kind, "given")]
    machine = (
        f"{os.cpu_count()} cores, {platform.machine()}, kernels for {NativeBackend().instruction_set}, "
        f"{available_threads()} threads; gaussmix {gaussmix.__version__}, "
        f"scikit-learn {sklearn.__version__}, NumPy {np.__version__}, Python {platform.python_version()}"
    )
    n_tables = sum(len(results.answers(kind, "given")) for kind in kinds)
    text = EXPLANATION.format(
        date=date.today().isoformat(),
        machine=machine,
        counts=f"{len(kinds)} kinds of table, {n_tables} tables",
        transform=TRANSFORM if HAS_TRANSFORM else "",
        slack=SLACK,
        nats=NATS,
    )
    lines = [text, "## What was to be reached", "", *verdicts(results, kinds), ""]
    lines += [
        "## In sum",
        "",
        "ARI and seconds in the mean over the kinds.",
        "",
        *summary(results, kinds),
        "",
    ]
    lines += [
        "![Agreement with the true groups of each kind of table, ours beside the others'](images/answers.png)"
    ]
    for title, chosen in sections(kinds).items():
        lines += ["", f"## {title}", "", *table([groups_row(results, kind) for kind in chosen])]
        lines += ["", "Densities and seconds:", "", *table([density_row(results, kind) for kind in chosen])]
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    draw(results, kinds)


def draw(results: Results, kinds: Sequence[Kind]) -> None:
    """Draw the agreement of each kind beside that of the others: above the line is better."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.6, 6.0), dpi=110, layout="constrained")
    panels = figure.subplots(1, 2)
    contests = (
        ("given", behind_scikit_learn, "K given", "scikit-learn, the better one of n_init=1 and 10"),
        ("automatic", behind_mclust, "automatic", "mclust, 1 to 9 components"),
    )
    for axes, (ours, behind, title, theirs) in zip(panels, contests, strict=True):
        axes.axline((0, 0), slope=1, color="0.7", linewidth=0.8, zorder=0)
        losses = []
        for (section, chosen), marker in zip(sections(kinds).items(), "oDsv^P*X", strict=False):
            points = []
            for kind in chosen:
                ari, gap = results.mean(kind, ours, "ari"), behind(results, kind)
                if not math.isnan(gap):
                    points.append((ari + gap, ari))
                    losses.append((gap, points[-1], kind.name))
            axes.scatter(
                *np.array(points or [(np.nan, np.nan)]).T, s=26, marker=marker, alpha=0.75, label=section
            )
        named: list[tuple[float, float]] = []
        for gap, point, name in sorted(losses, reverse=True)[:8]:
            if gap > 5 * SLACK and all(abs(point[1] - other[1]) > 0.03 for other in named):
                named.append(point)
                axes.annotate(f"{name}  ", point, ha="right", va="center", fontsize="x-small", color="0.3")
        n_behind = sum(gap > SLACK for gap, _, _ in losses)
        axes.set(xlim=(-0.05, 1.05), ylim=(-0.05, 1.05), aspect="equal", xlabel=theirs, ylabel="gaussmix")
        axes.set_title(
            f"ARI, {title}: {n_behind} of {len(losses)} kinds below", loc="left", fontsize="medium"
        )
        axes.spines[["top", "right"]].set_visible(False)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False, fontsize="small")
    figure.savefig(PICTURE)
