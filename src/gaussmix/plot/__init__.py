"""Pictures of mixtures, in scikit-learn's Display convention, on matplotlib.

`MixtureDisplay`, `DensityDisplay` and `PairDisplay` draw on axes of the caller's; `plot_mixture` chooses
the one that suits the data and writes a file. matplotlib is imported when something is drawn.
"""

from gaussmix.plot.density import DensityDisplay
from gaussmix.plot.pairs import PairDisplay
from gaussmix.plot.picture import plot_mixture
from gaussmix.plot.scatter import MixtureDisplay

__all__ = ["DensityDisplay", "MixtureDisplay", "PairDisplay", "plot_mixture"]
