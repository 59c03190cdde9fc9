"""The compiled rules and where their machine code is kept."""

from __future__ import annotations

import hashlib
import pickle
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import numba
import numpy as np
import platformdirs
import pytest

from simulator.machine_code import compiling, jit


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A copy of the sources that decide the machine code, in a package and a user's cache of their own."""
    root = tmp_path / "package"
    for folder in ("machine_code", "plan", "rules"):
        source = Path(jit.__file__).parents[1] / folder
        shutil.copytree(source, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "engines" / "compiled").mkdir(parents=True)
    (root / "engines" / "compiled" / "kernel.py").write_text("x = 1\n")
    monkeypatch.setattr(jit, "__file__", str(root / "machine_code" / "jit.py"))
    home = tmp_path / "home"
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda *args, **kwargs: str(home))
    monkeypatch.setenv(jit.keeping.PLACE, "")  # so that it is put back
    monkeypatch.delenv(jit.keeping.PLACE)
    return root


def folder() -> Path:
    return jit.cache_folder.__wrapped__()


def test_the_folder_is_in_the_users_cache_and_stays(package, tmp_path):
    assert folder() == folder()
    assert folder().is_dir()
    assert folder().parent == tmp_path / "home"
    assert list(folder().iterdir()) == []


@pytest.mark.parametrize(
    "source", ["rules/randomness.py", "machine_code/jit.py", "engines/compiled/kernel.py", "plan/measures.py"]
)
def test_an_edited_source_has_another_folder(package, source):
    before = folder()
    with (package / source).open("a") as file:
        file.write("# edited\n")
    assert folder() != before


def test_an_added_source_has_another_folder(package):
    before = folder()
    (package / "rules" / "extra.py").write_text("y = 1\n")
    assert folder() != before


def test_another_numba_has_another_folder(package, monkeypatch):
    before = folder()
    monkeypatch.setattr(jit, "version", lambda name: "0.0.0")
    assert folder() != before


def test_what_is_no_source_does_not_matter(package):
    before = folder()
    (package / "rules" / "notes.txt").write_text("nothing")
    (package / "engines" / "reference.py").write_text("z = 1\n")
    assert folder() == before


def test_where_code_is_kept_decides_nothing(package):
    before = folder()
    with (package / "machine_code" / "keeping.py").open("a") as file:
        file.write("# edited\n")
    assert folder() == before


# -- when a rule is compiled


@pytest.fixture(autouse=True)
def place_of_others(monkeypatch):
    """Where other people's kernels are kept: nothing here may change that."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", "of others")
    yield
    assert numba.config.CACHE_DIR == "of others"


@pytest.fixture
def scale():
    """A rule that nobody has called yet."""

    @jit.rule("float64(int64, float64)")
    def scale(count: int, seconds: float) -> float:
        return count * seconds

    return scale


def signatures(rule) -> list[str]:
    return [str(signature) for signature in rule.entry.signatures] if rule.entry else []


def test_a_rule_has_one_signature_and_is_compiled_when_it_is_first_called(scale):
    assert signatures(scale) == []
    assert scale(True, 2) == 2.0  # other types are turned into these, never compiled anew
    assert signatures(scale) == ["(int64, float64)"]
    assert scale(3, 0.5) == 1.5
    assert scale(np.int32(3), np.float32(0.5)) == 1.5
    assert signatures(scale) == ["(int64, float64)"]
    assert numba.config.CACHE_DIR == "of others"


def test_a_first_call_from_compiled_code_is_for_the_rules_own_signature(scale):
    @numba.njit
    def caller(count, seconds):
        return scale(count, seconds) + 1.0

    assert caller(np.int32(3), np.float32(0.5)) == 2.5
    assert caller(3, 0.5) == 2.5
    assert signatures(scale) == []  # it is a part of its caller
    assert scale(3, 0.5) == 1.5
    assert signatures(scale) == ["(int64, float64)"]


def test_what_compiled_code_calls_is_made_with_it():
    """Through parts of parts, one of which is called twice; by a caller of ours, and by one that is not."""

    @jit.rule("float64(float64)")
    def square(x):
        return x * x

    @jit.subroutine
    def fourth(x: float) -> float:
        return square(square(x))

    @jit.rule("float64(float64)")
    def fifth(x):
        return fourth(x) * square(x) / x

    @numba.njit
    def sixth(x):
        return fourth(x) * square(x)

    assert fifth(2.0) == 32.0
    assert sixth(2.0) == 64.0
    assert fourth(2.0) == 16.0  # asked for from Python too
    assert square(3.0) == 9.0


@pytest.mark.parametrize("wrong", [np.arange(4), np.arange(8.0)[::2]], ids=["integers", "strided"])
def test_what_does_not_fit_the_signature_is_refused_at_the_first_call_as_at_any_other(wrong):
    @jit.rule("float64(float64[::1])")
    def total(column):
        result = 0.0
        for value in column:
            result += value
        return result

    for _ in range(2):
        with pytest.raises(TypeError, match="No matching definition"):
            total(wrong)
    assert total(np.arange(4.0)) == 6.0


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder of its own for machine code."""
    monkeypatch.setattr(jit, "cache_folder", lambda: tmp_path)
    return tmp_path


