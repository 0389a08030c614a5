"""Support of `sklearn.callback`, which scikit-learn has from version 1.9 on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self, TypeVar

Method = TypeVar("Method", bound=Callable[..., Any])

if TYPE_CHECKING:
    # scikit-learn's decorator has no types of its own and would make `fit` untyped.

    class _CallbackSupportMixin:
        def set_callbacks(self, *callbacks: Any) -> Self: ...

    def with_callbacks(method: Method) -> Method:
        """Return the method under a callback context."""
        ...

else:
    try:
        from sklearn.callback import CallbackSupportMixin as _CallbackSupportMixin
        from sklearn.callback import with_callbacks
    except ImportError:  # scikit-learn before 1.9

        class _CallbackSupportMixin:
            """Nothing to support."""

        def with_callbacks(method):
            """Return the method as it is."""
            return method


class CallbackSupport(_CallbackSupportMixin):
    """Mixin of estimators that call the callbacks set by ``set_callbacks``."""

    @property
    def has_callbacks(self) -> bool:
        """Whether there is anybody to call, be it set here or handed down by a meta-estimator."""
        return bool(getattr(self, "_skl_callbacks", [])) or hasattr(self, "_parent_callback_ctx")
