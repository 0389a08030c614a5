"""`gaussmix fit`: from a table to a folder of results."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from gaussmix.cli.options import (
    debug_option,
    drop_missing_option,
    file_argument,
    header_option,
    json_option,
    quiet_option,
    split_names,
    weights_option,
)

if TYPE_CHECKING:
    from pathlib import Path

    from gaussmix import GaussianMixture
    from gaussmix.cli.fit_output import Outcome
    from gaussmix.data import Features
    from gaussmix.explain import MixtureSummary
    from gaussmix.selection import SelectionTable

__all__ = ["command"]

_MOST_COMPONENTS_TRIED = 9
_OPTIONS_OF_A_NUMBER = ("init", "starts", "no_moves", "spikes", "no_acceleration")
# Written out, as importing them takes longer than all the rest of --help; a test compares.
_COVARIANCES = (
    "full", "tied", "diag", "spherical", "EII", "VII", "EEI", "VEI", "EVI", "VVI", "EEE", "VEE", "EVE", "VVE",
    "EEV", "VEV", "EVV", "VVV", "E", "V", "ppca", "factor_analysis",
)  # fmt: skip
_LOW_RANK = ("ppca", "factor_analysis")
_PRIORS = ("default", "shrinkage")
_STARTS = ("portfolio", "kmeans", "k-means++", "hierarchical", "random", "random_from_data")


@click.command("fit", short_help="Find the groups in a table and write a folder of results.")
@file_argument
@click.option(
    "-k", "--components", type=int, metavar="K",
    help=f"Number of components. [default: the best of 1 to {_MOST_COMPONENTS_TRIED} or more by BICc]",
)  # fmt: skip
@click.option(
    "--covariance", type=click.Choice(_COVARIANCES), metavar="FAMILY",
    help=f"What shapes the components may have: {', '.join(_COVARIANCES[:4])}, "
    f"or mclust's {', '.join(_COVARIANCES[4:])}. [default: full with -k; else the best of all by BICc]",
)  # fmt: skip
@click.option(
    "--prior", type=click.Choice(_PRIORS),
    help="Prior of means and covariances: default, mclust's; shrinkage, which draws covariance matrices "
    "toward a diagonal, for few rows in many columns.",
)  # fmt: skip
@click.option(
    "--factors", type=int, metavar="N",
    help="Number of factors of --covariance ppca and factor_analysis. [default: the best by BIC]",
)  # fmt: skip
@click.option(
    "--noise",
    is_flag=True,
    help="Let rows belong to no group but to uniform noise: label -1. [default: with -k no; else if it fits]",
)
@click.option("--columns", multiple=True, metavar="A,B", help="Columns to use. [default: all with numbers]")
@click.option("--exclude", multiple=True, metavar="A,B", help="Columns not to use.")
@weights_option
@click.option("--standardize", is_flag=True, help="Fit on columns brought to mean 0 and variance 1.")
@click.option(
    "--transform", type=click.Choice(["auto", "none"]),
    help="Whether to fit skewed columns as logarithms, roots or by Yeo and Johnson, where that "
    "is clearly likelier. [default: auto; none with --standardize]",
)  # fmt: skip
@drop_missing_option
@header_option
@click.option(
    "--init", type=click.Choice(_STARTS), default="portfolio", show_default=True, metavar="START",
    help=f"How starts are made: {', '.join(_STARTS)}.",
)  # fmt: skip
@click.option(
    "--starts", type=int, metavar="N", help="Number of searches; the best fit is kept. [default: 1]"
)
@click.option("--no-moves", is_flag=True, help="Make do with the starts: do not try to leave a bad optimum.")
@click.option(
    "--spikes", type=click.Choice(["avoid", "allow"]), default="avoid", show_default=True,
    help="Whether components may collapse on a few rows.",
)  # fmt: skip
@click.option("--no-acceleration", is_flag=True, help="Run plain EM, without leaps ahead.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the random starts.")
@click.option("--max-iter", type=int, metavar="N", help="Largest number of iterations of a fit.")
@click.option("--tol", type=float, help="Gain in log-likelihood per row below which a fit has converged.")
@click.option("--threads", type=int, metavar="N", help="Number of threads. [default: all processors]")
@click.option("-o", "--output", metavar="FOLDER", help="Folder of results. [default: gaussmix-NAME]")
@click.option("--overwrite", is_flag=True, help="Replace a folder of earlier results.")
@click.option("--no-report", is_flag=True, help="Write no plot and no report.")
@json_option
@quiet_option
@debug_option
def command(
    source: str,
    components: int | None,
    covariance: str | None,
    prior: str | None,
    factors: int | None,
    noise: bool,
    columns: tuple[str, ...],
    exclude: tuple[str, ...],
    weights: str | None,
    standardize: bool,
    transform: str | None,
    drop_missing: bool,
    header: bool | None,
    init: str,
    starts: int | None,
    no_moves: bool,
    spikes: str,
    no_acceleration: bool,
    seed: int,
    max_iter: int | None,
    tol: float | None,
    threads: int | None,
    output: str | None,
    overwrite: bool,
    no_report: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Find the groups in a table and write a folder of results.

    FILE is a CSV, TSV or Parquet file (text also with .gz), - for CSV on standard input, or a bundled data
    set: breast_cancer, diabetes, digits, faithful, iris, wine. A bundled name wins over a file of the same
    name without a suffix; ./iris is the file.

    The columns that hold numbers are used; which were left out, and why, is printed. The folder holds
    model.json, labels.csv (row of the table and label of its component, both counted from 0; the
    label's probability; the log-density), plot.png and report.html. It appears complete or not at all.
    """
    _require_positive(
        components=components, factors=factors, starts=starts, max_iter=max_iter, threads=threads
    )
    if not 0 <= seed < 2**32:
        raise click.UsageError(f"--seed must lie between 0 and 4294967295, but {seed} was given.")
    if tol is not None and not 0 <= tol < float("inf"):
        raise click.UsageError(f"--tol must be 0 or more, but {tol} was given.")
    names, excluded = split_names(columns, "--columns"), split_names(exclude, "--exclude")
    given = {"tol": tol, "max_iter": max_iter, "n_init": starts, "n_jobs": threads, "prior": prior}
    params: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    params |= {"random_state": seed}
    if standardize and transform == "auto":
        raise click.UsageError(
            "--standardize and --transform auto exclude each other: transforms have units."
        )
    if not standardize and transform != "none":
        params |= {"transforms": "auto"}
    search: dict[str, Any] = {"init_params": init, "spikes": spikes}
    search |= {"moves": None if no_moves else "auto", "accelerate": not no_acceleration}
    if components is None:
        if covariance in _LOW_RANK:
            raise click.UsageError(f"--covariance {covariance} needs a number of components: give -k.")
        params.pop("n_init", None)  # a choice makes its own starts
        params |= {"noise": True} if noise else {}
    else:
        covariance = covariance or "full"
        params |= search | {"noise": noise}
        if factors is not None:
            params["n_factors"] = factors

    from sklearn.exceptions import ConvergenceWarning

    from gaussmix.cli.fit_output import Outcome, print_as_json, print_as_text
    from gaussmix.cli.interruption import leave_signals_to_python, stop_if_interrupted
    from gaussmix.cli.output import progress_line, warnings_as_lines
    from gaussmix.data import read_table, select_features
    from gaussmix.data.results import result_folder
    from gaussmix.exceptions import DegenerateComponentWarning, DependentFeaturesWarning, FeatureRangeError

    leave_signals_to_python()
    in_summary = (ConvergenceWarning, DegenerateComponentWarning, DependentFeaturesWarning)
    with warnings_as_lines(quiet, silent=in_summary), progress_line(quiet) as say:
        if components is None:
            _warn_of_options_without_effect()
        say("Reading the table")
        table = read_table(source, header=header)
        _require_rows(table.origin, table.n_rows, None)
        features = select_features(
            table,
            names or None,
            excluded,
            weights=weights,
            drop_missing=drop_missing,
        )
        origin, name, notes = table.origin, table.name, list(table.notes)
        del table  # the fit needs its memory
        if features.n_dropped:
            notes.append(features.drop_sentence)
        _require_rows(origin, _n_weighted_rows(features), components)
        if covariance is not None:
            _require_family_for(origin, features, covariance, factors)
            _warn_of_many_parameters(features, components, covariance)
        folder = output or f"gaussmix-{_safe_name(name)}"
        with result_folder(folder, overwrite=overwrite) as place:
            try:
                model, choice, remarks = _fit(features, components, covariance, params, standardize, say)
            except FeatureRangeError as error:
                column = f"{origin}: column {features.names[error.feature]!r}"
                raise FeatureRangeError(error.feature, error.deviation, column) from None
            outcome = Outcome(origin, name, features, model, choice, (*notes, *remarks))
            say("Writing the results")
            reading = {"header": header, "weights": weights, "drop_missing": drop_missing}
            summary = _write(outcome, place, source, reading, report=not no_report, standardized=standardize)
            files = sorted(path.name for path in place.iterdir())
            stop_if_interrupted()
    if as_json:
        print_as_json(outcome, summary, folder, files)
    elif not quiet:
        print_as_text(outcome, summary, folder, files)


