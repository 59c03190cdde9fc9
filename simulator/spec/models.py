"""A whole topology: what a user wrote, validated, with its names and units."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from ..errors import Problem, TopologyError
from ..garbage import uncollected
from .base import EXTENSION, FrozenDict, Model
from .checks import calls_of, split_call, unknown_call, unknown_names
from .deployments import Deployment, Prices, Slo
from .distributions import Empirical
from .edit import changed_at, kept_positions
from .faults import Fault
from .mistakes import Issue, Location, Source, dotted, in_order, issues_of, mistake
from .services import Service
from .settings import Network, Simulation
from .steps import Policy
from .text import Text as Document
from .values import Name, Text
from .workloads import Workload, is_nameless


@dataclass(frozen=True)
class Written:
    """The text that a topology was read from, and what was changed since."""

    text: str
    file: str
    changed: tuple[Location, ...] = ()

    def problem(self, location: Location, message: str) -> Problem:
        """Return a problem at its place in the text; where things stand is only read now, when it matters."""
        document = Document(self.text, self.file)
        document.read()
        positions = kept_positions(document.positions, self.changed)
        return Source(self.file, lines=document.lines, positions=positions).problem(Issue(location, message))


DERIVED = ("microservices", "monolith")


def _freeze(value: dict[str, Any]) -> dict[str, Any]:
    return FrozenDict(value)


def _freeze_some(value: dict[str, Any]) -> dict[str, Any]:
    if not value:
        raise mistake("expected at least one entry")
    return FrozenDict(value)


class Topology(Model):
    """The services, their calls, the network, the traffic and the ways to deploy them; a frozen value."""

    name: Text = Field("topology", description="Default: the name of the file, without its ending.")
    description: Text = Field("", description="A sentence for whoever reads the file.")
    simulation: Simulation = Field(
        default_factory=Simulation, description="How long a run is, and how often it is repeated."
    )
    network: Network = Field(default_factory=Network, description="What a message between two processes costs.")
    policies: Annotated[dict[Name, Policy], AfterValidator(_freeze)] = Field(
        default_factory=FrozenDict, description="By name: what a caller does about a slow, failing or absent target."
    )
    services: Annotated[dict[Name, Service], AfterValidator(_freeze_some)] = Field(
        description="By name: what each does, and what it has."
    )
    workload: Annotated[dict[Name, Workload], AfterValidator(_freeze_some)]
    deployments: Annotated[dict[Name, Deployment], AfterValidator(_freeze)] = Field(
        default_factory=FrozenDict,
        description="By name: who shares a process; `microservices` and `monolith` exist without being written.",
    )
    faults: tuple[Fault, ...] = Field((), description="What goes wrong, when and for how long.")
    slos: Annotated[dict[Name, Slo], AfterValidator(_freeze)] = Field(
        default_factory=FrozenDict, description="By name: what was promised."
    )
    prices: Prices | None = Field(None, description="What things cost; without prices there is no cost.")

    _tree: dict[str, object] = PrivateAttr(default_factory=dict)
    _base: str = PrivateAttr(default="")
    _confined: bool = PrivateAttr(default=False)
    _text: Written | None = PrivateAttr(default=None)

    @classmethod
    def is_known(cls, key: str) -> bool:
        """Whether a file may have this key here; one that begins with `x-` is ignored."""
        return key.startswith(EXTENSION) or super().is_known(key)

    @classmethod
    def normalise(cls, data: dict[str, object], source: Source) -> dict[str, object]:
        """Write the shorthands out."""
        for key in [key for key in data if key.startswith(EXTENSION)]:
            del data[key]
        if is_nameless(data.get("workload")):
            data["workload"] = {"workload": data["workload"]}
        data.setdefault("name", source.name)
        return data

    @model_validator(mode="wrap")
    @classmethod
    def _validate(cls, data: object, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        if isinstance(data, Topology):
            return handler(data)
        written = isinstance(info.context, Source)
        source = info.context if isinstance(info.context, Source) else Source()
        tree = plain(data)
        issues = unknown_names(tree)
        topology = None
        try:
            topology = handler(tree)
        except ValidationError as error:
            issues += issues_of(error, tree)
        if issues or source.problems or topology is None:
            raise TopologyError(in_order(issues, source))
        return topology._keep(dict(tree) if written else plain(topology), source)  # noqa: SLF001

    def _keep(self, tree: dict[str, object], source: Source) -> Self:
        self._tree, self._base, self._confined = tree, source.base, source.confined
        return self

    @classmethod
    @uncollected
    def model_validate(cls, obj: Any, *, context: Any = None, **options: Any) -> Self:
        """Return the topology that a dict with the keys of a file means; numbers are seconds and per second.

        Raises
        ------
        TopologyError
            With everything that is wrong, each problem with its path.
        """
        return super().model_validate(obj, context=context if isinstance(context, Source) else Source(), **options)

    @property
    def base(self) -> str:
        """The folder that paths in the topology are relative to; empty for the current one."""
        return self._base

    @property
    def deployment_names(self) -> tuple[str, ...]:
        """All deployments: the two that exist without being written, then the others as written."""
        return (*DERIVED, *(name for name in self.deployments if name not in DERIVED))

    def replace(self, changes: Mapping[str, object]) -> Self:
        """Return a topology that differs at some paths, such as {"services.payment.replicas": 4}.

        Values are text as in a file, or from Python: numbers are seconds, per second, fractions of one.

        Raises
        ------
        TopologyError
            If a path leads nowhere, or the result is no valid topology.
        """
        source = Source(base=self.base, name=self.name, confined=self._confined)
        tree, places = changed_at(self._tree, plain(changes))
        other = type(self).model_validate(tree, context=source)
        if self._text is not None:
            other.remember(replace(self._text, changed=(*self._text.changed, *places)))
        return other

    def remember(self, text: Written) -> None:
        """Keep the text that this was read from."""
        self._text = text

    def problem_at(self, location: Location, message: str) -> Problem:
        """Return a problem at a place of the text, if there is a text and it says anything there."""
        return self._text.problem(location, message) if self._text else Problem(dotted(location), message)

    def problem_of_call(self, caller: tuple[str, str], target: tuple[str, str], message: str) -> Problem:
        """Return a problem at the step of one endpoint, or of a fallback, that calls another endpoint."""
        places = [at for at, call in calls_of(self._tree, caller) if self.resolve(call) == target]
        location = places[0] if places else ("services", caller[0])
        return self.problem_at(location, message)

    def resolve(self, call: str) -> tuple[str, str]:
        """Return the service and the endpoint that a call such as `order.place` or `order` names.

        Raises
        ------
        TopologyError
            If there is no such endpoint, or several could be meant.
        """
        service, endpoint = split_call(self.services, call)
        found = self.services.get(service)
        if found is not None and endpoint in found.endpoints:
            return service, endpoint
        if problems := unknown_call(self._tree, call):
            raise TopologyError(f"{call}: {problems[0].message}")
        return service, next(iter(self.services[service].endpoints))

    def to_dict(self) -> dict[str, object]:
        """Return the validated content, defaults included, as plain data for JSON: seconds, per second, bytes.

        Two topologies with the same content mean the same; the SHA-256 of the files they read is under `files`.
        """
        content = self.model_dump(mode="json", by_alias=True, exclude_none=True)
        files = dict(_files(self))
        return content | {"files": files} if files else content

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Topology):
            return NotImplemented
        return self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash(tuple(self.__dict__.values()))


def _files(value: object) -> Iterator[tuple[str, str]]:
    """Yield the path and the SHA-256 of every file that was read."""
    if isinstance(value, Workload) and value.replay is not None:
        yield value.replay, value.replay_digest
    if isinstance(value, Empirical) and value.file is not None:
        yield value.file, value.digest
    if isinstance(value, Model):
        value = value.__dict__
    if isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, tuple):
        for item in value:
            if isinstance(item, Model | dict | tuple):
                yield from _files(item)


def plain(value: Any) -> Any:
    """Return plain data, with models in it as a file would have them."""
    if isinstance(value, BaseModel):
        return plain(value.model_dump(by_alias=True, exclude_none=True))
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value
