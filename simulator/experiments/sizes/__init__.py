"""How many replicas: the cheapest sizes that meet the objectives, and what one more would buy."""
