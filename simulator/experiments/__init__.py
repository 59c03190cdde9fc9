"""What one asks of a topology: check it, simulate it, compare its deployments."""
