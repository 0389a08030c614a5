"""How well are real tables predicted, and their gaps filled? Print the two tables of the guide's page.

python -m benchmarks.prediction     less than a minute on one core
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, KNNImputer, SimpleImputer
from sklearn.model_selection import KFold
from sklearn.preprocessing import scale

from gaussmix import GaussianMixtureImputer, GaussianMixtureRegressor

LEVEL = 0.9
SHARE_MISSING = 0.1
N_PATTERNS = 5
N_FEATURES = 10
INPUTS = {"three inputs": ["bmi", "bp", "s5"], "all ten inputs": None}
NUMBERS = (1, 2, "auto")
TABLES = {"iris": load_iris, "wine": load_wine, "breast cancer": load_breast_cancer}
IMPUTERS: dict[str, Any] = {
    "`GaussianMixtureImputer()`": GaussianMixtureImputer(random_state=0),
    "`GaussianMixtureImputer(1)`": GaussianMixtureImputer(1),
    "scikit-learn's `IterativeImputer`": IterativeImputer(random_state=0),
    "scikit-learn's `KNNImputer`": KNNImputer(),
    "scikit-learn's `SimpleImputer` (means)": SimpleImputer(),
}


def print_regression() -> None:
    """Cross-validate on the diabetes data: R² in the mean of folds, coverage and width over all rows."""
    diabetes = load_diabetes(as_frame=True, scaled=False)
    y = diabetes.target.to_numpy()
    print("| components | R² | 90 % intervals contain | their mean width |\n| --- | ---: | ---: | ---: |")
    for title, columns in INPUTS.items():
        X = diabetes.data[columns or list(diabetes.data)].to_numpy()
        for n_components in NUMBERS:
            intervals, scores = np.empty((len(y), 2)), []
            for kept, left_out in KFold(10, shuffle=True, random_state=0).split(X):
                fitted = GaussianMixtureRegressor(n_components, random_state=0).fit(X[kept], y[kept])
                scores.append(fitted.score(X[left_out], y[left_out]))
                intervals[left_out] = fitted.predict_interval(X[left_out], level=LEVEL)
            within = np.mean((intervals[:, 0] <= y) & (y <= intervals[:, 1]))
            width = np.diff(intervals).mean()
            print(f"| {title}, {n_components} | {np.mean(scores):.3f} | {within:.1%} | {width:.0f} |")


def print_imputation() -> None:
    """Take entries out at random, and compare what is filled in with them."""
    errors = np.empty((len(IMPUTERS), len(TABLES)))
    heads = []
    for column, (title, load) in enumerate(TABLES.items()):
        table = scale(load().data[:, :N_FEATURES])
        gaps = [np.random.RandomState(s).uniform(size=table.shape) < SHARE_MISSING for s in range(N_PATTERNS)]
        complete = np.mean([(~missing.any(axis=1)).sum() for missing in gaps])
        heads.append(f"{title}: {complete:.0f} of {len(table)} rows complete, {table.shape[1]} features")
        for row, imputer in enumerate(IMPUTERS.values()):
            squared = [
                np.mean((imputer.fit_transform(np.where(missing, np.nan, table)) - table)[missing] ** 2)
                for missing in gaps
            ]
            errors[row, column] = np.mean(np.sqrt(squared))
    print("| | " + " | ".join(heads) + " |\n| --- |" + " ---: |" * len(heads))
    for name, of_imputer in zip(IMPUTERS, errors, strict=True):
        print(f"| {name} | " + " | ".join(f"{error:.2f}" for error in of_imputer) + " |")


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # of few rows for many features, which is the point
    print_regression()
    print()
    print_imputation()
