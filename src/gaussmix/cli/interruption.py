"""Ctrl-C, a closed terminal and a request to end: the command stops, cleans up, and says so by its exit code.

A handler raises an exception, so that every open block cleans up. Exceptions get lost, however, where a
library discards those of an import or of a destructor. What arrived is therefore remembered too.
"""

from __future__ import annotations

import signal
import sys
from types import FrameType

__all__ = ["exit_code", "handle_signals", "leave_signals_to_python", "stop_if_interrupted"]

_received: int | None = None


def handle_signals() -> None:
    """Leave through the cleaning-up of every open block when a signal asks to stop.

    Python tells of an exception that gets lost in a destructor or in a callback of its import system. Of ours
    there is nothing to tell: the command stops all the same, and says so.
    """
    tell = sys.unraisablehook

    def tell_of_others(lost: sys.UnraisableHookArgs) -> None:
        if _received is None or not issubclass(lost.exc_type, KeyboardInterrupt | SystemExit):
            tell(lost)

    sys.unraisablehook = tell_of_others
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        # What is ignored stays ignored: that is how nohup and a shell's background jobs work.
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _stop)


def exit_code() -> int | None:
    """Give 128 plus the number of the signal that asked to stop, or None if there was none."""
    return None if _received is None else 128 + _received


def stop_if_interrupted() -> None:
    """Stop now if a signal asked to and its exception was lost.

    Raises
    ------
    KeyboardInterrupt
        After Ctrl-C.
    SystemExit
        After another signal.
    """
    if _received is not None:
        _stop(_received, None)


def leave_signals_to_python() -> None:
    """Keep Arrow from taking the handlers over while it reads text."""
    import pyarrow

    pyarrow.enable_signal_handlers(False)


def _stop(signal_number: int, frame: FrameType | None) -> None:
    global _received
    _received = signal_number
    if signal_number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(128 + signal_number)
