"""Let the tests of covariance families see the modules beside them."""

from __future__ import annotations

import sys
from pathlib import Path

# For mixture_members and mclust_values: in pytest's import mode "importlib" a test module does not see
# its neighbours.
sys.path.insert(0, str(Path(__file__).parent))
