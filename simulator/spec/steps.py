"""What an endpoint does, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, field_validator, model_validator
from pydantic.alias_generators import to_camel

from .base import Model
from .distributions import Distribution
from .mistakes import Issue, Mistake, describe, listed, mistake, nearest, refuse
from .policies import CallerKeys
from .values import (
    Amount,
    CallName,
    Count,
    Fraction,
    Name,
)

VERBS = ("cpu", "sleep", "call", "send", "parallel", "choose", "fail")
INSIDE = ("parallel", "choose", "fallback")
"""Keys of a step that hold other steps: lists of blocks with `steps`, or one such block."""
Verb = Literal["cpu", "sleep", "call", "send", "parallel", "choose", "fail"]
OUTCOMES = ("ok", "degraded", "error", "timeout", "rejected", "circuit_open", "unreachable", "unfinished")
"""How a call ends (rule 2.1): the words that no `fail` may say."""


_MEANT = {
    "send": ("publish", "emit", "enqueue", "produce", "notify", "event", "message", "async", "fire"),
    "call": ("rest", "http", "grpc", "rpc", "request", "invoke", "get", "post", "put", "query", "fetch", "graphql"),
    "sleep": ("wait", "delay", "pause", "io", "disk", "latency"),
    "cpu": ("work", "compute", "busy", "process", "process_time", "service_time"),
    "parallel": ("fork", "concurrent", "concurrently", "all", "together"),
    "choose": ("switch", "if", "oneof", "branch", "either", "random"),
    "fail": ("raise", "throw", "error", "abort", "refuse", "exception"),
}
"""What others call our verbs."""
_EXAMPLES = {
    "cpu": "cpu: 5ms", "sleep": "sleep: 20ms", "call": "call: order", "send": "send: mailer",
    "parallel": "parallel: [...]", "choose": "choose: [...]", "fail": "fail: declined",
}  # fmt: skip


def step_elsewhere(key: str) -> Mistake | None:
    """Return what to say of a step that stands as a key of the service or endpoint that should do it."""
    if key not in VERBS:
        return None
    cores = ", or `resources: {cpu: 2}` for the cores of a replica" if key == "cpu" else ""
    return Mistake(f"`{key}` is a step: write `steps: [{{{_EXAMPLES[key]}}}]`{cores}", "key")


def callers_key(key: str) -> Mistake | None:
    """Return what to say of a key of calls that stands on who is called."""
    if key not in (*POLICY_KEYS, "policy"):
        return None
    return Mistake(f"`{key}` is the caller's: write it on the call, `{{call: ..., {key}: ...}}`", "key")


class _Step(Model):
    """What every step has: whether it happens, and how often."""

    probability: Fraction = Field(1.0, description="Drawn once for all repetitions.")
    times: Count = Field(1, description="Repetitions, one after the other; 0 is never.")


class Cpu(_Step):
    """Work that holds a core."""

    cpu: Distribution = Field(description="Time on one core, at speed 1.")

    @property
    def verb(self) -> Verb:
        """What the step does."""
        return "cpu"


class Sleep(_Step):
    """Time that needs no core: a disk, a third party."""

    sleep: Distribution = Field(description="Time that passes.")

    @property
    def verb(self) -> Verb:
        """What the step does."""
        return "sleep"


class PolicyKeys(CallerKeys):
    """What a policy can say, by name or on a call."""

    fallback: Fallback | None = Field(None, description="Steps instead of failing; default: none.")


POLICY_KEYS = tuple(map(to_camel, PolicyKeys.model_fields))


class Policy(PolicyKeys):
    """What a caller does about a slow, failing or absent target."""

    inherits: Name | None = Field(None, description="A policy whose keys this one has where it says nothing.")


class Call(PolicyKeys, _Step):
    """A call to another service, waiting for its reply; a policy's keys can be set on it."""

    call: CallName = Field(description="A service, or a service and its endpoint.")
    policy: Name | None = Field(None, description="One of `policies`; keys beside it override the policy's.")

    @property
    def verb(self) -> Verb:
        """What the step does."""
        return "call"


class Send(_Step):
    """A message to another service, for which nobody waits."""

    send: CallName = Field(description="A service, or a service and its endpoint.")

    @classmethod
    def _foreign(cls, key: str) -> Mistake:
        if key in (*POLICY_KEYS, "policy"):
            return Mistake(f"`{key}` has no meaning on `send`: nobody waits for the reply", "key")
        return super()._foreign(key)

    @property
    def verb(self) -> Verb:
        """What the step does."""
        return "send"


class Parallel(_Step):
    """Branches that run at the same time; the step ends when all of them have."""

    parallel: tuple[Branch, ...] = Field(description="The branches: steps, or {steps: [...]}.")

    @field_validator("parallel")
    @classmethod
    def _not_empty(cls, value: tuple[Branch, ...]) -> tuple[Branch, ...]:
        if not value:
            raise mistake("`parallel` needs at least one branch")
        return value

    @property
    def verb(self) -> Verb:
        """What the step does."""
        return "parallel"


