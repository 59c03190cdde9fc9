"""The commands as a user meets them: help, exit codes, JSON, and no traceback for a user's mistake."""

import contextlib
import io
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import simulator as sim
from simulator import cli
from simulator.cli import common
from simulator.cli.ending import TERMINATED

ROOT = Path(__file__).parents[3]
BROKEN = ROOT / "tests" / "spec" / "broken"
COMMANDS = (
    "init", "examples", "warm", "check", "explain", "simulate", "compare", "capacity", "sweep", "drill", "plot",
    "schema", "completion",
)  # fmt: skip
HEAVY = ("pandas", "matplotlib", "scipy", "numba", "simpy", "pyarrow", "loky", "rich", "jsonschema")

SHOP = """\
name: shop
simulation: {duration: 20s, warmup: 2s, seed: 3, replications: 2}
services:
  web: {steps: [{cpu: {dist: exponential, mean: 5ms}}, {call: store}]}
  store: {endpoints: {read: {steps: [{cpu: {dist: exponential, mean: 8ms}}]}}}
workload: {call: web, rate: 40/s}
slos: {web: {call: web, p99: 10s}}
prices: {vcpuHour: 0.04}
"""
LONG = """\
simulation: {duration: 300s, warmup: 3s, replications: 40}
services: {web: {replicas: 2, steps: [{cpu: {dist: exponential, mean: 2ms}}]}}
workload: {call: web, rate: 600/s}
"""
ENDLESS = "--quiet --duration 5h --replications 4 --detail summary"
"""Longer than any test, and within the memory that a run may take."""


