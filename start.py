"""The one command: sets up its own environment in `.venv`, once, and runs the simulator or its tests in it.

python3 start.py compare topologies/checkout.yaml
python3 start.py test           what takes turns only in part, as CI does
python3 start.py test --all     everything
python3 start.py test tests/... pytest alone
python3 start.py soak 5000      both engines on so many random topologies
python3 start.py notebook
python3 start.py docs
python3 start.py wheel
python3 start.py versions oldest     with the oldest packages that are allowed; or newest
"""

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import venv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
EVERY_S = 3.0
"""Between two lines that say that it goes on."""
SITE = ("zensical", "build", "--strict", "--clean", "-f", "mkdocs.yml")
EXTRAS = {"test": "dev", "soak": "dev", "docs": "docs", "notebook": "lab"}
"""What a command needs beside the simulator itself."""
PAGE = ROOT / "build" / "site" / "index.html"
"""Where the site begins."""
OWN = """
Of start.py alone:
    test [--all]  the checks and the tests: in part, as CI does, or all; test tests/... is pytest alone
    soak          try both engines on random topologies, as many as are asked for, from seed 0 or `--start` on
    notebook      open the notebooks in a browser
    docs          build the site of these pages: build/site/index.html
    wheel         build a wheel that has the fast engine as machine code for this kind of machine: dist/
    versions      oldest|newest: try the oldest or newest versions of other packages that are allowed"""
"""What the help has beside that of the simulator."""
QUICK = ("tests/spec", "tests/unit/spec", "tests/unit/theory", "tests/unit/compiler", "tests/unit/plan")
"""Tests that need no machine code."""
FIRST = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("lint-imports",),
    ("pytest", *QUICK),
)
"""What is soon red."""
BESIDE = (("mypy",), SITE)
"""Checks that take long, and that the tests need not wait for."""
REST = ("pytest", "-n", "2", "--dist", "worksteal", *(f"--ignore={folder}" for folder in QUICK))
VERSIONED = (
    "tests/unit/spec", "tests/unit/results", "tests/unit/rules", "tests/unit/plots",
    "tests/unit/experiments/sweeps/test_designs.py", "tests/unit/experiments/sweeps/test_rows.py",
    "tests/differential/test_features.py",
)  # fmt: skip
"""Tests of what other packages do for us: models, tables, machine code, figures, designs, and both engines."""


def main() -> int:
    """Set up what is missing, then run."""
    if sys.version_info < (3, 11):
        print(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}", file=sys.stderr)
        return 2
    command, *arguments = sys.argv[1:] or ["--help"]
    if command == "versions":
        return try_versions(arguments)
    set_up(command)
    if command in ("-h", "--help"):
        code = call([PYTHON, "-m", "simulator.cli", command])
        print(OWN)
        return code
    if command == "notebook":
        return run([BIN / "jupyter", "lab", "-y", *(arguments or [ROOT / "notebooks"])], held=())  # one Ctrl-C ends it
    if command == "docs":
        code = call([BIN / SITE[0], *SITE[1:]])
        if not code:
            print(f"The site is built: open {PAGE}")
        return code
    if command == "wheel":
        return make_wheel()
    if command == "soak":
        return run([PYTHON, ROOT / "tests" / "differential" / "soak.py", *arguments], held=())
    if command != "test":
        return run([PYTHON, "-m", "simulator.cli", command, *arguments])
    if arguments and arguments != ["--all"]:
        return call([BIN / "pytest", *arguments])
    return test(arguments)


