"""What the data say of a mixture, and how surely.

`bootstrap` and `standard_errors` tell how much its parameters vary, `n_components_test` how many components
there are at least, and `goodness_of_fit` whether the rows look like draws from it.
"""

from gaussmix.inference.asymptotic_errors import StandardErrors, standard_errors
from gaussmix.inference.bootstrap_result import BootstrapResult, Intervals
from gaussmix.inference.bootstrapping import bootstrap
from gaussmix.inference.fit_checks import Check, GoodnessOfFit, goodness_of_fit
from gaussmix.inference.likelihood_ratio import LikelihoodRatio, NComponentsTest, n_components_test
from gaussmix.inference.parameter_values import ParameterName, ParameterValues

__all__ = [
    "BootstrapResult",
    "Check",
    "GoodnessOfFit",
    "Intervals",
    "LikelihoodRatio",
    "NComponentsTest",
    "ParameterName",
    "ParameterValues",
    "StandardErrors",
    "bootstrap",
    "goodness_of_fit",
    "n_components_test",
    "standard_errors",
]
