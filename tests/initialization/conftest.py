"""Let the tests of starts see the modules beside them."""

from __future__ import annotations

import sys
from pathlib import Path

# For search_problems: in pytest's import mode "importlib" a test module does not see its neighbours.
sys.path.insert(0, str(Path(__file__).parent))
