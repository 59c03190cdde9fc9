"""The compiled engine against its targets, each a ratio of two things that take turns in one run.

    .venv/bin/python benchmarks/compiled.py                   all of them, some minutes
    .venv/bin/python benchmarks/compiled.py bare threads      some of them
    .venv/bin/python benchmarks/compiled.py --scale 0.1       shorter runs: to try it out, not to quote

A machine that changes its speed meanwhile changes both sides of a turn; the ratio of the medians is what counts.
Beside it stand the lowest and the highest ratio of a single turn: where they lie far apart, measure again.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import plain_simpy

import simulator as sim
from simulator.engines.reference import ReferenceEngine
from simulator.plan.engine import Detail, Engine
from simulator.plan.plan import Plan
from simulator.plan.trace import Trace
from simulator.rules.randomness import philox

sys.modules["coverage"] = None  # type: ignore[assignment]  # numba would take coverage.py for a package

HERE = Path(__file__).parent
TOPOLOGIES = HERE.parent / "topologies"
COMPILED = "compiled"

Turn = Callable[[int], float]
"""Does one thing, with the number of the turn as its seed; returns how fast that was."""


def make_engine() -> Engine:
    """The engine that is judged."""
    from simulator.engines.compiled import CompiledEngine

    return CompiledEngine()


# -- measuring


def take_turns(turns: int, things: dict[str, Turn]) -> dict[str, list[float]]:
    """Every thing once a turn, after one turn that is not counted: caches, machine code, memory."""
    speeds: dict[str, list[float]] = {name: [] for name in things}
    for turn in range(turns + 1):
        for name, thing in things.items():
            speed = thing(turn)
            if turn > 0:
                speeds[name].append(speed)
    return speeds


def show_ratio(what: str, ours: Sequence[float], theirs: Sequence[float], target: float | None = None) -> None:
    """One line: the ratio of the medians, the range of single turns, the target."""
    ratio = statistics.median(ours) / statistics.median(theirs)
    single = [our / their for our, their in zip(ours, theirs, strict=True)]
    verdict = "" if target is None else f"   target {target:g}: {'met' if ratio >= target else 'MISSED'}"
    print(f"  {what:<46} {ratio:8.2f}   ({min(single):.2f} to {max(single):.2f}){verdict}")


def show_speed(what: str, speeds: Sequence[float], unit: str) -> None:
    print(f"  {what:<46} {statistics.median(speeds):>12,.0f} {unit}")


def run(engine: Engine, plan: Plan, detail: Detail, turn: int) -> tuple[Trace, float]:
    """A trace and the CPU seconds it took: one thread works, and waits for nobody but other people's programs."""
    begun = time.process_time()
    trace = engine.run(plan, seed=1, replication=turn, detail=detail)
    return trace, time.process_time() - begun


def requests_per_s(engine: Engine, plan: Plan, detail: Detail) -> Turn:
    def turn(number: int) -> float:
        trace, elapsed_s = run(engine, plan, detail, number)
        return int(trace.arrived[-1].sum()) / elapsed_s

    return turn


def events_per_s(engine: Engine, plan: Plan) -> Turn:
    def turn(number: int) -> float:
        trace, elapsed_s = run(engine, plan, "summary", number)
        return trace.events / elapsed_s

    return turn


def plan_of(topology: sim.Topology, requests: float) -> Plan:
    """The microservices of a topology, for about so many requests."""
    duration_s = requests / sum(workload.rate or 0.0 for workload in topology.workload.values())
    settings = {"simulation.duration": duration_s, "simulation.warmup": duration_s / 10}
    return sim.compile(topology.replace(settings), "microservices")


def load_bare() -> sim.Topology:
    return sim.load(HERE / "bare_checkout.yaml")


# -- what is measured


