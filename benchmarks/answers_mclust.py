"""What R's mclust finds on the tables of the benchmark of answers."""

from __future__ import annotations

import csv
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.answers_draws import Kind
from benchmarks.answers_fits import MCLUST, Answer, as_often, judged

SCRIPT = r"""
suppressMessages(library(mclust))
folder <- commandArgs(TRUE)[1]
LONGEST <- as.numeric(commandArgs(TRUE)[2])
tables <- read.csv(file.path(folder, "tables.csv"))
read <- function(...) {
  path <- file.path(folder, paste0(...))
  if (file.exists(path)) as.matrix(read.csv(path, header = FALSE)) else NULL
}
for (i in seq_len(nrow(tables))) {
  seed <- tables$seed[i]
  X <- read(seed, "_rows.csv")
  new_rows <- read(seed, "_new.csv")
  for (way in c("automatic", "given")) {
    G <- if (way == "given") tables$k[i] else 1:9
    set.seed(seed)
    began <- proc.time()[["elapsed"]]
    setTimeLimit(cpu = LONGEST)
    found <- tryCatch(Mclust(X, G = G, verbose = FALSE), error = function(e) NULL)
    setTimeLimit()
    seconds <- proc.time()[["elapsed"]] - began
    density <- NA
    if (!is.null(found)) {
      if (!is.null(new_rows)) density <- tryCatch(
        mean(dens(new_rows, modelName = found$modelName, parameters = found$parameters, logarithm = TRUE)),
        error = function(e) NA)
      write.table(found$classification, file.path(folder, paste0(seed, "_", way, ".csv")),
                  row.names = FALSE, col.names = FALSE)
      cat(seed, way, found$G, seconds, density, "\n")
    }
  }
}
"""


LONGEST = 120
"""Seconds of a processor after which a fit of mclust has no answer."""


def is_installed() -> bool:
    """Return whether R is there with mclust."""
    if shutil.which("Rscript") is None:
        return False
    asked = ["Rscript", "-e", 'quit(status = !requireNamespace("mclust", quietly = TRUE))']
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


def mclust_answers(kind: Kind, seeds: list[int]) -> dict[int, dict[str, Answer]]:
    """Return what mclust finds automatically and with K given, of all seeds in one run of R.

    mclust takes no weights: where they are counts it has the rows as often, else once each.
    """
    tables = {seed: kind.table(seed) for seed in seeds}
    answers = {seed: dict.fromkeys(MCLUST, Answer()) for seed in seeds}
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "fit.R").write_text(SCRIPT, encoding="utf-8")
        with (folder / "tables.csv").open("w", newline="") as file:
            csv.writer(file).writerows([("seed", "k"), *((s, t.n_components) for s, t in tables.items())])
        for seed, table in tables.items():
            new_rows = kind.new_rows(table, seed)
            for part, rows in (("rows", as_often(table)), ("new", new_rows)):
                if rows is not None:
                    np.savetxt(folder / f"{seed}_{part}.csv", rows, delimiter=",", fmt="%.17g")
        run = subprocess.run(
            ["Rscript", str(folder / "fit.R"), name, str(LONGEST)], capture_output=True, text=True, check=True
        )
        for line in run.stdout.splitlines():
            seed_text, way, n_found, seconds, density = line.split()
            table = tables[int(seed_text)]
            labels = np.loadtxt(folder / f"{seed_text}_{way}.csv", dtype=np.int64, ndmin=1)
            repeats = len(labels) != len(table.X)
            if repeats:  # the first of each row's repetitions
                assert table.sample_weight is not None
                counts = table.sample_weight.astype(int)
                labels = labels[np.cumsum(counts) - counts]
            contestant = "mclust" if way == "automatic" else "mclust, K given"
            answers[int(seed_text)][contestant] = judged(
                table,
                labels,
                int(n_found),
                float(seconds),
                np.nan if density == "NA" else float(density),
            )
    return answers
