"""Every column of every table of several runs, once: as `results/columns.py` has those of one."""

from __future__ import annotations

from typing import Final

from ..results.columns import (
    CORES,
    COUNT,
    EACH,
    FLAG,
    INTERVAL,
    NAME,
    QUANTITIES,
    QUANTITY,
    REPLICATION,
    SERVICE,
    TEXT,
    WORKLOAD,
    Column,
    Table,
    interval,
)

OWN: Final = "as the quantity"


def quantities(*names: str) -> tuple[Column, ...]:
    """Some of the quantities of `summary`, in this order."""
    known = {column.name: column for column in QUANTITIES}
    return tuple(known[name] for name in names)


DEPLOYMENT = Column("deployment", "", "its name", NAME)
PATH = Column(
    "<path>", "", "an axis, by its path: a number (seconds, per second, fractions, bytes, cores), or a text", "any"
)
DIFFERENCE = (
    Column("baseline", "11.7", "the first one's value", OWN),
    Column("other", "11.7", "the other one's value", OWN),
    Column("difference", "11.7", "other less baseline, of the same requests", OWN),
    *interval("11.7", unit=OWN),
    Column("shown", "11.7", "whether the interval leaves out 0", FLAG),
)
ENDINGS = (
    Column("warnings", "", "what the run warns of", TEXT),
    Column("status", "", "`ok` or `failed`", NAME),
    Column("reason", "", "why it failed", TEXT),
)
LOAD = (
    Column("factor", "15.15", "of the file's traffic", COUNT),
    Column("arrival_rate_per_s", "16.1", "requests of the open workloads at their peaks"),
    Column("users", "7.5", "users of the closed workloads", COUNT),
    DEPLOYMENT,
)
SIZED = (
    Column("met", "13.2", "whether a size was found that meets every objective", FLAG),
    Column("shown_missed", "13.7", "whether every size is shown to miss one", FLAG),
    Column("replicas", "13.1", "of the units that were sized", COUNT),
    Column("cores", "13.1", "of the same, in all", CORES),
    Column("memory_bytes", "13.1", "of the same, in all"),
    Column("all_cores", "13.3", "of all units but external ones", CORES),
    Column("cost_per_hour", "11.9", "of everything"),
    Column("cost_low_per_hour", "13.10", "the lowest price that is not shown to be too little"),
    Column("all_cores_low", "13.10", "the fewest cores that are not shown to be too few", CORES),
)
CHOSEN = (
    Column("sizes", "13.1", "replicas by sized unit, in words", TEXT),
    Column("binding", "13.9", "the objective that binds", NAME),
    Column("reason", "13.7", "why this size, or why none is enough", TEXT),
)
NETS = tuple(
    Column(f"{name}{end}", "15.6", meaning, COUNT)
    for end, more in (("", ""), ("_net", ", less the reverse"))
    for name, meaning in (
        ("lost", f"served without the fault, not with it{more}"),
        ("degraded", f"`ok` without it, `degraded` with it{more}"),
        ("late", f"within the limit without it, above it with it{more}"),
        ("not_asked", f"of users: asked without it alone{more}"),
    )
)
HARM = (
    *NETS,
    Column("gained", "15.6", "the reverse of lost", COUNT),
    Column("restored", "15.6", "the reverse of degraded", COUNT),
    Column("sooner", "15.6", "the reverse of late", COUNT),
    Column("asked_more", "15.5", "the reverse of not asked", COUNT),
    Column("<quantity>_half_width", "15.6", "half the width of the interval of such a number", OWN),
)
POLICIES = Column("policies", "15.3", "the policy set", NAME)

