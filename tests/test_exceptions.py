"""Errors and warnings arrive whole from other processes."""

from __future__ import annotations

import copy
import pickle
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest

from gaussmix import GaussianMixture, exceptions
from gaussmix.exceptions import DegenerateCovarianceError, FeatureRangeError

EXAMPLES = [
    exceptions.GaussmixError("what is wrong"),
    exceptions.DataError("row 3 is empty"),
    FeatureRangeError(2, 1e200),
    FeatureRangeError(2, 1e200, "height"),
    exceptions.ModelFileError("model.json: damaged"),
    DegenerateCovarianceError(),
    DegenerateCovarianceError(single_precision=True),
    exceptions.TransformedMixtureError(("identity", "log")),
    exceptions.DegenerateComponentWarning("component 1 collapsed"),
    exceptions.DependentFeaturesWarning("c = a + b"),
    exceptions.SampleWeightWarning("the weights sum to 1"),
]


def test_there_is_an_example_of_every_class():
    classes = {one for one in vars(exceptions).values() if isinstance(one, type)}
    assert classes == {type(one) for one in EXAMPLES}


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))]
)
@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_a_copy_has_the_same_class_message_and_attributes(error, duplicate):
    again = duplicate(error)
    assert type(again) is type(error)
    assert str(again) == str(error) != ""
    assert again.args == error.args
    assert vars(again) == vars(error)


def test_single_precision_is_told_apart_in_the_message():
    assert "float64" in str(DegenerateCovarianceError(single_precision=True))
    assert "float64" not in str(DegenerateCovarianceError())


def test_a_failed_fit_in_another_process_raises_its_error_here():
    rows = np.ones((20, 2), dtype=np.float32)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        task = pool.submit(GaussianMixture(2, reg_covar=0.0).fit, rows)
        with pytest.raises(DegenerateCovarianceError, match="float64") as caught:
            task.result()
    assert caught.value.single_precision
