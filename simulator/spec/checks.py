"""Names that must mean something.

They are checked on the tree as written, so that they are reported together with everything else.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence

from .inheritance import policy_issues
from .mistakes import Issue, Location, did_you_mean, hint, listed, nearest
from .steps import INSIDE, VERBS
from .workloads import is_nameless


def unknown_names(tree: object) -> list[Issue]:
    """Return every name that is used and means nothing, or that two things have."""
    if not isinstance(tree, Mapping) or not isinstance(tree.get("services"), Mapping):
        return []
    names = _Names(tree)
    issues = [issue for location, call in _calls(tree) for issue in names.call(location, call)]
    issues += policy_issues(tree, _every_step(tree), _policies_of_workloads(tree))
    return [
        *issues,
        *_twice(names),
        *_shared(names),
        *_links(tree, names),
        *_faults(tree, names),
        *_deployments(tree, names),
        *_slos(tree, names),
    ]


def unknown_call(tree: Mapping[str, object], call: str) -> list[Issue]:
    """Return what is wrong with one call, empty if it names an endpoint."""
    if not all(call.split(".")):
        return [Issue((), f"expected `service` or `service.endpoint`, found `{call}`")]
    return _Names(tree).call((), call)


def split_call(services: Container[object], call: str) -> tuple[str, str]:
    """Return the service and the endpoint that a call names; the endpoint is empty where it names none.

    The names of services may have dots, those of endpoints have none: a call is a service as a whole, or else its last
    dot comes before the endpoint.
    """
    service, dot, endpoint = call.rpartition(".")
    return (call, "") if call in services or not dot else (service, endpoint)


class _Names:
    """What the services of a tree are called, and their endpoints."""

    def __init__(self, tree: Mapping[str, object]) -> None:
        services = tree["services"]
        assert isinstance(services, Mapping)
        self.services = services
        workload = tree.get("workload")
        nameless = is_nameless(workload)
        self.workloads = ["workload"] if nameless else list(workload) if isinstance(workload, Mapping) else []
        self.nameless = nameless

    def endpoints(self, service: str) -> list[str] | None:
        """Return a service's endpoints, [""] for bare steps, None where the text does not tell."""
        content = self.services[service]
        if not isinstance(content, Mapping):
            return None
        if "steps" in content:
            return [""]
        endpoints = content.get("endpoints")
        return [name for name in endpoints if name] or None if isinstance(endpoints, Mapping) else None

    def service(self, location: Location, name: object) -> list[Issue]:
        if not isinstance(name, str) or name in self.services:
            return []
        return [Issue(location, f"unknown service `{name}`{hint(name, self.services)}")]

    def caller(self, location: Location, name: object) -> list[Issue]:
        """Return what is wrong with who calls: a service or a workload."""
        if not isinstance(name, str) or name in self.workloads or name in self.services:
            return []
        known = hint(name, [*self.services, *self.workloads])
        return [Issue(location, f"unknown service or workload `{name}`{known}")]

    def target(self, location: Location, name: object, rule: str) -> list[Issue]:
        """Return what is wrong with who is called: a service."""
        if isinstance(name, str) and name in self.workloads and name not in self.services:
            return [Issue(location, f"`{name}` is a workload; {rule}")]
        return self.service(location, name)

    def call(self, location: Location, call: object) -> list[Issue]:
        if not isinstance(call, str) or not all(call.split(".")):
            return []  # reported where the value is read
        service, endpoint = split_call(self.services, call)
        if service not in self.services:
            return self.service(location, call if nearest(call, self.services) else service)
        known = self.endpoints(service)
        if known is None or endpoint in known:
            return []
        if not endpoint:
            if len(known) == 1:
                return []
            choices = listed(f"{service}.{name}" for name in known)
            return [Issue(location, f"`{service}` has several endpoints; write {choices}")]
        if known == [""]:
            return [Issue(location, f"`{service}` has no endpoints, only steps; write `{service}`")]
        return [Issue(location, f"unknown endpoint `{endpoint}` of `{service}`{self._near(call, endpoint, known)}")]

    def endpoint(self, call: str) -> tuple[str, str]:
        """Return the service and the endpoint of a call that means something; the only one, if it names none."""
        service, endpoint = split_call(self.services, call)
        known = self.endpoints(service) if service in self.services else None
        return service, endpoint or (known[0] if known is not None and len(known) == 1 else "")

    def _near(self, call: str, endpoint: str, known: list[str]) -> str:
        """Return what an unknown endpoint may stand for: another one, or a service whose name has dots."""
        others = [name for name in self.services if name != call.partition(".")[0]]
        return did_you_mean(endpoint, known) or did_you_mean(call, others) or hint(endpoint, known)