@pytest.fixture
def shop(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("shop.yaml").write_text(SHOP)
    return Path("shop.yaml")


def run(capsys, command):
    """Exit code, standard output and standard error of a command line."""
    code = cli.main(shlex.split(command))
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return code, out, err


def start(command, cwd, **options):
    """The command as a process of its own, at the head of a group as a terminal has it."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100"} | options.pop("env", {})
    return subprocess.Popen(
        [sys.executable, "-m", "simulator", *shlex.split(command)],
        cwd=cwd, env=environment, text=True, start_new_session=True,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
    )  # fmt: skip


def outcome(process):
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


# -- help


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_an_example_that_is_understood(command, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = run(capsys, f"{command} --help")
    assert code == common.FINE
    examples = [line.strip() for line in out.splitlines() if line.startswith("  simulator ")]
    assert examples
    for example in examples:
        words = shlex.split(example.partition(" > ")[0])
        assert cli.make_parser().parse_args(words[1:]).run.__name__ == command
        assert words[1] == command
    assert max(map(len, out.splitlines())) <= 100


def test_help_lists_the_commands_and_the_exit_codes(capsys):
    code, out, _ = run(capsys, "--help")
    assert code == common.FINE
    assert re.findall(r"^    ([a-z]+)(?= |$)", out, re.MULTILINE) == list(COMMANDS)
    assert "Exit codes: 0 fine, 1 " in out
    assert max(map(len, out.splitlines())) <= 100


def test_every_argument_is_explained():
    actions = cli.make_parser()._subparsers._group_actions[0]
    for command in actions.choices.values():
        assert all(action.help for action in command._actions), command.prog


def test_the_version(capsys):
    assert run(capsys, "--version") == (common.FINE, f"simulator {sim.__version__}\n", "")


# -- what the commands print


def test_check_speaks_of_every_deployment(shop, capsys):
    code, out, err = run(capsys, f"check {shop}")
    assert (code, err) == (common.FINE, "")
    assert out.startswith("shop: well formed, 2 deployments\n")
    assert "napkin of deployment microservices" in out
    assert "napkin of deployment monolith" in out
    code, out, _ = run(capsys, f"check {shop} -d monolith")
    assert out.startswith("shop: well formed, 1 deployment\n")
    assert "napkin of deployment microservices" not in out


def test_explain_disassembles_each_deployment_asked_for(shop, capsys):
    code, out, _ = run(capsys, f"explain {shop}")
    assert code == common.FINE
    assert out == sim.compile(sim.load(shop)).explain() + "\n"
    _, out, _ = run(capsys, f"explain {shop} -d microservices -d monolith")
    assert out.count("shop") >= 2
    assert sim.compile(sim.load(shop), "monolith").explain() in out


def test_simulate_shows_what_the_function_gives(shop, capsys):
    code, out, err = run(capsys, f"simulate {shop}")
    assert (code, err) == (common.FINE, "")
    assert out == f"{sim.simulate(sim.load(shop))}\n"
    assert out.startswith("shop as microservices: 2 replications\n")


def test_compare_shows_what_the_function_gives(shop, capsys):
    code, out, err = run(capsys, f"compare {shop} -d monolith -d microservices")
    assert (code, err) == (common.FINE, "")
    assert out == f"{sim.compare(sim.load(shop), ['monolith', 'microservices'])}\n"


def test_settings_take_the_place_of_the_files(shop, capsys):
    code, out, _ = run(
        capsys, f"simulate {shop} -d monolith --seed 9 --replications 3 --duration 15s --warmup 5s --confidence 90% "
        "--engine reference --detail attempts --json",
    )  # fmt: skip
    made = json.loads(out)["provenance"]
    assert code == common.FINE
    assert (made["seed"], made["replications"], made["deployment"]) == (9, 3, "monolith")
    assert (made["duration_s"], made["warmup_s"], made["confidence"]) == (15.0, 5.0, 0.9)
    assert (made["engine"], made["engine_reason"], made["detail"]) == ("reference", "asked for", "attempts")


def test_an_engine_may_be_asked_for(shop, capsys):
    answers = []
    for engine in ("reference", "compiled"):
        code, out, _ = run(capsys, f"simulate {shop} --engine {engine} --json")
        assert code == common.FINE
        made = json.loads(out)
        assert (made["provenance"].pop("engine"), made["provenance"]["engine_reason"]) == (engine, "asked for")
        del made["provenance"]["created"]
        answers.append(made)
    assert answers[0] == answers[1]


def test_set_changes_values_by_their_paths(shop, capsys):
    code, out, _ = run(
        capsys, f"explain {shop} --set services.web.replicas=4 --set services.store.endpoints.read.steps[0].cpu=9ms "
        "--set 'services.web.resources={cpu: 2}' --set name=a=b --set workload.rate=10/s --set workload.rate=20/s",
    )  # fmt: skip
    wanted = sim.load(shop).replace(
        {
            "services.web.replicas": 4,
            "services.store.endpoints.read.steps[0].cpu": "9ms",
            "services.web.resources.cpu": 2,
            "name": "a=b",
            "workload.rate": "20/s",
        }
    )
    assert code == common.FINE
    assert out == sim.compile(wanted).explain() + "\n"


@pytest.mark.parametrize(
    "command",
    ["check shop.yaml", "explain shop.yaml", "simulate shop.yaml", "simulate shop.yaml --replications 1",
     "simulate shop.yaml --set workload.rate=0", "compare shop.yaml --replications 1", "compare shop.yaml",
     "plot topology shop.yaml --quick -o t.svg", "schema", "check shop.yaml --set workload.rate=0"],
)  # fmt: skip
def test_json_stands_alone_and_has_no_nan(command, shop, capsys):
    code, out, err = run(capsys, f"{command} --json")
    assert code in (common.FINE, common.MISSED)
    assert err == ""

    def refuse(word):
        raise AssertionError(word)

    assert json.loads(out, parse_constant=refuse)


def test_the_schema_is_the_published_one(capsys):
    assert json.loads(run(capsys, "schema")[1]) == sim.json_schema()


def test_a_missed_objective_is_exit_code_1(shop, capsys):
    missed = "--set slos.web.p99=1ms"
    assert run(capsys, f"simulate {shop} {missed}")[0] == common.MISSED
    code, out, _ = run(capsys, f"compare {shop} {missed}")
    assert code == common.MISSED
    assert "both miss an objective" in out


def test_text_keeps_to_100_columns(shop, capsys):
    long = "a-name-that-is-longer-than-any-table-would-like-it-to-be-and-then-some-and-more"
    text = SHOP.replace("web", f"{long}-web").replace("store", f"{long}-store").replace("name: shop", f"name: {long}")
    text += f"deployments: {{{long}-both: {{units: {{{long}-unit: {{services: [{long}-web, {long}-store]}}}}}}}}\n"
    Path("long.yaml").write_text(text)
    wide = text.replace("rate: 40/s", "rate: 200/s")
    Path("wide.yaml").write_text(wide)
    for command in (
        "simulate long.yaml", "simulate wide.yaml", f"compare long.yaml -d {long}-both -d monolith",
        "compare wide.yaml", f"check {shop}", f"explain {shop}",
    ):  # fmt: skip
        _, out, _ = run(capsys, command)
        assert max(map(len, out.splitlines())) <= 100, command


def only_warns(err):
    """Whether all lines are warnings, or go on with one."""
    return all(line.startswith(("warning: ", "  ")) for line in err.splitlines())


@pytest.mark.parametrize("figure", cli.FIGURES)
def test_plot_draws_every_figure(figure, shop, capsys):
    more = {"drill": "--target store --warmup 1s", "breakdown": "--by service"}.get(figure, "")
    code, out, err = run(capsys, f"plot {figure} {shop} -o {figure}.svg {more}")
    assert (code, out) == (common.FINE, f"{figure}.svg\n")
    assert only_warns(err)
    assert Path(f"{figure}.svg").read_text().rstrip().endswith("</svg>")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("utilisation shop.yaml -d microservices -d monolith", "-d is given 2 times"),
        ("timeline shop.yaml -d microservices -d monolith", "-d is given 2 times"),
        ("topology shop.yaml --quick -d microservices -d monolith", "-d is given 2 times"),
        ("latency shop.yaml --load 1,2", "--load does not act on latency"),
    ],
)
def test_plot_refuses_what_does_not_act_before_it_loads_what_draws(command, message, shop):
    program = (
        "import sys\nfrom simulator import cli\n"
        f"code = cli.main({f'plot {command} -o x.svg'.split()!r})\n"
        "assert not {'matplotlib', 'pandas', 'simulator.machine_code.compiling'} & set(sys.modules)\n"
        "sys.exit(code)"
    )
    process = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (process.returncode, process.stderr[: len(message)]) == (common.WRONG, message)


def test_plot_has_a_title_a_width_and_pages(shop, capsys):
    command = "plot latency shop.yaml -d microservices -d monolith --title 'In my words' --width 6 -o x.pdf -o x.png"
    code, out, err = run(capsys, command)
    assert (code, out) == (common.FINE, "x.pdf\nx.png\n")
    assert only_warns(err)
    assert Path("x.pdf").read_bytes().startswith(b"%PDF")
    assert int.from_bytes(Path("x.png").read_bytes()[16:20]) == 6 * 150


def test_plot_breakdown_of_one_deployment_and_of_three(shop, capsys):
    Path("three.yaml").write_text(SHOP + "deployments: {both: {units: {all: {services: [web, store]}}}}\n")
    assert run(capsys, "plot breakdown shop.yaml -d monolith -o one.png")[0] == common.FINE
    command = "plot breakdown three.yaml -d microservices -d monolith -d both -o three.png"
    assert run(capsys, command)[0] == common.FINE
    assert Path("one.png").read_bytes()[:4] == Path("three.png").read_bytes()[:4] == b"\x89PNG"


# -- saving


def test_simulate_saves_a_result(shop, capsys):
    assert run(capsys, f"simulate {shop} --out out/one")[0] == common.FINE
    assert str(sim.load_results("out/one")) == str(sim.simulate(sim.load(shop)))
    assert run(capsys, f"simulate {shop} --seed 4 --out out/one")[0] == common.FINE
    assert sim.load_results("out/one").provenance["seed"] == 4
    assert os.listdir("out") == ["one"]


def test_compare_saves_each_result(shop, capsys):
    for _ in range(2):
        assert run(capsys, f"compare {shop} --out both")[0] == common.FINE
    assert sorted(os.listdir("both")) == ["microservices", "monolith"]
    assert sim.load_results("both/monolith").provenance["deployment"] == "monolith"


class CalledError(Exception):
    pass


def forbid_runs(monkeypatch):
    from simulator.engines.compiled import CompiledEngine
    from simulator.engines.reference import ReferenceEngine

    def call(*_, **__):
        raise CalledError

    for engine in (ReferenceEngine, CompiledEngine):
        monkeypatch.setattr(engine, "run", call)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("simulate shop.yaml --out foreign", "foreign holds something that is not a saved result: name another"),
        ("simulate shop.yaml --out shop.yaml", "shop.yaml is a file: name a folder to save the result in"),
        ("simulate shop.yaml --out shop.yaml/x", "cannot write shop.yaml/x: .*shop.yaml is not a folder"),
        ("compare shop.yaml --out foreign", "foreign holds something that is not a saved result: name another"),
        ("compare shop.yaml --out shop.yaml", "shop.yaml is a file: name a folder to save the result in"),
        (
            "plot latency shop.yaml -o x.gif",
            "cannot save a figure as x.gif: its name has to end with .png, .svg or .pdf",
        ),
        ("plot latency shop.yaml -o nowhere/x.png", "cannot write nowhere/x.png: there is no folder nowhere"),
        ("plot latency shop.yaml -o folder.png", "folder.png is a folder: name a file to draw into"),
        ("plot timeline shop.yaml -d monolith -d microservices -o x.png", "-d is given 2 times .*of one deployment"),
        (
            "plot latency shop.yaml --by service -o x.png",
            "--by does not act on latency, but on breakdown: leave it out",
        ),
        ("plot latency shop.yaml --width 1000 -o x.png", "width: expected 4 to 40 inches, found 1000"),
        ("simulate shop.yaml -d monolith -d monolith", "-d is given 2 times .*use `simulator compare`"),
        ("simulate shop.yaml -d nowhere", "no deployment `nowhere`"),
        ("compare shop.yaml -d monolith", "compare needs two different deployments"),
        ("compare shop.yaml -d monolith -d monolith", "compare needs two different deployments"),
        ("plot comparison shop.yaml -d monolith -o x.png", "compare needs two different deployments"),
    ],
)
def test_what_cannot_end_well_is_refused_before_the_run(command, message, shop, capsys, monkeypatch):
    forbid_runs(monkeypatch)
    Path("foreign").mkdir()
    Path("foreign", "photo.jpg").touch()
    Path("folder.png").mkdir()
    code, out, err = run(capsys, command)
    assert (code, out) == (common.WRONG, "")
    assert re.match(message, err)
    assert os.listdir("foreign") == ["photo.jpg"]


@pytest.fixture
def locked(tmp_path):
    """A folder that nothing can be written into: root has to go to the system's own for one."""
    if os.geteuid() == 0:
        return Path("/proc")
    (tmp_path / "locked").mkdir(mode=0o500)
    return tmp_path / "locked"


@pytest.mark.parametrize(
    "command",
    ["simulate shop.yaml --out {}/x", "compare shop.yaml --out {}/deep/x", "plot latency shop.yaml -o {}/x.png"],
)
def test_a_folder_that_may_not_be_written_to(command, shop, locked, capsys, monkeypatch):
    forbid_runs(monkeypatch)
    code, out, err = run(capsys, command.format(locked))
    assert (code, out) == (common.WRONG, "")
    assert re.match(rf"cannot write {locked}/\S*x(\.png)?: (Permission denied|No such file.*): name another ", err), err


@pytest.mark.parametrize("command", ["simulate", "compare"])
def test_a_disk_that_fills_up_loses_the_saved_result_only(command, shop, capsys, monkeypatch):
    from simulator.results import store

    whole = store.write
    calls = []

    def write(folder, tables, warnings, provenance):
        calls.append(folder)
        if command == "simulate" or len(calls) == 2:
            (folder / "requests.parquet").write_bytes(b"half")
            raise OSError(28, "No space left on device")
        whole(folder, tables, warnings, provenance)

    monkeypatch.setattr(store, "write", write)
    Path("out").mkdir()
    code, out, err = run(capsys, f"{command} {shop} --out out/new")
    assert code == common.WRONG
    assert out.startswith("shop")  # the run was not for nothing
    assert re.fullmatch(r"the result cannot be saved in out/new(/monolith)?: No space left on device\n", err)
    assert os.listdir("out") == []


@pytest.mark.parametrize("cache", ["full", pytest.param("empty", marks=pytest.mark.one_in(12))])
def test_a_limit_on_file_sizes_leaves_nothing_behind(cache, shop, tmp_path, tmp_path_factory, capsys):
    import resource

    limit = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))}
    # Python itself would keep byte code that is cut off, of whatever library nobody has imported before.
    environment = {"MPLCONFIGDIR": "/", "PYTHONDONTWRITEBYTECODE": "1"}
    if cache == "empty":  # then no machine code can be kept either
        environment |= dict.fromkeys(("HOME", "XDG_CACHE_HOME"), str(tmp_path_factory.mktemp("home")))
    else:
        run(capsys, f"simulate {shop}")
    code, out, err = outcome(start("simulate shop.yaml --out saved", tmp_path, env=environment, **limit))
    assert code == common.WRONG
    assert "the result cannot be saved in saved" in err
    assert "Traceback" not in err
    assert out.startswith("shop as microservices")
    assert os.listdir(tmp_path) == ["shop.yaml"]


