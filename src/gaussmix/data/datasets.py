"""The bundled data sets: small, real, and well known, so that results can be compared with books.

Five come from scikit-learn's own files and are imported only when asked for; Old Faithful is a file of this
package. Where a set has known classes, they are a column of text, so that no fit takes them for a
measurement.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources
from typing import Any

import pyarrow as pa

from .buffers import arrow_array
from .delimited import read_delimited
from .dialect import TextSource
from .table import Table

__all__ = ["BUNDLED", "load_bundled"]


def load_bundled(name: str) -> Table:
    """Load a bundled data set.

    Parameters
    ----------
    name : str
        One of `BUNDLED`.

    Returns
    -------
    table : Table
        Measurements in their own units, then the class as text where the set has one.

    Raises
    ------
    KeyError
        If there is no such set.

    Examples
    --------
    >>> load_bundled("iris").column_names[-1]
    'species'
    """
    return BUNDLED[name](name)


def _faithful(name: str) -> Table:
    content = resources.files("gaussmix.data").joinpath("tables/faithful.csv").read_bytes()
    data = read_delimited(TextSource(origin=name, name=name, content=content)).data
    return Table(data=data, name=name, origin=_origin(name))


def _diabetes(name: str) -> Table:
    from sklearn.datasets import load_diabetes

    bunch = load_diabetes(scaled=False)
    note = "The set's regression target is not part of the table."
    return Table(_columns(bunch.data, bunch.feature_names), name, _origin(name), notes=(note,))


def _iris(name: str) -> Table:
    from sklearn.datasets import load_iris

    return _with_classes(name, load_iris(), "species")


def _wine(name: str) -> Table:
    from sklearn.datasets import load_wine

    return _with_classes(name, load_wine(), "class")


def _breast_cancer(name: str) -> Table:
    from sklearn.datasets import load_breast_cancer

    return _with_classes(name, load_breast_cancer(), "class")


def _digits(name: str) -> Table:
    from sklearn.datasets import load_digits

    return _with_classes(name, load_digits(), "class")


BUNDLED: dict[str, Callable[[str], Table]] = {
    "breast_cancer": _breast_cancer,
    "diabetes": _diabetes,
    "digits": _digits,
    "faithful": _faithful,
    "iris": _iris,
    "wine": _wine,
}
"""Names of the bundled sets and their loaders."""


def _origin(name: str) -> str:
    return f"{name} (bundled data set)"


def _columns(values: Any, names: Any) -> pa.Table:
    arrays = [arrow_array(values[:, i]) for i in range(values.shape[1])]
    return pa.table(arrays, names=[str(name) for name in names])


def _with_classes(name: str, bunch: Any, class_column: str) -> Table:
    classes = pa.array([str(bunch.target_names[code]) for code in bunch.target], type=pa.string())
    data = _columns(bunch.data, bunch.feature_names).append_column(class_column, classes)
    return Table(data, name, _origin(name))