def checkout(scale: float) -> None:
    """The shipped checkout: against the reference engine and against SimPy by hand."""
    topology = sim.load(TOPOLOGIES / "checkout.yaml")
    slow, fast = plan_of(topology, 6_000 * scale), plan_of(topology, 200_000 * scale)
    compiled, reference = make_engine(), ReferenceEngine()

    def by_hand(number: int) -> float:
        requests, _, elapsed_s = plain_simpy.run(60.0 * scale, seed=number + 1)
        return requests / elapsed_s

    speeds = take_turns(
        5,
        {
            "SimPy by hand": by_hand,
            "reference, summary": requests_per_s(reference, slow, "summary"),
            "reference, requests": requests_per_s(reference, slow, "requests"),
            "compiled, summary": requests_per_s(compiled, fast, "summary"),
            "compiled, requests": requests_per_s(compiled, fast, "requests"),
            "compiled, attempts": requests_per_s(compiled, fast, "attempts"),
        },
    )
    for name, values in speeds.items():
        show_speed(name, values, "requests/s")
    for ours in ("compiled, summary", "compiled, requests", "compiled, attempts"):
        alone = ours == "compiled, summary"
        show_ratio(f"{ours} / SimPy by hand", speeds[ours], speeds["SimPy by hand"], 40 if alone else None)
        for theirs in ("reference, summary", "reference, requests"):
            target = 60 if alone and theirs == "reference, summary" else None
            show_ratio(f"{ours} / {theirs}", speeds[ours], speeds[theirs], target)


def simulate(scale: float) -> None:
    """A whole call of `simulate` with its tables, of a million requests in ten replications.

    Each engine as it ships: on as many cores as it takes by itself. The reference's million is extrapolated on the
    line through two shorter calls, so that what a call costs once is counted once.
    """
    topology = sim.load(TOPOLOGIES / "checkout.yaml")
    replications, million = 10, 1e6 * scale
    short, longer = 5e3 * scale, 20e3 * scale

    def seconds(engine: str, requests: float) -> Turn:
        duration_s = requests / replications / 100.0

        def turn(number: int) -> float:
            begun = time.perf_counter()
            sim.simulate(
                topology,
                engine=engine,  # type: ignore[arg-type]
                seed=number + 1,
                replications=replications,
                duration=duration_s,
                warmup=duration_s / 10,
            )
            return time.perf_counter() - begun

        return turn

    times = take_turns(
        3,
        {
            "compiled": seconds(COMPILED, million),
            "reference, short": seconds("reference", short),
            "reference, longer": seconds("reference", longer),
        },
    )
    extrapolated = [
        begun + (ended - begun) * (million - short) / (longer - short)
        for begun, ended in zip(times["reference, short"], times["reference, longer"], strict=True)
    ]
    print(f"  compiled, {million:,.0f} requests {statistics.median(times['compiled']):8.2f} s")
    print(
        f"  reference, {short:,.0f} and {longer:,.0f} requests {statistics.median(times['reference, short']):8.2f} s, "
        f"{statistics.median(times['reference, longer']):.2f} s; extrapolated {statistics.median(extrapolated):.1f} s"
    )
    show_ratio("reference's seconds / compiled's", extrapolated, times["compiled"], 25)


def bare(scale: float) -> None:
    """Nothing but the event loop: against the same model by hand in C++, with a sequential and the addressed generator.

    First, the two have to agree: with the same draws every request has the same latency.
    """
    compiler = shutil.which("g++")
    if compiler is None:
        print("  skipped: there is no g++")
        return
    requests = int(1e6 * scale)
    engine, plan = make_engine(), plan_of(load_bare(), requests)
    events: dict[str, float] = {}

    def ours(number: int) -> float:
        trace, elapsed_s = run(engine, plan, "summary", number)
        arrived = int(trace.arrived[-1].sum())
        events["here"] = trace.events / arrived
        return arrived / elapsed_s

    with tempfile.TemporaryDirectory() as folder:
        flags = ["-O3", "-march=native", "-std=c++17"]
        programs = {name: str(Path(folder) / name) for name in ("sequential", "addressed")}
        for name, program in programs.items():
            define = ["-DADDRESSED"] if name == "addressed" else []
            source = str(HERE / "bare_checkout.cpp")
            subprocess.run([compiler, *flags, *define, source, "-o", program], check=True)

        def by_hand(program: str, requests: int, replication: int) -> dict[str, float]:
            words = [programs[program], str(requests), "1", str(replication)]
            if program == "sequential":
                words[2] = str(replication + 1)
            answer: dict[str, float] = json.loads(subprocess.run(words, check=True, capture_output=True).stdout)
            events["by hand"] = answer["events"] / answer["requests"]
            return answer

        def theirs(program: str) -> Turn:
            def turn(number: int) -> float:
                answer = by_hand(program, requests, number)
                return answer["requests"] / answer["cpu_s"]

            return turn

        compare_draws(engine, lambda count: by_hand("addressed", count, 0))
        speeds = take_turns(
            7,
            {
                "C++ by hand, xoshiro256++": theirs("sequential"),
                "C++ by hand, the same draws": theirs("addressed"),
                "compiled, summary": ours,
            },
        )
    for name, values in speeds.items():
        show_speed(name, values, "requests/s")
    print(f"  events a request: {events['by hand']:.0f} by hand, {events['here']:.0f} here")
    sequential, addressed, compiled = speeds.values()
    show_ratio("compiled / C++ by hand, xoshiro256++", compiled, sequential, 0.6)
    show_ratio("compiled / C++ by hand, the same draws", compiled, addressed)
    show_ratio("C++ by hand: the same draws / xoshiro256++", addressed, sequential)