def _warn_of_options_without_effect() -> None:
    import warnings

    context = click.get_current_context()
    given = [
        option.opts[0]
        for option in context.command.params
        if option.name in _OPTIONS_OF_A_NUMBER
        and context.get_parameter_source(option.name) is ParameterSource.COMMANDLINE
    ]
    if given:
        have = "have" if len(given) > 1 else "has"
        warnings.warn(
            f"{', '.join(given)} {have} no effect without --components: where the number is chosen, the "
            "models start one another",
            stacklevel=1,
        )


def _require_positive(**options: int | None) -> None:
    for name, value in options.items():
        if value is not None and value < 1:
            raise click.UsageError(f"--{name.replace('_', '-')} must be 1 or more, but {value} was given.")


def _n_weighted_rows(features: Features) -> int:
    if features.sample_weight is None:
        return len(features.values)
    return int((features.sample_weight > 0).sum())


def _warn_of_many_parameters(features: Features, components: int | None, covariance: str) -> None:
    import warnings

    from gaussmix.core.parameters import n_free_parameters
    from gaussmix.core.representation import MatrixRepresentation
    from gaussmix.covariance import FAMILIES

    n_rows, n_columns = features.values.shape
    n_components = components or 1
    n_parameters = n_free_parameters(FAMILIES[covariance], n_components, n_columns)
    is_matrix = isinstance(FAMILIES[covariance].representation, MatrixRepresentation)
    if is_matrix and n_parameters > n_rows * n_columns:
        what = "1 component has" if n_components == 1 else f"{n_components:,} components have"
        warnings.warn(
            f"{what} {n_parameters:,} free parameters, but the table has only {n_rows * n_columns:,} values "
            f"({n_rows:,} rows of {n_columns:,} columns): too few for {covariance} covariances. The fit can "
            "take long and mean little; --covariance diag needs far fewer",
            stacklevel=1,
        )


