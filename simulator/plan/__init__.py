"""The contract between compiler, engines and results: what is to be run, and what happened."""