def compare_draws(engine: Engine, by_hand: Callable[[int], dict[str, float]]) -> None:
    """The generator gives its known answer, and the C++ that draws by it has the latencies that the engine has."""
    zeros = philox(0, 0, 0)
    if zeros != (0xCA00A0459843D731, 0x66C24222C9A845B5):
        raise SystemExit(f"this is not Philox2x64-10: {zeros}")
    print(f"  philox2x64-10 of zeros: {' '.join(f'{word:016x}' for word in zeros)}, the published answer, in both")
    topology = load_bare().replace({"simulation.duration": 200.0, "simulation.warmup": 0.0})
    trace, _ = run(engine, sim.compile(topology, "microservices"), "summary", 0)
    here, there = float(trace.latency_s.mean()), by_hand(trace.latency_s.size)["latency_mean_s"]
    if abs(here - there) > 1e-9:
        raise SystemExit(f"not the same model: a mean latency of {here!r} s here, {there!r} s by hand")
    print(f"  mean latency of {trace.latency_s.size:,} requests: {here * 1e3:.6f} and {there * 1e3:.6f} ms by hand")


def long(scale: float) -> None:
    """Ten million requests in one run against one million: a long run must not slow down."""
    engine, topology = make_engine(), load_bare()
    speeds = take_turns(
        3,
        {
            "1 million": requests_per_s(engine, plan_of(topology, 1e6 * scale), "summary"),
            "10 million": requests_per_s(engine, plan_of(topology, 1e7 * scale), "summary"),
        },
    )
    for name, values in speeds.items():
        show_speed(name, values, "requests/s")
    show_ratio("10 million / 1 million", speeds["10 million"], speeds["1 million"], 0.9)


def layered(layers: Sequence[int], rate: float, utilisation: float, replicas: int = 10) -> sim.Topology:
    """Services in layers; each computes, and calls one of four of the next layer, drawn for each request.

    A request goes through every layer once, however wide they are. A service's work is as short as its share of
    the requests is large, so that all cores are utilised alike.
    """
    drawn = random.Random(1)
    names = [[f"s{layer}-{number}" for number in range(width)] for layer, width in enumerate(layers)]
    shares = {names[0][0]: 1.0}
    services = {}
    for here, following in zip(names, [*names[1:], []], strict=True):
        # Dealt out like cards, shuffled anew when they run out: everyone in the next layer is called by somebody.
        cards = [drawn.sample(following, len(following)) for _ in range(4 * len(here))] if following else []
        deal = iter([name for pack in cards for name in pack])
        for name in here:
            mean_s = utilisation * replicas / (rate * shares[name])
            steps: list[dict[str, object]] = [{"cpu": {"dist": "exponential", "mean": mean_s}}]
            if following:
                called = [next(deal) for _ in range(4)]
                steps.append({"choose": [{"steps": [{"call": target}]} for target in called]})
                for target in called:
                    shares[target] = shares.get(target, 0.0) + shares[name] / 4
            services[name] = {"replicas": replicas, "steps": steps}
    return sim.Topology.model_validate(
        {
            "name": f"{sum(layers)} services",
            "network": {"latency": {"dist": "exponential", "mean": "500us"}},
            "services": services,
            "workload": {"call": names[0][0], "rate": rate},
        }
    )


def services(scale: float) -> None:
    """A thousand services of ten replicas against ten: ten calls a request in both.

    Busy alike, a thousand services have a hundred times the requests in flight and events pending. The last line
    takes the rate of the ten services for the thousand: what the size of the tables alone costs.
    """
    engine, requests = make_engine(), 300_000 * scale
    narrow, wide = [1] * 10, [1, 4, 16, 64, 152, 152, 152, 153, 153, 153]
    speeds = take_turns(
        3,
        {
            "10 services, 600 requests/s": events_per_s(engine, plan_of(layered(narrow, 600, 0.6), requests)),
            "1,000 services, 60,000 requests/s": events_per_s(engine, plan_of(layered(wide, 60e3, 0.6), requests)),
            "1,000 services, 600 requests/s": events_per_s(engine, plan_of(layered(wide, 600, 0.006), requests)),
        },
    )
    for name, values in speeds.items():
        show_speed(name, values, "events/s")
    few, many, quiet = speeds.values()
    show_ratio("1,000 services / 10, as busy", many, few, 0.5)
    show_ratio("1,000 services / 10, at the same rate", quiet, few)