def _calls(tree: Mapping[str, object]) -> Iterator[tuple[Location, object]]:
    """Yield every place that names what is called, and the name."""
    for location, step in _every_step(tree):
        for verb in ("call", "send"):
            if verb in step:
                yield (*location, verb), step[verb]
    for here, content in _workloads(tree):
        yield from _entries(here, content)
    for name, slo in _items(tree.get("slos")):
        if isinstance(slo, Mapping):
            yield ("slos", name, "call"), slo.get("call")


def calls_of(tree: Mapping[str, object], key: tuple[str, str]) -> Iterator[tuple[Location, str]]:
    """Yield where an endpoint calls something, and what; then the fallbacks of policies, which may be its own."""
    service, endpoint = key
    here: Location = ("services", service, *(("endpoints", endpoint) if endpoint else ()), "steps")
    found = [(location, call) for location, call in _calls(tree) if isinstance(call, str)]
    yield from ((location, call) for location, call in found if location[: len(here)] == here)
    yield from ((location, call) for location, call in found if location[0] == "policies")


def _every_step(tree: Mapping[str, object]) -> Iterator[tuple[Location, Mapping[str, object]]]:
    """Yield every step at any depth, also those of fallbacks, and where it is."""
    for name, service in _items(tree.get("services")):
        here: Location = ("services", name)
        if isinstance(service, Mapping):
            yield from _steps((*here, "steps"), service.get("steps"))
            for endpoint, content in _items(service.get("endpoints")):
                if isinstance(content, Mapping):
                    yield from _steps((*here, "endpoints", endpoint, "steps"), content.get("steps"))
    for name, policy in _items(tree.get("policies")):
        if isinstance(policy, Mapping) and isinstance(policy.get("fallback"), Mapping):
            yield from _steps(("policies", name, "fallback", "steps"), policy["fallback"].get("steps"))


def _workloads(tree: Mapping[str, object]) -> Iterator[tuple[Location, object]]:
    workload = tree.get("workload")
    if is_nameless(workload):
        yield ("workload",), workload
    else:
        for name, content in _items(workload):
            yield ("workload", name), content


def _policies_of_workloads(tree: Mapping[str, object]) -> Iterator[tuple[Location, object]]:
    for here, content in _workloads(tree):
        if isinstance(content, Mapping) and "policy" in content:
            yield (*here, "policy"), content["policy"]


def _entries(here: Location, workload: object) -> Iterator[tuple[Location, object]]:
    if not isinstance(workload, Mapping):
        return
    yield (*here, "call"), workload.get("call")
    calls = workload.get("calls")
    for index, entry in enumerate(calls if isinstance(calls, list | tuple) else ()):
        if isinstance(entry, Mapping):
            yield (*here, "calls", index, "call"), entry.get("call")


def _steps(here: Location, steps: object) -> Iterator[tuple[Location, Mapping[str, object]]]:
    for index, step in enumerate(steps if isinstance(steps, list | tuple) else ()):
        if not isinstance(step, Mapping):
            continue
        place: Location = (*here, index)
        if "steps" in step and not set(step) & set(VERBS):  # a branch or an option
            yield from _steps((*place, "steps"), step["steps"])
            continue
        yield place, step
        for key in INSIDE:
            block = step.get(key)
            if isinstance(block, Mapping):
                yield from _steps((*place, key, "steps"), block.get("steps"))
            else:
                yield from _steps((*place, key), block)


def _slos(tree: Mapping[str, object], names: _Names) -> Iterator[Issue]:
    """A request settles as a whole: what is promised of that is promised of what a workload enters."""
    entered = {
        names.endpoint(call)
        for here, content in _workloads(tree)
        for _, call in _entries(here, content)
        if isinstance(call, str)
    }
    for name, slo in _items(tree.get("slos")):
        if not isinstance(slo, Mapping) or slo.get("until") != "settled" or not isinstance(slo.get("call"), str):
            continue
        if not names.call((), slo["call"]) and names.endpoint(slo["call"]) not in entered:
            told = f"`until: settled` is of whole requests, and no workload enters at `{slo['call']}`"
            yield Issue(("slos", name, "until"), f"{told}; take it away, or promise it of an endpoint that one calls")


