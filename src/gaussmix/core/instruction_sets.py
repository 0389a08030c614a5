"""Which of the processor's instruction sets the compiled kernels use."""

from __future__ import annotations

import os
from typing import Final

from gaussmix import _native

INSTRUCTION_SET_VARIABLE: Final = "GAUSSMIX_INSTRUCTION_SET"
"""Environment variable that forces an instruction set; read when this module is imported."""

INSTRUCTION_SETS: Final = tuple(_native.instruction_sets())
"""What this processor can run, slowest first."""


def _chosen_instruction_set() -> str:
    """Return the instruction set that the environment forces, else the fastest."""
    name = os.environ.get(INSTRUCTION_SET_VARIABLE, "")
    if name and name not in INSTRUCTION_SETS:
        raise RuntimeError(
            f"{INSTRUCTION_SET_VARIABLE}={name}, but this processor and build can run only: "
            f"{', '.join(INSTRUCTION_SETS)}. Unset the variable or choose one of these."
        )
    return name or INSTRUCTION_SETS[-1]


DEFAULT_INSTRUCTION_SET: Final = _chosen_instruction_set()