TABLES: Final = (
    Table("difference_from", "a quantity; of two results", (QUANTITY, *DIFFERENCE)),
    Table("Comparison.differences", "a deployment and a quantity", (DEPLOYMENT, QUANTITY, *DIFFERENCE)),
    Table(
        "Comparison.journeys",
        "a deployment, journey and quantity",
        (
            DEPLOYMENT,
            Column("journey", "11.25", "the endpoint at which its requests enter", NAME),
            Column("quantity", "11.25", "`latency_mean_s`, a percentile, or `availability_ratio`", NAME),
            *DIFFERENCE,
        ),
    ),
    Table("Comparison.intervals", "a deployment and a quantity", (DEPLOYMENT, QUANTITY, *INTERVAL)),
    Table(
        "Comparison.summary",
        "a quantity",
        (QUANTITY, Column("<deployment>", "11.7", "its value there", OWN)),
    ),
    Table(
        "Comparison.ranking",
        "a deployment, the best first",
        (
            DEPLOYMENT,
            Column("rank", "13.3", "by objectives, then price, or cores; equals share one", COUNT),
            Column("met", "11.14", "whether it keeps every objective", FLAG),
            *quantities("cost_per_hour"),
            Column("cores", "13.3", "of the units that run services, in the mean", CORES),
            *quantities("latency_p99_s", "availability_ratio", "goodput_per_s"),
        ),
    ),
    Table(
        "sweep, collect",
        "a point and deployment",
        (
            Column("topology", "", "its name; only of a store with several", NAME),
            PATH,
            DEPLOYMENT,
            EACH,
            Column("slos.<slo>.<promise>", "11.14", "what was seen of a promise", "s or share of 1"),
            *interval("11.7", "<quantity>_", OWN),
            Column("met", "11.14", "whether every objective is kept", FLAG),
            Column("sure", "11.14", "whether no interval leaves that open", FLAG),
            Column(
                "journeys.<entry>.share_ratio",
                "11.25",
                "share of the requests that enter there; where there are several entries",
            ),
            Column("replications", "11.7", "how many were run", COUNT),
            *ENDINGS,
        ),
    ),
    Table(
        "sweep, collect: runs=True",
        "a point, deployment and replication",
        (
            Column("topology", "", "its name; only of a store with several", NAME),
            PATH,
            DEPLOYMENT,
            REPLICATION,
            EACH,
            *ENDINGS,
        ),
    ),
    Table(
        "Capacity.tried",
        "a configuration that was simulated",
        (
            Column("<unit>_replicas", "13.1", "replicas of a sized unit", COUNT),
            Column("<unit>_cores", "13.1", "cores of one of them; only where cores are searched", CORES),
            Column("replicas", "13.1", "of all sized units", COUNT),
            Column("cores", "13.1", "of all sized units", CORES),
            Column("cost_per_hour", "11.9", "of everything in the deployment"),
            Column("met", "13.2", "whether every objective is met", FLAG),
            Column("objective", "13.3", "the worst one, by its limit", NAME),
            Column("limit", "11.10", "its limit", "s or share of 1"),
            Column("value", "11.14", "its value", "as the limit"),
            Column("high", "13.2", "the upper end of its interval", "as the limit"),
            Column("high_by_limit_ratio", "13.2", "that by the limit; above 1 it is not met"),
            Column("missed", "13.7", "whether an objective is shown to be missed", FLAG),
        ),
    ),
    Table(
        "NextReplica.table",
        "a sized unit, the best first",
        (
            Column("unit", "13.1", "its name", NAME),
            Column("replicas", "13.1", "that it has now", COUNT),
            Column("now", "13.8", "the quantity as it is", OWN),
            Column("value", "13.8", "the same with one replica more", OWN),
            Column("gain", "13.8", "what that gains; above 0 is better", OWN),
            *interval("13.8", unit=OWN),
            Column("shown", "13.8", "whether the interval leaves out 0", FLAG),
            Column("price_per_hour", "13.3", "what the replica costs"),
            Column("gain_per_price", "13.8", "gain by price", "quantity by money per hour"),
            Column("rank", "13.8", "units that are not told apart share one", COUNT),
        ),
    ),
    Table(
        "Drill.table",
        "a deployment and policy set",
        (
            DEPLOYMENT,
            POLICIES,
            Column("same_as", "15.4", "the set that gives the same plan", NAME),
            Column("requests", "15.5", "requests of a run with the fault", COUNT),
            *HARM,
            Column("settled_late", "15.17", "settled in both runs, and above the limit only with the fault", COUNT),
            Column("unawaited_failed", "15.17", "sends that did not end well, or not at all", COUNT),
            Column("unawaited_failed_net", "15.17", "the same, less those without the fault", COUNT),
            Column("retry_amplification", "15.14", "tries by those made without the fault", COUNT),
            Column("time_to_detect_s", "15.10", "from the first fault to the end of the first bad bin"),
            Column("detected", "15.10", "replications in which something was detected", COUNT),
            Column("time_to_recover_s", "15.11", "from the end of the last fault to that of the last bad bin"),
            Column("recovered", "15.11", "replications that recover", COUNT),
            Column("replications", "15.1", "how many there are", COUNT),
            Column("verdict", "15.12", "`unharmed`, `kept`, `comes back`, `metastable` or `overloaded`", NAME),
            Column("load_low", "15.15", "factor of the traffic at which it comes back", COUNT),
            Column("load_high", "15.15", "factor at which it does not", COUNT),
            Column("load_limit", "15.16", "what ended that search", NAME),
        ),
    ),
    Table(
        "Drill.entries",
        "a deployment, policy set and entry of a workload",
        (
            DEPLOYMENT,
            POLICIES,
            WORKLOAD,
            Column("entry", "15.6", "the endpoint at which requests enter", NAME),
            Column("requests", "15.5", "requests of a run that arrive there", COUNT),
            Column("limit_s", "15.7", "above it they are late"),
            Column("limit_is_slo", "15.7", "whether an slo says so", FLAG),
            Column("promised_ratio", "15.7", "share that is promised to be in time"),
            *HARM,
        ),
    ),
    Table(
        "Drill.blast",
        "a deployment, policy set, other service and quantity",
        (
            DEPLOYMENT,
            POLICIES,
            SERVICE,
            Column("shares_process", "10.1", "whether a target is in its process", FLAG),
            Column("quantity", "15.13", "`latency_mean_s` or `error_ratio`, as its callers see it", NAME),
            Column("before", "15.13", "without the fault", OWN),
            Column("after", "15.13", "with it", OWN),
            Column("rise", "15.13", "the difference, paired", OWN),
            Column("half_width", "15.13", "half the width of its interval", OWN),
            Column("shown", "15.13", "whether that is no chance", FLAG),
        ),
    ),
    Table(
        "Drill.timeline",
        "a deployment, policy set and bin of time, by arrival",
        (
            DEPLOYMENT,
            POLICIES,
            Column("time_s", "15.8", "when the bin begins"),
            Column("width_s", "15.8", "how long it is"),
            Column("offered_per_s", "15.5", "requests with the fault"),
            Column("goodput_per_s", "15.6", "those that were served"),
            Column("in_time_per_s", "15.7", "those that were served within the limit"),
            Column("degraded_per_s", "15.6", "those that a fallback served"),
            Column("calm_in_time_per_s", "15.7", "without the fault: served within the limit"),
        ),
    ),
    Table(
        "LoadCurve.table",
        "a load and deployment",
        (
            *LOAD,
            Column("arrived_per_s", "11.20", "requests that arrived"),
            Column("cores", "13.3", "of all units but external ones", CORES),
            *quantities("throughput_per_s", "goodput_per_s", "latency_p50_s", "latency_p99_s", "availability_ratio"),
            Column("behind_per_s", "11.23", "requests that arrive, less those that end"),
            *interval("11.7", "<quantity>_", OWN),
            Column("unstable", "11.23", "whether a queue was seen to grow to the end", FLAG),
            Column("slos.<slo>.<promise>", "11.10", "a latency that is promised at an entry, of its own requests", "s"),
        ),
    ),
    Table(
        "CoreCurve.table",
        "a way to grow and a size",
        (
            Column("way", "", "a service, or a deployment", NAME),
            DEPLOYMENT,
            Column("size", "11.23", "replicas of the service, or times the file's", COUNT),
            Column("replicas", "11.23", "of all units that run services", COUNT),
            Column("cores", "11.23", "of the same", CORES),
            Column("offered_per_s", "16.1", "requests that are offered, more than theory expects it to serve"),
            *quantities("throughput_per_s", "goodput_per_s", "availability_ratio"),
            *interval("11.7", "<quantity>_", OWN),
            Column("saturation_per_s", "16.1", "what theory expects it to serve"),
            Column("bottleneck", "16.1", "the unit that theory expects to saturate first", NAME),
            Column("perfect_per_s", "11.23", "goodput of the smallest size times the size"),
            Column("fitted", "11.23", "whether the same unit limits it", FLAG),
        ),
    ),
    Table(
        "ScalingCurve.table",
        "a load and deployment, sized",
        (
            *LOAD,
            *SIZED,
            *quantities("latency_p99_s", "goodput_per_s", "availability_ratio"),
            Column("worst_objective", "13.3", "whose upper end is highest by its limit", NAME),
            Column("worst_by_limit_ratio", "13.3", "its value by its limit"),
            *interval("11.14", "<quantity>_", OWN),
            *CHOSEN,
        ),
    ),
    Table(
        "BreakEven.table",
        "a cell and deployment, sized",
        (PATH, DEPLOYMENT, *SIZED, *quantities("latency_p99_s"), *interval("11.7", "<quantity>_", OWN), *CHOSEN),
    ),
    Table(
        "BreakEven.cells",
        "a cell",
        (
            PATH,
            Column("kind", "13.10", "`cheaper`; `same`: not shown; `only` one meets the objectives; `none` does", NAME),
            Column("winner", "13.10", "which one is cheaper, or the only one", NAME),
            Column("saving_ratio", "13.10", "what it saves of the other's price"),
            Column("shown", "13.7", "of `only` and `none`: whether the others are shown to miss them", FLAG),
        ),
    ),
)