# -- wrong use and wrong files


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("check nowhere.yaml", "cannot read `nowhere.yaml`: No such file"),
        ("check .", "cannot read `.`: it is a folder: name a file"),
        (
            "check https://example.org/a.yaml",
            "cannot read `https://example.org/a.yaml`: it is an address: save what is there as a file first",
        ),
        ("check bytes.yaml", "bytes.yaml:1:2: not UTF-8 text: byte 0xFF"),
        ("check empty.yaml", "empty.yaml:1:1: the file is empty"),
        ("check open.yaml", "open.yaml:2:1: not valid YAML"),
        ("check shop.yaml -d nowhere", "no deployment `nowhere`"),
        ("explain shop.yaml -d nowhere", "no deployment `nowhere`"),
        ("simulate shop.yaml --set replicas", "--set replicas: expected PATH=VALUE"),
        ("simulate shop.yaml --set =4", "--set =4: expected PATH=VALUE"),
        ("simulate shop.yaml --set services.shelf.replicas=4", "services.shelf.replicas: unknown service `shelf`"),
        (
            "simulate shop.yaml --set services.web.replcas=4",
            "services.web.replcas: unknown key `replcas`; did you mean",
        ),
        ("simulate shop.yaml --set services.web.replicas=-1", "services.web.replicas: expected a whole number"),
        ("simulate shop.yaml --set services.web.replicas=", "services.web.replicas: expected a whole number"),
        ("simulate shop.yaml --set services..web=1", "services..web: expected a path"),
        ("simulate shop.yaml --set services.web.steps[7].cpu=1ms", "services.web.steps.7..cpu: .*list of 2"),
        ("simulate shop.yaml --set workload.rate=5", "workload.rate: a rate needs a unit"),
        ("simulate shop.yaml --seed -1", "simulation.seed: expected a whole number of at least 0"),
        ("simulate shop.yaml --seed 99999999999999999999", "simulation.seed: expected a whole number of at most"),
        ("simulate shop.yaml --replications 0", "simulation.replications: expected a whole number of at least 1"),
        ("simulate shop.yaml --duration 5", "simulation.duration: a duration needs a unit"),
        ("simulate shop.yaml --duration 0s", "simulation.duration: expected a duration above 0"),
        ("simulate shop.yaml --duration ''", "simulation.duration: expected a duration"),
        ("simulate shop.yaml --warmup 20s", "simulation.warmup: `warmup` .* than `duration` \\(20s\\): give a shorter"),
        ("simulate shop.yaml --duration 1s", "simulation.warmup: .*: give a shorter --warmup too, or --warmup auto"),
        (
            "simulate shop.yaml --warmup 30s --duration 25s",
            "simulation.warmup: .*: give a shorter --warmup, or a longer",
        ),
        ("simulate shop.yaml --set simulation.duration=1s", r"shop\.yaml:[0-9:]+ simulation.warmup: .*: change both"),
        ("simulate shop.yaml --duration -5s", "simulation.duration: a duration cannot be negative, found `-5s`"),
        ("simulate shop.yaml --warmup soon", "simulation.warmup: expected a duration"),
        ("simulate shop.yaml --confidence 95", "simulation.confidence: .*did you mean `95%`"),
        ("simulate shop.yaml --confidence 100%", "simulation.confidence: expected a confidence between"),
    ],
)
def test_a_users_mistake_is_explained(command, message, shop, capsys):
    Path("bytes.yaml").write_bytes(b"a\xff\x00")
    Path("empty.yaml").touch()
    Path("open.yaml").write_text("services: [\n")
    code, out, err = run(capsys, command)
    assert (code, out) == (common.WRONG, "")
    assert re.match(message, err), err


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("", "required: COMMAND"),
        ("smulate x.yaml", "invalid choice: 'smulate'; did you mean `simulate`?"),
        ("run x.yaml", "invalid choice: 'run' (choose from "),
        (
            "simulate shop.yaml --durration 5m",
            "simulate: error: unrecognized arguments: --durration 5m; did you mean `--dura",
        ),
        ("plot latncy shop.yaml -o x.png", "argument FIGURE: invalid choice: 'latncy'; did you mean `latency`?"),
        ("simulate shop.yaml --engine compild", "invalid choice: 'compild'; did you mean `compiled`?"),
        ("simulate", "required: TOPOLOGY"),
        ("simulate shop.yaml --seed one", "argument --seed: invalid int value: 'one'"),
        ("simulate shop.yaml --replications 1.5", "argument --replications: invalid int value"),
        ("simulate shop.yaml --duration", "argument --duration: expected one argument"),
        ("simulate shop.yaml --engine warp", "argument --engine: invalid choice: 'warp'"),
        ("simulate shop.yaml --detail all", "argument --detail: invalid choice: 'all'"),
        ("plot pie shop.yaml -o x.png", "argument FIGURE: invalid choice: 'pie'"),
        ("plot latency shop.yaml", "required: -o/--out"),
        ("schema shop.yaml", "unrecognized arguments: shop.yaml"),
    ],
)
def test_wrong_use_is_exit_code_2(command, message, capsys):
    code, out, err = run(capsys, command)
    assert (code, out) == (common.WRONG, "")
    assert message in err


