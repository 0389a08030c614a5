"""Watching a fit: scikit-learn's lines, a progress bar on a terminal, and scikit-learn's callbacks."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaussmix.core.em import EMResult
from gaussmix.core.parameters import MixtureParameters
from gaussmix.fitting import Monitor

BAR_APPEARS_AFTER_SECONDS = 1.0
LINES_EVERY = 10
"""Models between two lines."""

GetParameters = Callable[[], MixtureParameters]


class LineMonitor:
    """Prints what scikit-learn's mixtures print for ``verbose=1`` and ``verbose=2``.

    Parameters
    ----------
    verbose : int
        2 adds times and gains.
    interval : int
        Iterations between two lines.
    """

    def __init__(self, verbose: int, interval: int) -> None:
        self.verbose = verbose
        self.interval = interval

    def begin_run(self, run: int) -> None:
        """Print the number of the start."""
        print(f"Initialization {run}")
        self._run_began = self._last_line = time.perf_counter()

    def iteration(self, number: int, parameters: GetParameters, log_likelihood: float, gain: float) -> bool:
        """Print every so many iterations."""
        if number % self.interval == 0:
            if self.verbose >= 2:
                now = time.perf_counter()
                lapse = now - self._last_line
                print(f"  Iteration {number}\t time lapse {lapse:.5f}s\t ll change {gain:.5f}")
                self._last_line = now
            else:
                print(f"  Iteration {number}")
        return False

    def end_run(self, result: EMResult, parameters: GetParameters) -> None:
        """Print whether the run converged."""
        line = f"Initialization {'converged' if result.converged else 'did not converge'}."
        if self.verbose >= 2:
            lapse = time.perf_counter() - self._run_began
            line += f" time lapse {lapse:.5f}s\t lower bound {result.log_likelihood:.5f}."
        print(line)


class ProgressBarMonitor:
    """A progress bar on the standard error stream, for fits that last longer than a moment.

    Parameters
    ----------
    n_init : int
        Number of starts.
    """

    def __init__(self, n_init: int) -> None:
        self.n_init = n_init
        self._run = 0
        self._began = time.perf_counter()
        self._progress: Any = None

    def begin_run(self, run: int) -> None:
        """Take note of the number of the start."""
        self._run = run

    def iteration(self, number: int, parameters: GetParameters, log_likelihood: float, gain: float) -> bool:
        """Show the iteration and the likelihood reached."""
        if self._progress is None:
            if time.perf_counter() - self._began < BAR_APPEARS_AFTER_SECONDS:
                return False
            self._progress, self._task = _open_bar(self.n_init)
        self._progress.update(
            self._task,
            completed=self._run,
            description=f"start {self._run + 1} of {self.n_init}, iteration {number}, "
            f"log-likelihood a row {log_likelihood:.6f}",
        )
        return False

    def end_run(self, result: EMResult, parameters: GetParameters) -> None:
        """Count the start as done."""
        if self._progress is not None:
            self._progress.update(self._task, completed=self._run + 1)

    def close(self) -> None:
        """Remove the bar from the screen."""
        if self._progress is not None:
            self._progress.stop()


class SelectionProgress:
    """Shows how far a choice among models has come: a bar on a terminal, lines elsewhere.

    Parameters
    ----------
    verbose : int
        0 shows nothing; 1 a bar if the standard error stream is a terminal, lines otherwise; 2 lines.
    """

    def __init__(self, verbose: int) -> None:
        self.verbose = verbose
        self._on_terminal = verbose == 1 and sys.stderr.isatty()
        self._began = time.perf_counter()
        self._progress: Any = None
        self._said = ""

    def __call__(self, done: int, total: int, doing: str) -> None:
        """Show that so many models of all are done."""
        if not self.verbose:
            return
        if not self._on_terminal:
            line = f"{doing}: {done} of {total}"
            if done % LINES_EVERY == 0 and line != self._said:
                self._said = line
                print(line)
            return
        if self._progress is None:
            if time.perf_counter() - self._began < BAR_APPEARS_AFTER_SECONDS:
                return
            self._progress, self._task = _open_bar(total)
        self._progress.update(self._task, completed=done, description=f"{doing}: {done} of {total}")

    def close(self) -> None:
        """Remove the bar from the screen."""
        if self._progress is not None:
            self._progress.stop()


class CallbackMonitor:
    """Passes a fit on to the callbacks of `sklearn.callback`: one task a start, one an iteration.

    Parameters
    ----------
    estimator : estimator with callbacks set
    n_init : int
    X : ndarray of shape (N, D)
    attributes : callable
        Gives the fitted attributes that belong to parameters.
    """

    def __init__(
        self,
        estimator: Any,
        n_init: int,
        X: NDArray[np.floating],
        attributes: Callable[[MixtureParameters], dict[str, Any]],
    ) -> None:
        self.estimator = estimator
        self.X = X
        self.attributes = attributes
        self._fit = estimator._init_callback_context(max_subtasks=n_init)
        self._fit.call_on_fit_task_begin(estimator=estimator, X=X)

    def begin_run(self, run: int) -> None:
        """Begin the task of a start."""
        self._run = self._fit.subcontext(task_name="initialization", max_subtasks=self.estimator.max_iter)
        self._run.call_on_fit_task_begin(estimator=self.estimator, X=self.X)

    def iteration(self, number: int, parameters: GetParameters, log_likelihood: float, gain: float) -> bool:
        """Begin and end the task of an iteration; stop if a callback says so."""
        task = self._run.subcontext(task_name="iteration")
        task.call_on_fit_task_begin(estimator=self.estimator, X=self.X)
        return bool(
            task.call_on_fit_task_end(
                estimator=self.estimator,
                X=self.X,
                reconstruction_attributes=lambda: self.attributes(parameters()),
            )
        )

    def end_run(self, result: EMResult, parameters: GetParameters) -> None:
        """End the task of a start."""
        self._run.call_on_fit_task_end(
            estimator=self.estimator,
            X=self.X,
            reconstruction_attributes=lambda: self.attributes(parameters()),
        )

    def end_fit(self, parameters: MixtureParameters) -> None:
        """End the task of the whole fit."""
        self._fit.call_on_fit_task_end(
            estimator=self.estimator,
            X=self.X,
            reconstruction_attributes=lambda: self.attributes(parameters),
        )


class Monitors:
    """All that watch one fit, as one monitor.

    Parameters
    ----------
    monitors : sequence of Monitor
    log_jacobian : float, default=0.0
        What brings a log-likelihood to the data's units, where features were transformed.
    """

    def __init__(self, monitors: Sequence[Monitor], log_jacobian: float = 0.0) -> None:
        self.monitors = monitors
        self.log_jacobian = log_jacobian

    @classmethod
    def watching(
        cls,
        estimator: Any,
        n_init: int,
        X: NDArray[np.floating],
        attributes: Callable[[MixtureParameters], dict[str, Any]],
        log_jacobian: float = 0.0,
    ) -> Monitors:
        """Return the monitors that an estimator's ``verbose`` and its callbacks ask for.

        Parameters
        ----------
        estimator : estimator
            With parameters ``verbose``, ``verbose_interval`` and ``max_iter``.
        n_init : int
            Number of starts.
        X : ndarray of shape (N, D)
        attributes : callable
            Gives the fitted attributes that belong to parameters.
        log_jacobian : float, default=0.0
            See the class.
        """
        monitors: list[Monitor] = []
        if estimator.verbose == 1 and sys.stderr.isatty():
            monitors.append(ProgressBarMonitor(n_init))
        elif estimator.verbose:
            monitors.append(LineMonitor(int(estimator.verbose), estimator.verbose_interval))
        if estimator.has_callbacks:
            monitors.append(CallbackMonitor(estimator, n_init, X, attributes))
        return cls(monitors, log_jacobian)

    def begin_run(self, run: int) -> None:
        """Pass on the begin of a run."""
        for monitor in self.monitors:
            monitor.begin_run(run)

    def iteration(self, number: int, parameters: GetParameters, log_likelihood: float, gain: float) -> bool:
        """Pass on an iteration; stop if any monitor says so."""
        log_likelihood += self.log_jacobian
        answers = [m.iteration(number, parameters, log_likelihood, gain) for m in self.monitors]
        return any(answers)

    def end_run(self, result: EMResult, parameters: GetParameters) -> None:
        """Pass on the end of a run."""
        result = replace(result, log_likelihood=result.log_likelihood + self.log_jacobian)
        for monitor in self.monitors:
            monitor.end_run(result, parameters)

    def end_fit(self, parameters: MixtureParameters) -> None:
        """Tell those that want to know how the fit ended."""
        for monitor in self.monitors:
            if isinstance(monitor, CallbackMonitor):
                monitor.end_fit(parameters)

    def close(self) -> None:
        """Clear the screen of progress bars, however the fit ended."""
        for monitor in self.monitors:
            if isinstance(monitor, ProgressBarMonitor):
                monitor.close()


def _open_bar(total: int) -> tuple[Any, Any]:
    """Return a progress bar on the standard error stream, and its task."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=Console(file=sys.stderr),
        transient=True,
    )
    progress.start()
    return progress, progress.add_task("fit", total=total)
