"""What all tests need of the process that they run in."""

import signal


def pytest_configure() -> None:
    # Started in the background by a script, a process ignores Ctrl-C, and so would every command that it starts.
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
