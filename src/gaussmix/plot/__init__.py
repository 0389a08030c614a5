"""Pictures of mixtures, in scikit-learn's Display convention, on matplotlib.

`XxxDisplay.from_estimator(model, X)` draws a figure of its own, with title and caption, or on axes of the
caller's; `plot_mixture` chooses the picture that suits the data and writes a file. matplotlib is imported
when something is drawn.
"""

from gaussmix.plot.animation import EMAnimationDisplay
from gaussmix.plot.clusters import ClusterDisplay
from gaussmix.plot.contours import DensityContourDisplay
from gaussmix.plot.dendrogram import DendrogramDisplay
from gaussmix.plot.density import DensityDisplay
from gaussmix.plot.em_history import EMHistory
from gaussmix.plot.goodness_of_fit import GoodnessOfFitDisplay
from gaussmix.plot.merging import MergingDisplay
from gaussmix.plot.pairs import PairDisplay
from gaussmix.plot.parallel_coordinates import ParallelCoordinatesDisplay
from gaussmix.plot.picture import plot_mixture
from gaussmix.plot.profile import ProfileDisplay
from gaussmix.plot.projection import ProjectionDisplay
from gaussmix.plot.responsibilities import ResponsibilitiesDisplay
from gaussmix.plot.scatter import MixtureDisplay
from gaussmix.plot.selection_curve import SelectionDisplay
from gaussmix.plot.uncertainty import UncertaintyDisplay

__all__ = [
    "ClusterDisplay",
    "DendrogramDisplay",
    "DensityContourDisplay",
    "DensityDisplay",
    "EMAnimationDisplay",
    "EMHistory",
    "GoodnessOfFitDisplay",
    "MergingDisplay",
    "MixtureDisplay",
    "PairDisplay",
    "ParallelCoordinatesDisplay",
    "ProfileDisplay",
    "ProjectionDisplay",
    "ResponsibilitiesDisplay",
    "SelectionDisplay",
    "UncertaintyDisplay",
    "plot_mixture",
]