def _require_rows(origin: str, n_rows: int, components: int | None) -> None:
    from gaussmix.exceptions import DataError

    needed = components or 1
    if n_rows < max(needed, 2):
        what = f"{needed} components" if needed > 1 else "a fit"
        raise DataError(
            f"{origin}: {n_rows} row{'s' if n_rows != 1 else ''} for {what}: at least {max(needed, 2)} "
            "are needed; give more rows" + (" or ask for fewer --components" if needed > 2 else "")
        )


def _require_family_for(origin: str, features: Features, covariance: str, factors: int | None) -> None:
    from gaussmix.covariance import FAMILIES
    from gaussmix.exceptions import DataError

    n_columns = features.values.shape[1]
    if FAMILIES[covariance].one_dimensional and n_columns > 1:
        raise DataError(
            f"{origin}: --covariance {covariance} is for a single column, but {n_columns} are used; name one "
            f"with --columns, or take --covariance {covariance}II"
        )
    if factors is not None and covariance in _LOW_RANK and factors >= max(n_columns, 2):
        raise DataError(
            f"{origin}: --factors {factors} for {n_columns} column{'s' if n_columns != 1 else ''}: there "
            "must be fewer factors than columns"
        )


def _safe_name(name: str) -> str:
    import re

    return re.sub(r"[^\w.-]+", "_", name).strip("._")[:50] or "data"


