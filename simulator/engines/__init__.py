"""Plan to Trace: what happens when."""
