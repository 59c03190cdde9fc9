"""One topology at many points: designs, where they are computed, what is kept."""