def _twice(names: _Names) -> Iterator[Issue]:
    """Names with dots that are also a service and its endpoint: a call, a path and a row could mean either."""
    for name in names.services:
        service, _, endpoint = str(name).rpartition(".")
        if service in names.services and endpoint in (names.endpoints(service) or ()):
            told = f"`{name}` is a service, and the endpoint `{endpoint}` of `{service}`: a call could mean either; "
            yield Issue(("services", name), f"{told}rename one of them", "key")


def _shared(names: _Names) -> list[Issue]:
    return [
        Issue(
            ("workload",) if names.nameless else ("workload", name),
            f"the workload `{name}` has the name of a service; they share one namespace",
            "key",
        )
        for name in names.workloads
        if name in names.services
    ]


def _links(tree: Mapping[str, object], names: _Names) -> Iterator[Issue]:
    network = tree.get("network")
    links = network.get("links") if isinstance(network, Mapping) else None
    seen: set[tuple[str, str]] = set()
    for index, link in enumerate(links if isinstance(links, list | tuple) else ()):
        if not isinstance(link, Mapping):
            continue
        here: Location = ("network", "links", index)
        caller, target = link.get("from"), link.get("to")
        yield from names.caller((*here, "from"), caller)
        yield from names.target((*here, "to"), target, "a link goes to a service")
        if isinstance(caller, str) and isinstance(target, str):
            if caller == target:
                yield Issue((*here, "to"), f"a link joins two services, but both ends are `{target}`")
            if (caller, target) in seen:
                yield Issue(here, f"a second link from `{caller}` to `{target}`", "key")
            seen.add((caller, target))


def _faults(tree: Mapping[str, object], names: _Names) -> Iterator[Issue]:
    faults = tree.get("faults")
    for index, fault in enumerate(faults if isinstance(faults, list | tuple) else ()):
        if not isinstance(fault, Mapping):
            continue
        here: Location = ("faults", index)
        caller, target = fault.get("from"), fault.get("target")
        yield from names.caller((*here, "from"), caller)
        yield from names.target((*here, "target"), target, "the target of a fault is a service")
        if isinstance(caller, str) and caller == target:
            yield Issue((*here, "from"), f"a fault of the network is between two, but both are `{target}`")


def _deployments(tree: Mapping[str, object], names: _Names) -> Iterator[Issue]:
    for deployment, content in _items(tree.get("deployments")):
        here: Location = ("deployments", deployment)
        if deployment == "microservices":
            yield Issue(here, "`microservices` is derived, each service its own unit, and cannot be written", "key")
        hosts: dict[str, str] = {}
        units = content.get("units") if isinstance(content, Mapping) else None
        for unit, body in _items(units):
            services = body.get("services") if isinstance(body, Mapping) else None
            services = services if isinstance(services, list | tuple) else ()
            for index, service in enumerate(services):
                yield from _hosted((*here, "units", unit, "services", index), unit, service, hosts, names)
            yield from _mixed((*here, "units", unit, "services"), services, names)
            if unit in names.services and unit not in services:
                message = f"the unit `{unit}` has the name of a service that it does not host"
                yield Issue((*here, "units", unit), message, "key")


def _hosted(here: Location, unit: str, service: object, hosts: dict[str, str], names: _Names) -> Iterator[Issue]:
    if not isinstance(service, str):
        return
    yield from names.service(here, service)
    if service in hosts:
        where = "this unit" if hosts[service] == unit else f"unit `{hosts[service]}`"
        yield Issue(here, f"`{service}` is already in {where}")
    hosts.setdefault(service, unit)


def _mixed(here: Location, services: Sequence[object], names: _Names) -> Iterator[Issue]:
    """A unit is a process of services, or a server of databases (rule 10.5); the first of them says which."""
    first = ""
    for index, service in enumerate(services):
        content = names.services.get(service) if isinstance(service, str) else None
        if not isinstance(content, Mapping):
            continue
        kind = content.get("kind", "service")
        if kind in ("cache", "external"):
            yield Issue(
                (*here, index), f"`{service}` is of kind {kind}; a unit hosts services of kind service, or databases"
            )
        elif kind in ("service", "database"):
            first = first or kind
            if kind != first:
                other = "other services of kind service" if first == "service" else "other databases"
                yield Issue((*here, index), f"`{service}` is of kind {kind}; this unit hosts {other}, not both")


def _items(content: object) -> list[tuple[str, object]]:
    return [(str(key), value) for key, value in content.items()] if isinstance(content, Mapping) else []
