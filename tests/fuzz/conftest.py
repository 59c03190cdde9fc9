"""Files at the ends of every range: `extremes.py` makes them, `fuzzing.py` asks; both are found beside themselves."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
