"""Are the groups of ordinary tables found? Compare with scikit-learn, k-means and mclust, and write the page.

What the others find is on file in benchmarks/answers_rivals.json, as it needs R and hours; what we find is
kept in build/answers.json.

    python -m benchmarks.answers                           all kinds, ten tables each; write the page
    python -m benchmarks.answers --quick                   two tables of each kind that is quick
    python -m benchmarks.answers --kinds survey "yes and no" --seeds 3
    python -m benchmarks.answers --who rivals              fit the others' models anew, and put them on file
    python -m benchmarks.answers --list                    the names of the kinds
    python -m benchmarks.answers --page                    write the page of what is on file
"""

from __future__ import annotations

import argparse
import time
import warnings

from benchmarks.answers_draws import Kind
from benchmarks.answers_fits import Answer, our_answers, scikit_learn_answers
from benchmarks.answers_mclust import is_installed, mclust_answers
from benchmarks.answers_page import summary, verdicts, write_page
from benchmarks.answers_results import Results, line, true_density
from benchmarks.answers_tables import KINDS

SEEDS = 10
SLOW = {"many columns", "core and halo", "real"}


def truth(kind: Kind, seed: int) -> Answer:
    """Return what is to be found on a table."""
    return Answer(1.0, kind.table(seed).n_groups, 0.0, true_density(kind, seed))


def run_kind(kind: Kind, seeds: list[int], results: Results, who: str, with_mclust: bool) -> None:
    """Fit the tables of a kind and keep what was found."""
    if who in ("ours", "all"):
        results.keep(
            kind, "ours", {seed: {"truth": truth(kind, seed), **our_answers(kind, seed)} for seed in seeds}
        )
    if who in ("rivals", "all"):
        found: dict[int, dict[str, Answer]] = {seed: scikit_learn_answers(kind, seed) for seed in seeds}
        if with_mclust:
            for seed, answers in mclust_answers(kind, seeds).items():
                found[seed] |= answers
        results.keep(kind, "rivals", found)


def main() -> None:
    """Do what the arguments say."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=SEEDS, help="tables of each kind")
    parser.add_argument("--kinds", nargs="+", metavar="NAME", help="only these; no page is written")
    parser.add_argument("--tags", nargs="+", metavar="TAG", help="only kinds with one of these tags")
    parser.add_argument("--who", choices=("ours", "rivals", "all"), default="ours")
    parser.add_argument(
        "--quick", action="store_true", help="two tables a kind, slow kinds left out; no page"
    )
    parser.add_argument("--list", action="store_true", help="print the names and tags of the kinds")
    parser.add_argument("--page", action="store_true", help="only write the page of what is on file")
    arguments = parser.parse_args()
    chosen = [KINDS[name] for name in arguments.kinds] if arguments.kinds else list(KINDS.values())
    if arguments.tags:
        chosen = [kind for kind in chosen if set(arguments.tags) & set(kind.tags)]
    if arguments.quick:
        chosen = [kind for kind in chosen if not SLOW & set(kind.tags)]
    if arguments.list:
        print("\n".join(f"{kind.name:28}{', '.join(kind.tags)}" for kind in chosen))
        return
    with_mclust = arguments.who != "ours" and is_installed()
    if arguments.who != "ours" and not with_mclust:
        print("R with mclust is not installed: what it finds is left as it is on file.")
    if arguments.page:
        write_page(Results.on_file(chosen), chosen)
        return
    warnings.simplefilter("ignore")
    results, began = Results.on_file(KINDS.values()), time.perf_counter()
    done = []
    for kind in chosen:
        seeds = list(range(min(2 if arguments.quick else arguments.seeds, kind.n_tables)))
        try:
            run_kind(kind, seeds, results, arguments.who, with_mclust)
        except FileNotFoundError as error:
            print(f"{kind.name:28}left out: {error}", flush=True)
            continue
        done.append(kind)
        for side in ("ours", "rivals"):
            if arguments.who in (side, "all"):
                results.write(side)
        print(line(kind, results), flush=True)
    print("\n".join(["", *verdicts(results, done), "", *summary(results, done)]))
    print(f"{time.perf_counter() - began:.0f} s in all")
    if len(chosen) == len(KINDS):
        write_page(results, chosen)


if __name__ == "__main__":
    main()
