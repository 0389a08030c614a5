"""The script that every introduction to Gaussian mixtures shows; only the import is another."""

import matplotlib.pyplot as plt
from sklearn.datasets import load_iris

from gaussmix import GaussianMixture

iris = load_iris()
X = iris.data

gmm = GaussianMixture(n_components=3, random_state=42)
gmm.fit(X)
labels = gmm.predict(X)

plt.scatter(X[:, 0], X[:, 1], c=labels, cmap="viridis")
plt.xlabel(iris.feature_names[0])
plt.ylabel(iris.feature_names[1])
plt.title("Gaussian mixture of the iris data")
plt.show()
