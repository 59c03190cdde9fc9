import ast
import subprocess
import sys
from pathlib import Path

from simulator import theory


def test_every_public_name_is_there_and_told_of():
    for name in theory.__all__:
        assert getattr(theory, name).__doc__, name


def test_every_public_function_of_the_modules_is_in_the_list():
    folder = Path(theory.__file__).parent
    inner = {"waiting_from_lost", "lost_by_servers", "response_survival"}
    found = set()
    for path in folder.glob("[a-z]*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                found.add(node.name)
    assert found - inner == set(theory.__all__)


def test_it_loads_only_the_standard_library():
    # simulator/__init__.py is not judged here: a bare package stands in for it
    root = str(Path(theory.__file__).parent.parent)
    code = (
        "import sys, types\n"
        "package = types.ModuleType('simulator')\n"
        f"package.__path__ = [{root!r}]\n"
        "sys.modules['simulator'] = package\n"
        "before = set(sys.modules)\n"
        "import simulator.theory\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(sorted(new - set(sys.stdlib_module_names)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['simulator']"
