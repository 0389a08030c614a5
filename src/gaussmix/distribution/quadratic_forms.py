"""Distribution functions of quadratic forms in normal variables.

The inversion formula for the moment generating function is integrated along a ray in the complex plane. It
begins at the saddle point, so that small probabilities are found relative to themselves, and leaves it at the
angle at which the integrand dies away fastest, where along the imaginary axis (Imhof 1961, Biometrika 48,
419-426; Davies 1980, Applied Statistics 29, 323-333) it may oscillate for long.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from gaussmix.core.rows import Array
from gaussmix.distribution.box_probability import interval_probability

ANGLES = np.deg2rad([90, 75, 105, 60, 120, 45, 135, 30, 150])
"""Angles of the rays that are compared; those of equal merit in this order."""
ALLOWED_RISE = 1.0
"""How far the logarithm of the integrand may rise above its start: what rises must cancel."""
EXHAUSTED = 40.0
"""Logarithms this far below the start no longer count."""
NEAREST, FARTHEST = -12.0, 150.0
"""Logarithms of distances between which the saddle point is sought, in units of the form's deviation."""
RELATIVE_ERROR, ABSOLUTE_ERROR = 1e-10, 1e-16
"""The nodes are doubled until the integral changes less."""
MOST_NODES = 1 << 15
ROUNDING = 1e-13


def probability_below(squares: Array, linear: Array, bound: float) -> tuple[float, float]:
    """Return the probability that a quadratic form is less than a bound, and the error of integration.

    Parameters
    ----------
    squares, linear : ndarray of shape (D,)
        Coefficients a and b of ``sum of a z² + 2 b z`` with independent standard normal z.
    bound : float

    Returns
    -------
    probability : float
    error : float
        By how much it changed when the nodes were doubled for the last time.
    """
    if len(squares) == 1:
        return _of_one_variable(float(squares[0]), float(linear[0]), bound), 0.0
    size = float(np.abs(squares).max() + np.abs(linear).max())
    if size == 0.0:
        return float(bound > 0), 0.0
    # Units in which the form has the size of one; coefficients that add nothing are left out.
    squares, linear, bound = squares / size, linear / size, bound / size
    for sign in (1.0, -1.0):
        # A form that curves one way only has an end, where there is no saddle point.
        if (sign * squares >= 0).all() and not linear[squares == 0].any():
            curved = squares != 0
            end = -float((linear[curved] ** 2 / squares[curved]).sum())
            # What rounding leaves beyond is an interval of no probability.
            if sign * (bound - end) <= ROUNDING * (abs(end) + abs(bound)):
                return (0.0 if sign > 0 else 1.0), 0.0
    form = _Form(squares, linear, bound)
    mean = float(squares.sum())
    upper = bound > mean
    start = form.saddle_point(positive=upper)
    integral, error = form.integrate(start)
    tail = min(max(abs(integral), 0.0), 1.0)
    return (1.0 - tail if upper else tail), error


def _of_one_variable(square: float, linear: float, bound: float) -> float:
    """Return the probability that ``square z² + 2 linear z`` is less than a bound, from the two roots."""
    if square == 0.0:
        return float(ndtr(0.5 * bound / abs(linear))) if linear else float(bound > 0)
    discriminant = linear**2 + square * bound
    if discriminant <= 0.0:
        return float(square < 0)
    # The root of larger size first; the other from their product, without cancellation.
    larger = -(linear + np.copysign(np.sqrt(discriminant), linear))
    low, high = sorted([larger / square, -bound / larger])
    if square < 0:
        return float(ndtr(low) + ndtr(-high))
    return float(interval_probability(np.array(low), np.array(high)))


