"""How it scales: load curves, core curves, curves of sizes, and maps of who is cheaper."""
