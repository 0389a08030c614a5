"""Draw the pictures of the gallery in the guide.

    python examples/gallery.py [FOLDER]

Without a folder they go to docs/images/gallery. The data come with gaussmix and scikit-learn; a million rows
are drawn from a mixture that is made here.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from PIL import Image, ImageSequence
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine

from gaussmix import (
    AutoGaussianMixture,
    GaussianMixture,
    HierarchicalGaussianClustering,
    merge_components,
)
from gaussmix.data.datasets import load_bundled
from gaussmix.plot import (
    DendrogramDisplay,
    DensityContourDisplay,
    DensityDisplay,
    EMAnimationDisplay,
    GoodnessOfFitDisplay,
    MergingDisplay,
    MixtureDisplay,
    PairDisplay,
    ParallelCoordinatesDisplay,
    ProfileDisplay,
    ProjectionDisplay,
    ResponsibilitiesDisplay,
    SelectionDisplay,
    UncertaintyDisplay,
)

FOLDER = Path(__file__).parents[1] / "docs" / "images" / "gallery"
DPI = 100


def faithful() -> pd.DataFrame:
    names = {"eruptions": "eruption (minutes)", "waiting": "waiting (minutes)"}
    return load_bundled("faithful").data.to_pandas().rename(columns=names)


def digits() -> pd.DataFrame:
    pixels = load_digits().data
    return pd.DataFrame(pixels, columns=[f"row {i}, column {j}" for i in range(8) for j in range(8)])


def a_million_rows() -> np.ndarray:
    """Return 1,000,000 rows of five features from seven groups of very different size."""
    generator = np.random.default_rng(7)
    shapes = generator.normal(size=(7, 5, 5)) * 0.55
    mixture = GaussianMixture.from_parameters(
        [0.3, 0.24, 0.18, 0.12, 0.09, 0.05, 0.02],
        generator.normal(size=(7, 5)) * 3.2,
        shapes @ shapes.transpose(0, 2, 1) + 0.25 * np.eye(5),
    )
    rows, _ = mixture.sample(1_000_000, random_state=0)
    return rows


def eruptions(folder: Path) -> None:
    X = faithful()
    model = GaussianMixture(3, covariance_type="EEE", random_state=0).fit(X)
    save(MixtureDisplay.from_estimator(model, X), folder / "scatter.png")
    save(DensityContourDisplay.from_estimator(model, X), folder / "contours.png")
    save(DensityDisplay.from_estimator(model, X, feature="waiting (minutes)"), folder / "density.png")


def irises(folder: Path) -> None:
    X = load_iris(as_frame=True).data
    model = GaussianMixture(3, random_state=0).fit(X)
    model.name_components(_species(model, X))
    save(PairDisplay.from_estimator(model, X), folder / "pairs.png")
    save(UncertaintyDisplay.from_estimator(model, X), folder / "uncertainty.png")
    display = EMAnimationDisplay.from_estimator(model, X, random_state=2, max_frames=15)
    plt.close(display.figure_)
    _, ax = plt.subplots(figsize=(4.6, 3.6), layout="constrained")
    save_animation(display.plot(ax), folder / "em.gif")


def trees(folder: Path) -> None:
    clustering = HierarchicalGaussianClustering(3).fit(load_iris(as_frame=True).data)
    save(DendrogramDisplay.from_estimator(clustering), folder / "dendrogram.png")
    X = faithful()
    merged = merge_components(GaussianMixture(6, random_state=0).fit(X), X, method="entropy")
    save(MergingDisplay.from_estimator(merged), folder / "merging.png")


def goodness(folder: Path) -> None:
    X = faithful()
    model = GaussianMixture(2, random_state=0).fit(X)
    save(GoodnessOfFitDisplay.from_estimator(model, X, random_state=0), folder / "goodness-of-fit.png")


def wines(folder: Path) -> None:
    X = load_wine(as_frame=True).data
    model = AutoGaussianMixture(random_state=0).fit(X)
    save(SelectionDisplay.from_estimator(model), folder / "selection.png")
    save(ParallelCoordinatesDisplay.from_estimator(model, X), folder / "parallel-coordinates.png")


def tumours(folder: Path) -> None:
    X = load_breast_cancer(as_frame=True).data
    model = GaussianMixture(4, covariance_type="VEI", random_state=0).fit(X)
    features = [name for name in X.columns if name.startswith("mean")]
    save(ProfileDisplay.from_estimator(model, X, features=features), folder / "profile.png")
    save(ResponsibilitiesDisplay.from_estimator(model, X), folder / "responsibilities.png")


def handwriting(folder: Path) -> None:
    X = digits()
    model = GaussianMixture(12, covariance_type="VII", random_state=0).fit(X)
    save(ProjectionDisplay.from_estimator(model, X), folder / "projection.png")


def large(folder: Path) -> None:
    X = a_million_rows()
    model = GaussianMixture(7, random_state=0).fit(X)
    save(MixtureDisplay.from_estimator(model, X), folder / "million-rows.png")
    save(UncertaintyDisplay.from_estimator(model, X, kind="curves"), folder / "uncertainty-curves.png")


def save(display: Any, path: Path) -> None:
    """Write the figure of a display in 256 colours, and close it."""
    buffer = io.BytesIO()
    display.figure_.savefig(buffer, format="png", dpi=DPI)
    plt.close(display.figure_)
    _in_palette(Image.open(buffer), 256).save(path, optimize=True)
    print(f"{path.name}: {display.title}. {display.note}")


def save_animation(display: EMAnimationDisplay, path: Path) -> None:
    """Write the animation of a display in 32 colours, and close its figure."""
    display.save(path, dpi=75)
    plt.close(display.figure_)
    with Image.open(path) as animation:
        frames = [frame.convert("RGB") for frame in ImageSequence.Iterator(animation)]
    colors = _in_palette(frames[-1], 32)
    frames = [frame.quantize(palette=colors, dither=Image.Dither.NONE) for frame in frames]
    frames[0].save(
        path, save_all=True, append_images=frames[1:], loop=0, optimize=True,
        duration=[*[350] * (len(frames) - 1), 3000],
    )  # fmt: skip
    print(f"{path.name}: {display.title}. {display.note}")


def _in_palette(picture: Image.Image, n_colors: int) -> Image.Image:
    """Return a picture in few colours that keeps rare ones: a file a third as large, and nobody sees it."""
    return picture.convert("RGB").quantize(
        n_colors, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE
    )


def _species(model: Any, X: pd.DataFrame) -> list[str]:
    """Return the species that most rows of each component have."""
    iris, labels = load_iris(), model.predict(X)
    return [str(iris.target_names[np.bincount(iris.target[labels == k]).argmax()]) for k in range(3)]


PARTS: tuple[Callable[[Path], None], ...] = (
    eruptions,
    irises,
    trees,
    goodness,
    wines,
    tumours,
    handwriting,
    large,
)


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        part(folder)


if __name__ == "__main__":
    main()
