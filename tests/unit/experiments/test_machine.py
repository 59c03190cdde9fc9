"""Cores and interrupts: what is asked of the machine before workers are started."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from simulator.experiments import machine


def test_cores_are_those_of_this_process(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 3, 5}, raising=False)
    assert machine.available_cores() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert machine.available_cores() == 1


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


def test_a_worker_hears_none():
    program = (
        "import signal\n"
        "from simulator.experiments.machine import ignore_interrupts\n"
        "ignore_interrupts()\n"
        "signal.raise_signal(signal.SIGINT)\n"
        "print('went on')\n"
    )
    process = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert process.stdout == "went on\n"