class _Form:
    """A quadratic form, its bound, and the integrand of the inversion formula."""

    def __init__(self, squares: Array, linear: Array, bound: float) -> None:
        self.squares, self.linear, self.bound = squares, linear, bound
        self.deviation = float(np.sqrt(2.0 * (squares**2).sum() + 4.0 * (linear**2).sum()))

    def log_integrand(self, s: Array) -> Array:
        """Return the logarithm of ``M(s) exp(-s bound) / s``, where M generates the moments."""
        shrinkage = 1.0 - 2.0 * self.squares * s[..., None]
        logs = 2.0 * (self.linear * s[..., None]) ** 2 / shrinkage - 0.5 * np.log(shrinkage)
        total: Array = logs.sum(axis=-1) - s * self.bound - np.log(s)
        return total

    def saddle_point(self, *, positive: bool) -> float:
        """Return where on one side of zero the integrand is least on the real axis."""
        sign = 1.0 if positive else -1.0
        largest = float((sign * self.squares).max())
        # M ends where the largest coefficient makes it infinite.
        end = 0.5 / largest if largest > 0 else np.inf

        def place(log_distance: float) -> float:
            distance = float(np.exp(log_distance))
            # Drawn together so that it stays before the end.
            return sign * (
                distance if end == np.inf else min(distance / (1.0 + distance / end), end * (1.0 - 1e-12))
            )

        # The logarithm of the integrand is convex, so its slope tells the side.
        low, high = NEAREST - np.log(self.deviation), FARTHEST - np.log(self.deviation)
        while high - low > 1e-3:
            middle = 0.5 * (low + high)
            s = place(middle)
            shrinkage = 1.0 - 2.0 * self.squares * s
            pull = 4.0 * self.linear**2 * s * (1.0 - self.squares * s) / shrinkage**2
            slope = float((self.squares / shrinkage + pull).sum()) - self.bound - 1.0 / s
            low, high = (low, middle) if sign * slope > 0 else (middle, high)
        return place(0.5 * (low + high))

    def width(self, start: float) -> float:
        """Return how wide the integrand is at the saddle point, along the imaginary axis."""
        shrinkage = 1.0 - 2.0 * self.squares * start
        curvature = 2.0 * (self.squares / shrinkage) ** 2 + 4.0 * self.linear**2 / shrinkage**3
        return float(1.0 / np.sqrt(curvature.sum() + 1.0 / start**2))

    def best_ray(self, start: float) -> tuple[float, float]:
        """Return the angle of the ray from `start` along which the integrand dies away fastest, and where."""
        steps = np.exp(np.linspace(-6.0, 25.0, 156)) * self.width(start)
        begin = float(self.log_integrand(np.array([start + 0j])).real[0])
        best, shortest = float(ANGLES[0]), np.inf
        for angle in ANGLES:
            with np.errstate(all="ignore"):
                logs = self.log_integrand(start + steps * np.exp(1j * angle)).real - begin
            logs = np.where(np.isnan(logs), -np.inf, logs)
            if logs.max() > ALLOWED_RISE:
                continue
            alive = np.flatnonzero(logs > -EXHAUSTED)
            length = float(steps[alive[-1]]) if len(alive) else float(steps[0])
            if length < 0.9 * shortest:
                best, shortest = float(angle), length
        return best, min(shortest, float(steps[-1]))

    def integrate(self, start: float) -> tuple[float, float]:
        """Return the integral along the best ray and by how much doubling the nodes changed it at last."""
        angle, reach = self.best_ray(start)
        direction, width = np.exp(1j * angle), self.width(start)
        previous, n_nodes = np.inf, 64
        while True:
            # A double exponential rule for integrands that die away exponentially (Takahasi and Mori 1974).
            u = np.linspace(-4.0, np.log(reach / width) + 1.0, n_nodes)
            step = np.exp(u - np.exp(-u)) * width
            with np.errstate(all="ignore"):
                logs = self.log_integrand(start + step * direction)
                values = np.exp(logs) * direction * step * (1.0 + np.exp(-u))
            values[~np.isfinite(values)] = 0.0
            integral = float(values.imag.sum()) * (u[1] - u[0]) / np.pi
            error = abs(integral - previous)
            if error <= RELATIVE_ERROR * abs(integral) + ABSOLUTE_ERROR or n_nodes >= MOST_NODES:
                return integral, error
            previous, n_nodes = integral, 2 * n_nodes