def make_kept(add=1.0):
    """A rule as another process has it: of the same source, with nothing compiled."""

    @jit.rule("float64(float64)")
    def kept(x: float) -> float:
        return x + add

    return kept


def files(place):
    return list(place.iterdir())


def compiles(rule) -> bool:
    """Whether numba has to compile what is not kept."""
    jit.compile_now(rule)
    return rule.entry.stats.cache_hits == {}


def test_machine_code_is_kept_in_the_folder_once_there_is_some(place):
    first = make_kept()
    assert files(place) == []
    assert not jit.is_at_hand(first)
    assert compiles(first)
    assert jit.is_at_hand(first)
    assert [file.suffix for file in files(place)] == [".nbc"]
    second = make_kept()
    assert jit.is_at_hand(second)
    assert not compiles(second)
    assert second(1.0) == 2.0


def test_code_that_closes_over_another_value_is_other_code(place):
    jit.compile_now(make_kept())
    other = make_kept(add=2.0)
    assert compiles(other)
    assert other(1.0) == 3.0
    assert len(files(place)) == 2


def garbled(content: bytes, how: str) -> bytes:
    middle = len(content) // 2
    return {
        "empty": b"",
        "cut off": content[:-1],
        "one bit": content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :],
        "text": b"not machine code\n" * 100,
        "foreign": hashlib.sha256(b"junk").digest() + b"junk",
        "foreign pickle": hashlib.sha256(FOREIGN).digest() + FOREIGN,
    }[how]


FOREIGN = pickle.dumps(("of", "another", "numba"))


