"""The one command: sets up its own environment in `.venv`, once, and runs the simulator or its tests in it.

python3 start.py compare topologies/checkout.yaml
python3 start.py test
"""

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
EVERY_S = 3.0
"""Between two lines that say that it goes on."""
CHECKS = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy",),
    ("lint-imports",),
    ("pytest", "-n", "2", "--dist", "loadfile"),
)


def main() -> int:
    """Set up what is missing, then run."""
    if sys.version_info < (3, 11):
        print(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}", file=sys.stderr)
        return 2
    arguments = sys.argv[1:]
    testing = arguments[:1] == ["test"]
    set_up(testing=testing)
    if not testing:
        return run([PYTHON, "-m", "simulator.cli", *arguments])
    if len(arguments) > 1:
        return subprocess.call([BIN / "pytest", *arguments[1:]], cwd=ROOT)
    for check in CHECKS:
        print(f"$ {' '.join(check)}", flush=True)
        if code := subprocess.call([BIN / check[0], *check[1:]], cwd=ROOT):
            return code
    return 0


def run(command: list[object]) -> int:
    """Hand over to the simulator: a Ctrl-C is its alone, so that it can show what is finished."""
    words = [str(word) for word in command]
    if os.name != "nt":
        sys.stdout.flush()
        os.execv(words[0], words)  # noqa: S606 (no shell is wanted)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return subprocess.call(words)


def set_up(*, testing: bool) -> None:
    """Make `.venv` and install into it, unless that was done for these very requirements."""
    wanted = hashlib.sha256(
        (ROOT / "pyproject.toml").read_bytes() + (ROOT / "constraints.txt").read_bytes() + sys.version.encode()
    ).hexdigest()
    full, plain = VENV / ".installed-dev", VENV / ".installed"
    if any(stamp.exists() and stamp.read_text() == wanted for stamp in ((full,) if testing else (full, plain))):
        return
    over = tell("Setting up .venv, once: a minute or so")
    what = f"{ROOT}[dev]" if testing else str(ROOT)
    # Not compiled to bytecode ahead: most of what is installed is never imported.
    requirements = ["-qq", "--no-compile", "-c", ROOT / "constraints.txt", "-e", what]
    try:
        install = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check", *requirements]
        if not PYTHON.exists():
            try:
                venv.create(VENV, with_pip=True)
            except subprocess.CalledProcessError:
                # Some systems ship Python without the parts that put pip into an environment.
                venv.create(VENV, with_pip=False, clear=True)
        if subprocess.call([PYTHON, "-m", "pip", "--version"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
            install = [sys.executable, "-m", "pip", "--python", PYTHON, "install", *requirements]
        subprocess.run(install, check=True)
    except (subprocess.CalledProcessError, OSError) as error:
        sys.exit(f"Could not set up {VENV}: {error}. It needs pip (Debian, Ubuntu: python3-venv) and a package index.")
    (full if testing else plain).write_text(wanted)
    over.set()


def tell(what: str) -> threading.Event:
    """Say what goes on, at once and every few seconds until the event is set: an installation is silent."""
    over, began = threading.Event(), time.monotonic()

    def go_on() -> None:
        while not over.wait(EVERY_S):
            print(f"{what}, {time.monotonic() - began:.0f} s so far", file=sys.stderr, flush=True)

    print(f"{what} ...", file=sys.stderr, flush=True)
    threading.Thread(target=go_on, daemon=True).start()
    return over


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
