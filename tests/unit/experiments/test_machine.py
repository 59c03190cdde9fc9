"""Cores and interrupts: what is asked of the machine before workers are started."""

import signal
import subprocess
import sys
import threading
import time

import pytest

from simulator.experiments import machine


def test_a_ctrl_c_waits_while_workers_are_started():
    def blocked():
        return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, set())

    reached = []

    def start():
        with machine.interrupts_held():
            signal.raise_signal(signal.SIGINT)
            reached.append(blocked())

    with pytest.raises(KeyboardInterrupt):
        start()
    assert reached == [True]
    assert not blocked()


def test_one_that_another_thread_hears_waits_too():
    done, reached = threading.Event(), []
    other = threading.Thread(target=done.wait)
    other.start()

    def start():
        with machine.interrupts_held():
            signal.pthread_kill(other.ident, signal.SIGINT)
            time.sleep(0.05)
            reached.append(True)

    try:
        with pytest.raises(KeyboardInterrupt):
            start()
    finally:
        done.set()
    assert reached == [True]


WORKER = """
import os, signal, sys, time
from simulator.experiments import machine
machine.PATROL_S = 0.01
machine.serve({parent})
signal.raise_signal(signal.SIGINT)
signal.raise_signal(signal.SIGTERM)
print('went on', flush=True)
time.sleep({seconds})
"""


def worker(parent, seconds):
    program = WORKER.format(parent=parent, seconds=seconds)
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)


def test_a_worker_hears_no_interrupts():
    process = worker("os.getppid()", 0)
    assert (process.stdout, process.returncode) == ("went on\n", 0)


def test_a_worker_whose_parent_is_gone_ends():
    process = worker(-1, 50)  # whoever it was, its parent is another one now
    assert process.returncode == 1