def test_files_that_are_damaged_are_dropped_and_whole_ones_stay(tmp_path):
    for name in ("a.whole", "b.junk"):
        jit.keeping.write(tmp_path / f"{name}{jit.keeping.ENDING}", b"code")
    assert not jit.keeping.drop_damaged(tmp_path)
    (tmp_path / f"b.junk{jit.keeping.ENDING}").write_bytes(b"junk")
    assert jit.keeping.drop_damaged(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == [f"a.whole{jit.keeping.ENDING}"]
    assert not jit.keeping.drop_damaged(tmp_path)


@pytest.mark.parametrize("how", ["empty", "cut off", "one bit", "text", "foreign", "foreign pickle"])
def test_damaged_or_foreign_machine_code_is_made_anew(place, how):
    jit.compile_now(make_kept())
    (file,) = files(place)
    whole = file.read_bytes()
    file.write_bytes(garbled(whole, how))
    again = make_kept()
    assert compiles(again)
    assert again(1.0) == 2.0
    assert files(place) == [file]
    assert not compiles(make_kept())


def test_what_cannot_be_kept_is_used_all_the_same(place, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(jit.keeping, "write", full)
    assert make_kept()(1.0) == 2.0
    assert files(place) == []


@pytest.mark.parametrize("decorator", [jit.kernel, jit.subroutine], ids=["kernel", "subroutine"])
def test_a_kernel_is_compiled_for_its_annotations_when_it_is_first_called_and_not_kept(
    decorator, tmp_path, monkeypatch
):
    monkeypatch.setattr(jit, "cache_folder", lambda: tmp_path)

    @decorator
    def scaled(count: int, seconds: float, twice: bool) -> float:
        return 2.0 * count * seconds if twice else count * seconds

    @numba.njit
    def caller(count):
        return scaled(count, count, count > 2)

    assert signatures(scaled) == []
    assert caller(3) == 18.0
    assert caller(np.float32(2.5)) == 10.0
    assert scaled(3, 0.5, False) == 1.5
    assert signatures(scaled) == ["(int64, float64, bool)"]
    assert numba.config.CACHE_DIR == "of others"
    assert list(tmp_path.rglob("*scaled*")) == []


@pytest.fixture
def alone():
    """A rule that needs no numba to be called."""

    @jit.rule("float64(float64, int64, CPointer(int64))", alone=True)
    def alone(x: float, n: int, words) -> float:
        words[0] += n
        return x * n

    return alone


def test_a_rule_may_be_an_object_of_its_own(place, alone):
    words = np.array([5])
    assert alone(0.5, 3, words.ctypes.data) == 1.5
    assert words[0] == 8
    with pytest.raises(OverflowError, match=f"{2**63} is no int64"):
        alone(0.5, 2**63, words.ctypes.data)
    (file,) = files(place)
    assert file.suffix == jit.keeping.OBJECT
    jit.keeping.write(file, file.read_bytes()[jit.keeping.SEAL :])
    assert jit.fetch(alone)(2.0, 4, words.ctypes.data) == 8.0
    assert words[0] == 12


@pytest.mark.parametrize("how", ["empty", "cut off", "one bit", "text", "foreign", "foreign pickle"])
def test_a_damaged_or_foreign_object_is_made_anew(place, how, alone):
    jit.compile_now(alone)
    (file,) = files(place)
    file.write_bytes(garbled(file.read_bytes(), how))
    assert jit.fetch(alone) is None
    alone.entry = None
    assert alone(0.5, 3, np.zeros(1, np.int64).ctypes.data) == 1.5
    assert jit.fetch(alone) is not None


def test_a_rule_may_take_a_table_as_an_array_and_as_a_pointer():
    @jit.rule("float64(float64[::1], int64)", "float64(CPointer(float64), int64)")
    def twice(table, at):
        return 2.0 * table[at]

    @numba.njit
    def caller(words, at):
        return twice(jit.floats_of(words), at)

    table = np.array([1.0, 0.25])
    assert caller(table, 1) == 0.5
    assert twice(table, 1) == 0.5
    assert len(signatures(twice)) == 2


def test_a_rule_can_be_compiled_before_it_is_called(scale):
    jit.compile_now(scale)
    assert signatures(scale) == ["(int64, float64)"]
    assert scale(3, 0.5) == 1.5


def test_a_kernel_reads_and_writes_the_same_words_as_integers_and_as_floats():
    @jit.kernel
    def move(m: jit.Words, f: jit.Floats, at: int) -> None:
        f[at] = m[at + 1] / 4.0

    @numba.njit
    def caller(words, at):
        move(jit.integers_of(words), jit.floats_of(words), at)

    words = np.array([7, 7, 3, 7])
    caller(words, 1)
    assert words.view(np.float64)[1] == 0.75
    assert words[[0, 2, 3]].tolist() == [7, 3, 7]


IMPORTS = """
import importlib, pkgutil, sys
import simulator, simulator.engines.compiled, simulator.rules, simulator.rules.randomness
assert "numba" not in sys.modules
rules = {}
for package in (simulator.rules, simulator.engines.compiled):
    for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        for value in vars(importlib.import_module(module.name)).values():
            if hasattr(value, "py_func"):
                rules[value.__qualname__] = value.entry
assert len(rules) > 50, rules
assert set(rules.values()) == {None}, rules
assert isinstance(simulator.rules.randomness.uniform(1, 0, 0, 0), float)
assert simulator.rules.randomness.uniform.entry
"""


def test_to_import_the_rules_compiles_nothing():
    run = subprocess.run([sys.executable, "-c", IMPORTS], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("times", range(3))
def test_threads_that_call_first_at_once_compile_once(scale, times, monkeypatch):
    compiled, make = [], compiling.make

    def slowly(function):
        compiled.append(function)
        time.sleep(0.05)
        return make(function)

    monkeypatch.setattr(compiling, "make", slowly)
    threads = 4
    barrier = Barrier(threads)

    def call(number):
        barrier.wait()
        return scale(number, 0.5)

    with ThreadPoolExecutor(threads) as pool:
        assert list(pool.map(call, range(threads))) == [0.0, 0.5, 1.0, 1.5]
    assert len(compiled) == 1


CROSSING = """
import time
from threading import Thread
import numba
from simulator.machine_code import compiling, jit

@jit.rule("float64(float64)")
def one(x):
    return x + 1.0

@numba.njit
def caller(x):
    return one(x)

compile_all = compiling._compile_all
compiling._compile_all = lambda *given: (time.sleep(0.5), compile_all(*given))
threads = [Thread(target=function, args=(1.0,), daemon=True) for function in (one, caller)]
for thread in threads:
    thread.start()
    time.sleep(0.1)
for thread in threads:
    thread.join(60.0)
    assert not thread.is_alive(), "they wait for each other"
"""


def test_a_thread_that_compiles_a_caller_and_one_that_compiles_the_rule_do_not_wait_for_each_other(tmp_path):
    script = tmp_path / "crossing.py"
    script.write_text(CROSSING)
    run = subprocess.run([sys.executable, str(script)], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_a_rule_that_cannot_be_compiled_says_so_at_every_call_and_leaves_the_setting_of_others(monkeypatch):
    monkeypatch.setattr(jit, "RULES", [])  # whoever compiles all rules later in this process has none of it

    @jit.rule("float64(float64)")
    def wrong(x: float) -> float:
        return x.no_such_thing  # type: ignore[attr-defined]

    assert numba.config.CACHE_DIR == "of others"
    for _ in range(2):
        with pytest.raises(numba.core.errors.NumbaError, match="no_such_thing"):
            wrong(1.0)
        assert numba.config.CACHE_DIR == "of others"