def _fit(
    features: Features,
    components: int | None,
    covariance: str | None,
    params: dict[str, Any],
    standardize: bool,
    say: Callable[[str], None],
) -> tuple[GaussianMixture, SelectionTable | None, list[str]]:
    from gaussmix import AutoGaussianMixture, GaussianMixture
    from gaussmix.core.counts import as_counts
    from gaussmix.data import standardize as standardized
    from gaussmix.estimators.units import in_data_units
    from gaussmix.scales import check_range

    values, weight, scaling = features.values, features.sample_weight, None
    if weight is not None:
        weight, _ = as_counts(weight)  # what is assumed, the summary says
    if standardize:
        values, scaling = standardized(values, weight)
        check_range(scaling.scale)  # the mixture is given in the data's units in the end
    choice = None
    if components is None:
        say(f"Comparing mixtures of 1 to {_MOST_COMPONENTS_TRIED} components and more")
        types = "all" if covariance is None else [covariance]
        automatic = AutoGaussianMixture(covariance_types=types, **params)
        automatic.fit(values, sample_weight=weight)
        model, choice = automatic.best_estimator_, automatic.selection_
    else:
        say(f"Fitting {components} components to {len(values):,} rows")
        model = GaussianMixture(components, covariance_type=covariance or "full", **params)
        model.fit(values, sample_weight=weight)
    notes = []
    if model.noise_ is not None:
        notes.append(
            f"{model.noise_.weight:.1%} of the rows are noise, which belongs to no component: label -1."
        )
    if scaling is not None:
        total_weight = len(values) if weight is None else float(weight.sum())
        fitted_type = model.covariance_type
        model = in_data_units(model, scaling, total_weight)
        choice = None if choice is None else model.selection_
        notes.append("Fitted on standardized columns; everything here is in the data's own units.")
        if model.covariance_type != fitted_type:
            notes.append(
                f"In the data's own units {fitted_type} covariances of standardized columns "
                f"are {model.covariance_type} ones; the model's criteria count the parameters of those."
            )
    return model, choice, notes


def _write(
    outcome: Outcome, folder: Path, source: str, reading: dict[str, Any], *, report: bool, standardized: bool
) -> MixtureSummary:
    from gaussmix.cli.models import with_feature_names
    from gaussmix.data.results import write_labels
    from gaussmix.explain import summarize

    model, features = outcome.model, outcome.features
    with_feature_names(model, features.names).save(folder / "model.json")
    with open(folder / "labels.csv", "wb") as file:
        write_labels(file, features.rows, model.assign(features.values))
    # Numbered as in labels.csv: a reader looks these rows up in the file, where some may have been dropped.
    summary = summarize(
        model,
        features.values,
        features.names,
        sample_weight=features.sample_weight,
        row_numbers=features.rows,
    )
    if report:
        from gaussmix.cli.fit_output import data_sentences
        from gaussmix.cli.options import command_line
        from gaussmix.plot import plot_mixture
        from gaussmix.report import write_report

        plot_mixture(model, features.values, folder / "plot.png", feature_names=features.names)
        write_report(
            model,
            features.values,
            folder / "report.html",
            summary=summary,
            title=f"Mixture fitted to {outcome.name}",
            notes=data_sentences(outcome),
            feature_names=features.names,
            sample_weight=features.sample_weight,
            row_numbers=features.rows,
            selection=outcome.choice,
            command=command_line(),
            source=source,
            reading=reading,
            standardized=standardized,
        )
    return replace(summary, unusual_rows=tuple(replace(row, row=row.number) for row in summary.unusual_rows))