def test(arguments: list[str]) -> int:
    """What is soon red, and meanwhile, on another core, what the tests need compiled; then all the rest."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # or each of the many processes would read all libraries anew
    warming = subprocess.Popen(
        [PYTHON, "-m", "simulator.cli", "warm"], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for check in FIRST:
            if code := call_check((*check, *arguments) if check[0] == "pytest" else check):
                return code
        warming.wait()
    finally:
        warming.kill()
    with ThreadPoolExecutor(1) as lane:
        checks = [lane.submit(check_beside, check) for check in BESIDE]
        code = call_check((*REST, *arguments))
        return next((found for found in (code, *(one.result() for one in checks)) if found), 0)


def call_check(check: tuple[str, ...]) -> int:
    """Say what is run, run it, and give its exit code."""
    print(f"$ {' '.join(check)}", flush=True)
    return call([BIN / check[0], *check[1:]])


def check_beside(check: tuple[str, ...]) -> int:
    """Run a check, say what it says once it is done, and give its exit code."""
    done = subprocess.run(
        [BIN / check[0], *check[1:]], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    print(f"\n$ {' '.join(check)}\n{done.stdout}", end="", flush=True)
    return done.returncode


def call(command: list[object]) -> int:
    """Run a command, hand SIGTERM on to it, and give its exit code; this process may be number 1 of a container."""
    child = subprocess.Popen([str(word) for word in command], cwd=ROOT)
    signal.signal(signal.SIGTERM, lambda number, _: child.send_signal(number))
    try:
        code = child.wait()
        return code if code >= 0 else 128 - code
    finally:
        signal.signal(signal.SIGTERM, end)
        child.kill()


def end(number: int, _frame: object) -> None:
    """End with the exit code of a signal: process 1 hears only what is asked for."""
    sys.exit(128 + number)


def run(command: list[object], held: tuple[int, ...] = (signal.SIGTERM,)) -> int:
    """Hand over to the simulator: interrupts are its alone, so that it can show what is finished."""
    words = [str(word) for word in command]
    if os.name != "nt":
        sys.stdout.flush()
        signal.pthread_sigmask(signal.SIG_BLOCK, held)  # until the simulator hears it
        os.execv(words[0], words)  # noqa: S606 (no shell is wanted)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return subprocess.call(words)


def make_wheel() -> int:
    """Machine code for any processor of this platform, made of these sources, and a wheel with it."""
    made = Path("build", "machine_code")
    shutil.rmtree(ROOT / made, ignore_errors=True)
    generic = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": "", "SIMULATOR_OBJECTS": str(made)}
    os.environ.update(generic)
    if code := call([PYTHON, "-m", "simulator.engines.compiled.shipping", made]):
        return code
    return call([PYTHON, "-m", "pip", "wheel", "--no-deps", "-q", "--disable-pip-version-check", "-w", "dist", ROOT])


def try_versions(words: list[str]) -> int:
    """Install the oldest or newest versions that pyproject.toml allows, in an environment of their own, and test them.

    `--python COMMAND` takes another Python; what comes after `--` goes to pytest.
    """
    at = words.index("--") if "--" in words else len(words)
    words, more = words[:at], words[at + 1 :]
    which = words[0] if words else ""
    python = words[2] if words[1:2] == ["--python"] else sys.executable
    if which not in ("oldest", "newest"):
        print("usage: start.py versions oldest|newest [--python COMMAND] [-- PYTEST ARGUMENTS]", file=sys.stderr)
        return 2
    folder = ROOT / ".venv-versions" / which
    inside = folder / BIN.name / PYTHON.name
    if code := call([python, "-m", "venv", "--clear", folder]):
        return code
    import tomllib  # from Python 3.11 on

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["parquet"]]
    if which == "oldest":
        asked = [re.sub(r">=([\w.]+).*", r"==\1.*", one) for one in asked]
    install = [inside, "-m", "pip", "install", "-q", "--no-compile", "--disable-pip-version-check"]
    if code := call([*install, *asked, "pytest", "hypothesis", "jsonschema"]):
        return code
    if code := call([*install, "--no-deps", "-e", ROOT]):
        return code
    return call([inside, "-m", "pytest", "-q", *(more or VERSIONED)])


def set_up(command: str) -> None:
    """Make `.venv` and install into it, unless that was done for these very requirements."""
    extra = EXTRAS.get(command, "")
    wanted = hashlib.sha256(
        (ROOT / "pyproject.toml").read_bytes() + (ROOT / "constraints.txt").read_bytes() + sys.version.encode()
    ).hexdigest()
    # Whoever has what tests need has all but Jupyter's own pages.
    enough = (extra,) if extra == "lab" else (extra, "dev")
    stamps = [VENV / f".installed-{name or 'plain'}" for name in enough]
    if any(stamp.exists() and stamp.read_text() == wanted for stamp in stamps):
        return
    if not PYTHON.exists():
        over = tell("Setting up .venv, once: a minute or so")
    else:
        over = tell(f"Adding what `{command}` needs to .venv" if extra else "Bringing .venv up to date")
    what = f"{ROOT}[{extra}]" if extra else str(ROOT)
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
    stamps[0].write_text(wanted)
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
    signal.signal(signal.SIGTERM, end)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
