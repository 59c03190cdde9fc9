"""What a decision is: small pure functions over numbers, the same ones called by every engine.

`now` and `u` are arguments; nothing here has state, and nothing here knows of services, files or engines.
They become machine code when they are first called (`machine_code/`).
"""