def threads(scale: float) -> None:
    """Two threads of one process against one, in runs per second: the kernel holds no lock.

    Beside it two processes of plain Python against one: what the machine gives to anybody at that time.
    """
    if (os.cpu_count() or 1) < 2:
        print("  skipped: there is one core")
        return
    engine, plan, runs = make_engine(), plan_of(sim.load(TOPOLOGIES / "checkout.yaml"), 40_000 * scale), 8

    def runs_per_s(workers: int, detail: Detail) -> Turn:
        def turn(number: int) -> float:
            begun = time.perf_counter()
            with ThreadPoolExecutor(workers) as pool:
                jobs = [pool.submit(run, engine, plan, detail, runs * number + job) for job in range(runs)]
            for job in jobs:
                job.result()
            return runs / (time.perf_counter() - begun)

        return turn

    def sums_per_s(workers: int) -> Turn:
        script = [sys.executable, "-S", "-c", "sum(range(40_000_000))"]

        def turn(_number: int) -> float:
            begun = time.perf_counter()
            with ThreadPoolExecutor(workers) as pool:
                for _ in pool.map(lambda _: subprocess.run(script, check=True), range(4)):
                    pass
            return 4 / (time.perf_counter() - begun)

        return turn

    details: tuple[Detail, ...] = ("summary", "requests")
    things = {f"{workers}, {detail}": runs_per_s(workers, detail) for detail in details for workers in (1, 2)}
    things |= {f"{workers}, plain": sums_per_s(workers) for workers in (1, 2)}
    speeds = take_turns(5, things)
    for detail in details:
        show_ratio(f"two threads / one, detail {detail}", speeds[f"2, {detail}"], speeds[f"1, {detail}"], 1.7)
    show_ratio("two processes of plain Python / one", speeds["2, plain"], speeds["1, plain"])


def startup(_scale: float) -> None:
    """CPU seconds of a new process up to its first result, with machine code in the cache."""
    begin = "import simulator as sim; topology = sim.load('minimal.yaml'); "
    scripts = {
        "imports and the file": begin + "import simulator.experiments.simulation, simulator.results.summarise",
        "a minute, once": begin + f"sim.simulate(topology, engine={COMPILED!r}, duration=60, replications=1)",
        "the file as it is: 480,000 requests": begin + f"sim.simulate(topology, engine={COMPILED!r})",
    }

    def cpu_s(script: str) -> Turn:
        def turn(_number: int) -> float:
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            paths = [str(HERE.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
            subprocess.run([sys.executable, "-c", script], check=True, cwd=TOPOLOGIES, env=environment)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

        return turn

    for name, seconds in take_turns(5, {name: cpu_s(script) for name, script in scripts.items()}).items():
        median = statistics.median(seconds)
        verdict = "" if name.startswith("imports") else f"   target below 2: {'met' if median < 2 else 'MISSED'}"
        print(f"  {name:<46} {median:8.2f} s   ({min(seconds):.2f} to {max(seconds):.2f}){verdict}")


BENCHMARKS = (checkout, simulate, bare, long, services, threads, startup)


def main() -> None:
    names = [benchmark.__name__ for benchmark in BENCHMARKS]
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(names)}; all by default")
    parser.add_argument("--scale", type=float, default=1.0, help="of the length of all runs, 1 by default")
    wanted = parser.parse_args()
    for name in wanted.names:
        if name not in names:
            parser.error(f"there is no benchmark {name!r}: there is {', '.join(names)}")
    print(f"{os.cpu_count()} cores, load before the start {os.getloadavg()[0]:.1f}, scale {wanted.scale:g}")
    for benchmark in BENCHMARKS:
        if not wanted.names or benchmark.__name__ in wanted.names:
            print(f"\n{benchmark.__name__}: {(benchmark.__doc__ or '').partition(chr(10))[0]}", flush=True)
            benchmark(wanted.scale)


if __name__ == "__main__":
    main()