def test_every_broken_file_is_refused_with_its_line(capsys, monkeypatch):
    monkeypatch.chdir(BROKEN)
    files = sorted(path.name for path in BROKEN.glob("*.yaml"))
    assert len(files) > 100
    for name in files:
        code, out, err = run(capsys, f"check {name}")
        assert (code, out) == (common.WRONG, ""), name
        wanted = Path(name).with_suffix(".txt").read_text(encoding="utf-8")
        places = re.findall(rf"^{re.escape(name)}:[0-9]+:[0-9]+: ", wanted, re.MULTILINE)
        assert places, name
        assert re.findall(rf"^{re.escape(name)}:[0-9]+:[0-9]+: ", err, re.MULTILINE) == places
        assert err == wanted


def test_no_memory_is_no_traceback(shop, capsys, monkeypatch):
    def exhaust(*_, **__):
        raise MemoryError

    monkeypatch.setattr(sim, "simulate", exhaust)
    code, out, err = run(capsys, f"simulate {shop}")
    assert (code, out) == (common.WRONG, "")
    assert err.startswith("out of memory: ")


# -- streams


def test_a_terminal_without_the_signs_gets_others(shop, monkeypatch):
    narrow = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", narrow)
    assert cli.main(["simulate", str(shop)]) == common.FINE
    assert b"throughput (/s)" in narrow.buffer.getvalue()


