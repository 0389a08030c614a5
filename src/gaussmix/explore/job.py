"""One task at a time beside the server: it can be watched and cancelled."""

from __future__ import annotations

import ctypes
import logging
import threading
import time
from collections.abc import Callable

from gaussmix.exceptions import DataError, GaussmixError

SECONDS_BETWEEN_CALLS_TO_STOP = 0.5
_CANCELLED = "cancelled; the result is the one before"
_log = logging.getLogger(__name__)


class Cancelled(BaseException):
    """A task was asked to stop. Like KeyboardInterrupt, it is nothing that handlers of errors catch."""


class Worker:
    """Runs one task at a time in a thread.

    Examples
    --------
    >>> worker = Worker()
    >>> worker.start("counting", lambda say: say("done"))
    >>> worker.wait(10)
    >>> worker.is_busy, worker.error
    (False, None)
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._began = 0.0
        self._stopping = False
        self.doing = ""
        self.error: str | None = None

    @property
    def is_busy(self) -> bool:
        """Whether a task runs."""
        thread = self._thread
        return thread is not None and thread.is_alive()

    @property
    def seconds(self) -> float:
        """Since the task began; 0 where none runs."""
        return time.monotonic() - self._began if self.is_busy else 0.0

    def start(self, doing: str, task: Callable[[Callable[[str], None]], None]) -> None:
        """Begin a task.

        Parameters
        ----------
        doing : str
            What is said to be going on.
        task : callable
            Takes a function to which it says what it is doing.

        Raises
        ------
        DataError
            If another task runs.
        """
        with self._lock:
            if self.is_busy:
                raise DataError("another fit is running; wait for it, or cancel it")
            self.doing, self.error, self._stopping = doing, None, False
            self._began = time.monotonic()
            self._thread = threading.Thread(target=self._run, args=(task,), name="gaussmix-fit", daemon=True)
            self._thread.start()

    def wait(self, seconds: float) -> None:
        """Wait for the task to end, at most so long."""
        thread = self._thread
        if thread is not None:
            thread.join(seconds)

    def cancel(self, seconds: float = 10.0) -> bool:
        """Stop the task as Ctrl-C stops a command, and tell whether it has stopped within so many seconds."""
        deadline = time.monotonic() + seconds
        self._stopping = True
        while self.is_busy and time.monotonic() < deadline:
            thread = self._thread
            if thread is not None and thread.ident is not None:
                # An exception is lost where a library discards those of a destructor: it is raised again.
                ctypes.pythonapi.PyThreadState_SetAsyncExc(
                    ctypes.c_ulong(thread.ident), ctypes.py_object(Cancelled)
                )
            self.wait(min(SECONDS_BETWEEN_CALLS_TO_STOP, max(deadline - time.monotonic(), 0.01)))
        return not self.is_busy

    def _run(self, task: Callable[[Callable[[str], None]], None]) -> None:
        try:
            task(self._say)
        except Cancelled:
            self.error = _CANCELLED
        except GaussmixError as error:
            self.error = str(error)
        except MemoryError:
            self.error = "there is not enough memory; take a part of the rows or columns"
        except Exception as error:
            if self._stopping:  # what a library made of the request to stop is no news
                self.error = _CANCELLED
                return
            _log.exception("%s failed: a bug in gaussmix", self.doing)
            self.error = f"{self.doing} failed: {type(error).__name__}: {error}"

    def _say(self, doing: str) -> None:
        self.doing = doing