class Choose(_Step):
    """Exactly one of several options, drawn by weight."""

    choose: tuple[Option, ...] = Field(description="The options.")

    @field_validator("choose")
    @classmethod
    def _has_weight(cls, value: tuple[Option, ...]) -> tuple[Option, ...]:
        if not value:
            raise mistake("`choose` needs at least one option")
        if not sum(option.weight for option in value) > 0:
            raise mistake("the weights of `choose` must not all be 0", "key")
        return value

    @property
    def verb(self) -> Verb:
        """What the step does."""
        return "choose"


class Fail(_Step):
    """The handler fails here: what comes after is not done."""

    fail: Name = Field(description="Why: a word of your own, such as `declined`; the cause is `WORD@service`.")

    @field_validator("fail")
    @classmethod
    def _own_word(cls, value: str) -> str:
        if value in OUTCOMES:
            raise mistake(f"`{value}` is an outcome; say why in a word of your own, such as `declined`")
        return value

    @field_validator("times")
    @classmethod
    def _once(cls, value: int) -> int:
        if value > 1:
            raise mistake("a `fail` ends its handler: it happens once, or with `times: 0` never")
        return value

    @property
    def verb(self) -> Verb:
        """What the step does."""
        return "fail"

    @property
    def is_sure(self) -> bool:
        """Whether it is not left to chance."""
        return self.probability == 1.0 and self.times == 1


def _nothing_after_fail(value: tuple[Step, ...]) -> tuple[Step, ...]:
    for number, step in enumerate(value[:-1]):
        if isinstance(step, Fail) and step.is_sure:
            message = f"nothing is done after `fail: {step.fail}`; give that a `probability`, or take this away"
            refuse([Issue((number + 1,), message, "key")], value)
    return value


def _read_step(value: object) -> object:
    """Let a mapping with exactly one verb through."""
    if isinstance(value, Model | Mistake):
        return value
    if not isinstance(value, Mapping):
        raise mistake(f"expected a step such as {{cpu: 5ms}} or {{call: order}}, found {describe(value)}")
    verbs = [key for key in value if key in VERBS]
    if len(verbs) > 1:
        message = f"a step does one thing, but this one has {listed(map(str, verbs), 'and')}; write two steps"
        refuse([Issue((verbs[1],), message, "key")], value)
    if not verbs:
        for key in value:
            if close := _verb(str(key)):
                refuse([Issue((key,), f"unknown step `{key}`; did you mean `{close}`?", "key")], value)
        if len(value) == 1:
            (key,) = value
            refuse([Issue((key,), f"unknown step `{key}`; expected {listed(VERBS)}", "key")], value)
        raise mistake(f"a step needs one of {listed(VERBS)}", "key")
    return value


def _verb(word: str) -> str:
    """Return the verb that a word looks like, or that others use it for; empty if there is none."""
    meant = next((verb for verb, words in _MEANT.items() if word.lower() in words), "")
    return meant or nearest(word, VERBS)


def _tag(value: object) -> str:
    if isinstance(value, Mapping):
        return next((f"<{key}>" for key in value if key in VERBS), "<none>")
    return f"<{getattr(value, 'verb', 'none')}>"


Step: TypeAlias = Annotated[
    Annotated[Cpu, Tag("<cpu>")]
    | Annotated[Sleep, Tag("<sleep>")]
    | Annotated[Call, Tag("<call>")]
    | Annotated[Send, Tag("<send>")]
    | Annotated[Parallel, Tag("<parallel>")]
    | Annotated[Choose, Tag("<choose>")]
    | Annotated[Fail, Tag("<fail>")],
    Discriminator(_tag),
    BeforeValidator(_read_step),
]
Steps: TypeAlias = Annotated[tuple[Step, ...], AfterValidator(_nothing_after_fail)]


class Branch(Model):
    """One branch of a `parallel`; a bare step is a branch of one step."""

    steps: Steps = Field(description="One after the other.")

    @model_validator(mode="before")
    @classmethod
    def _read_bare(cls, value: object) -> object:
        if isinstance(value, Model | Mistake) or (isinstance(value, Mapping) and "steps" in value):
            return value
        return {"steps": [value]}


class Option(Model):
    """One option of a `choose`."""

    weight: Amount = Field(1.0, description="Relative to the weights of the other options.")
    steps: Steps = Field(description="One after the other; [] does nothing.")


class Fallback(Model):
    """What the caller does when its call has failed."""

    steps: Steps = Field(description="One after the other; [] does nothing, and that is enough.")


def blocks(step: Step) -> Sequence[Branch | Option | Fallback]:
    """Return what holds the steps inside a step, in order; of a call its own fallback, not that of its policy."""
    match step:
        case Parallel():
            return step.parallel
        case Choose():
            return step.choose
        case Call(fallback=Fallback() as fallback):
            return (fallback,)
    return ()