def test_a_reader_who_has_had_enough(tmp_path):
    process = start("schema --quiet", tmp_path)
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(timeout=60) == common.FINE


def test_a_closed_standard_output(shop, tmp_path):
    process = start("check shop.yaml --quiet", tmp_path, stdout=None, preexec_fn=lambda: os.close(1))
    assert outcome(process) == (common.FINE, None, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_behind_the_standard_output(shop, tmp_path):
    with open("/dev/full", "w") as full:
        process = start("check shop.yaml --quiet", tmp_path, stdout=full)
        assert outcome(process) == (common.WRONG, None, "cannot write: No space left on device\n")


def test_a_bar_is_drawn_for_people_only(shop, capsys, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    with contextlib.redirect_stderr(terminal):
        assert cli.main(["simulate", str(shop), "--json"]) == common.FINE
    assert "2/2" in terminal.getvalue()
    assert json.loads(capsys.readouterr().out)["met"]


# -- Ctrl-C


def alive(session):
    """Processes of a session that have not ended, by what they run."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            state, _, _, its_session = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
            if int(its_session) == session and state != "Z":
                found.append((entry / "cmdline").read_text().replace("\0", " "))
        except (OSError, ValueError):
            continue
    return found


def nothing_left(session):
    until = time.monotonic() + 20.0
    while alive(session) and time.monotonic() < until:
        time.sleep(0.1)
    return alive(session) == []


PROGRESS_TOLD = """\
import sys, simulator as sim
from simulator import cli
from simulator.cli import common
from simulator.experiments import replicate
replicate.available_cores = lambda: 2
whole = common.with_progress
def tell(work):
    return whole(lambda _: work(lambda done, total: print(done, file=sys.stderr, flush=True)))
common.with_progress = tell
sys.exit(cli.main(sys.argv[1:]))
"""


def start_telling(command, cwd, inside=()):
    """The command, which says on its standard error how many replications are finished."""
    (cwd / "long.yaml").write_text(LONG)
    return subprocess.Popen(
        [*inside, sys.executable, "-c", PROGRESS_TOLD, *shlex.split(command)],
        cwd=cwd, env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def wait_for(process, done):
    """Until so much of the work is done, or the command has ended."""
    for line in process.stderr:
        if line[0].isdigit() and float(line) >= done:  # it may say first that it compiles
            return


@pytest.mark.one_in(3)
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
class TestInterrupted:
    def test_processes_before_anything_is_finished(self, tmp_path):
        (tmp_path / "long.yaml").write_text(LONG)
        process = start(f"simulate long.yaml {ENDLESS} --engine reference", tmp_path)
        until = time.monotonic() + 60.0
        while len(alive(process.pid)) < 3 and time.monotonic() < until:  # until its workers are there
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: the workers hear it too
        assert outcome(process) == (common.INTERRUPTED, "", "interrupted before there was anything to show\n")
        assert nothing_left(process.pid)

    def test_threads_before_anything_is_finished(self, tmp_path):
        process = start_telling(f"simulate long.yaml {ENDLESS} --engine compiled", tmp_path)
        wait_for(process, 1e-9)
        process.send_signal(signal.SIGINT)
        begun = time.monotonic()
        code, out, err = outcome(process)
        assert time.monotonic() - begun < 15.0
        assert (code, out) == (common.INTERRUPTED, "")
        assert err.splitlines()[-1] == "interrupted before there was anything to show"
        assert "Traceback" not in err

    @pytest.mark.parametrize(
        ("target", "sent", "code", "engine", "duration", "done"),
        [
            ("group", signal.SIGINT, common.INTERRUPTED, "reference", "5s", 1),
            ("group", signal.SIGTERM, TERMINATED, "reference", "5s", 1),  # the workers hear it too
            ("twice", signal.SIGTERM, TERMINATED, "compiled", "300s", 4),  # of which 2 at least are whole
        ],
    )
    def test_what_is_finished_is_shown(self, target, sent, code, engine, duration, done, tmp_path):
        process = start_telling(f"simulate long.yaml --duration {duration} --engine {engine} --out saved", tmp_path)
        wait_for(process, done)
        (os.killpg if target == "group" else os.kill)(process.pid, sent)
        if target == "twice":  # as `timeout` does: the child, and then the whole group
            os.killpg(process.pid, sent)
        left, out, err = outcome(process)
        assert left == code
        assert re.search(r"^warning: interrupted: [0-9]+ of 40 replications finished$", out, re.MULTILINE)
        assert re.fullmatch(r"([0-9.e-]+\n|simulate long.yaml: .*\n)*", err)
        assert nothing_left(process.pid)
        saved = sim.load_results(tmp_path / "saved")
        assert 1 <= saved.provenance["replications"] < 40
        assert str(saved) + "\n" == out

    def test_no_worker_outlives_its_parent(self, tmp_path):
        process = start_telling(f"simulate long.yaml {ENDLESS} --engine reference", tmp_path)
        until = time.monotonic() + 60.0
        while len(alive(process.pid)) < 3 and time.monotonic() < until:
            time.sleep(0.02)
        process.kill()
        outcome(process)
        assert nothing_left(process.pid)

    def test_process_1_hears_it_too(self, tmp_path):
        words = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
        if shutil.which("unshare") is None or subprocess.run([*words, "true"], capture_output=True).returncode:
            pytest.skip("no process 1 can be made here")
        process = start_telling("simulate long.yaml --duration 5s --engine reference", tmp_path, words)
        wait_for(process, 1)
        (first,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(first), signal.SIGTERM)
        code, out, _ = outcome(process)
        assert code == TERMINATED
        assert "replications finished" in out


# -- light commands


@pytest.mark.parametrize(
    "command", ["--help", "--version", "check shop.yaml", "explain shop.yaml -d monolith", "schema", "simulate --help",
                "simulate nowhere.yaml", "simulate shop.yaml --set services.web.replicas=x"],
)  # fmt: skip
def test_light_commands_load_nothing_heavy(command, shop, tmp_path):
    program = (
        "import sys\n"
        "from simulator import cli\n"
        "cli.main(sys.argv[1:])\n"
        f"print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)\n"
    )
    process = subprocess.run(
        [sys.executable, "-c", program, *shlex.split(command)],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True, capture_output=True, check=True,
    )  # fmt: skip
    assert process.stderr.splitlines()[-1] == "[]"


def test_help_does_not_even_load_numpy_or_pydantic():
    program = (
        "import sys\n"
        "from simulator import cli\n"
        "cli.main(['--help'])\n"
        "print([name for name in ('numpy', 'pydantic', 'yaml') if name in sys.modules], file=sys.stderr)\n"
    )
    process = subprocess.run([sys.executable, "-c", program], text=True, capture_output=True, check=True, cwd=ROOT)
    assert process.stderr.splitlines()[-1] == "[]"


def test_as_a_module():
    process = subprocess.run(
        [sys.executable, "-m", "simulator", "--version"], text=True, capture_output=True, check=True, cwd=ROOT
    )
    assert process.stdout == f"simulator {sim.__version__}\n"


def test_quick_is_of_a_topology_alone(capsys):
    code, _, err = run(capsys, "plot latency shop.yaml --quick -o x.png")
    assert code == common.WRONG
    assert "--quick draws a topology without a run; latency needs one" in err


def test_files_are_compared_with_each_other(shop, tmp_path, capsys):
    """Before and after, by the stems of the files."""
    after = tmp_path / "after.yaml"
    after.write_text(Path(shop).read_text())
    _, out, err = run(capsys, f"compare {shop} {after} --engine reference --json --quiet")
    content = json.loads(out)
    assert (list(content["results"]), err) == ([Path(shop).stem, "after"], "")
    assert content["baseline"] == Path(shop).stem
    assert all(row["difference"] == 0.0 for row in content["differences"] if row["quantity"] == "latency_mean_s")
