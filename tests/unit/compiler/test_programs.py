import pytest

from simulator.compiler.distributions import DistributionTable
from simulator.compiler.programs import Assembler, CallSite, cumulative_shares, endpoint_name
from simulator.plan.layout import Op
from simulator.spec import Call, Choose, Cpu, Parallel, Send, Sleep
from simulator.spec.steps import PolicyKeys


def resolve(call: str) -> tuple[str, str]:
    service, _, endpoint = call.partition(".")
    return service, endpoint


def assemble(*steps):
    """Rows of one handler as (op, a, b, c, x), names still names; and the assembler."""
    assembler = Assembler(DistributionTable(), resolve, [CallSite("users -> a.x", "entry", "users", True, ("a", "x"))])
    assert assembler.add_handler(("a", "x"), steps) == 0
    return [(row.op, row.a, row.b, row.c, row.x) for row in assembler._rows], assembler


def cpu(seconds: float, **more: float) -> Cpu:
    return Cpu(cpu=seconds, **more)


def test_steps_follow_one_another():
    rows, assembler = assemble(cpu(0.1), Sleep(sleep=0.2), Call(call="b.y", timeout=0.5), Send(send="c"), cpu(0.1))
    assert rows == [
        (Op.CPU, 0, "cpu a.x/0", 0, 0.0),
        (Op.SLEEP, 1, "sleep a.x/1", 0, 0.0),
        (Op.CALL, 1, 0, 0, 0.0),
        (Op.SEND, 2, 0, 0, 0.0),
        (Op.CPU, 0, "cpu a.x/4", 0, 0.0),
        (Op.END, 0, 0, 0, 0.0),
    ]
    assert assembler.call_sites[1:] == [
        CallSite("a.x/2 -> b.y", "call a.x/2", "a", False, ("b", "y"), PolicyKeys(timeout=0.5)),
        CallSite("a.x/3 -> c", "call a.x/3", "a", False, ("c", "")),
    ]


def test_a_handler_without_steps_ends():
    assert assemble()[0] == [(Op.END, 0, 0, 0, 0.0)]


def test_the_probability_is_drawn_once_then_the_step_repeats():
    rows, _ = assemble(cpu(0.1, probability=0.25, times=3), cpu(0.1))
    assert rows == [
        (Op.MAYBE, 0, "maybe a.x/0", 4, 0.25),
        (Op.REPEAT, "repeat a.x/0", 3, 4, 0.0),
        (Op.CPU, 0, "cpu a.x/0", 0, 0.0),
        (Op.AGAIN, 0, 0, 1, 0.0),
        (Op.CPU, 0, "cpu a.x/1", 0, 0.0),
        (Op.END, 0, 0, 0, 0.0),
    ]


def test_almost_always_is_not_always():
    assert assemble(cpu(0.1, probability=0.999))[0][0] == (Op.MAYBE, 0, "maybe a.x/0", 2, 0.999)


def test_never_is_legal():
    rows, _ = assemble(cpu(0.1, probability=0.0), cpu(0.1, times=0))
    assert rows == [
        (Op.MAYBE, 0, "maybe a.x/0", 2, 0.0),
        (Op.CPU, 0, "cpu a.x/0", 0, 0.0),
        (Op.REPEAT, "repeat a.x/1", 0, 5, 0.0),
        (Op.CPU, 0, "cpu a.x/1", 0, 0.0),
        (Op.AGAIN, 0, 0, 2, 0.0),
        (Op.END, 0, 0, 0, 0.0),
    ]


def test_branches_end_and_nested_ones_keep_their_rows_together():
    inner = Parallel(parallel=({"steps": [cpu(0.1)]}, {"steps": []}))
    rows, assembler = assemble(Parallel(parallel=({"steps": [inner, cpu(0.1)]}, {"steps": [cpu(0.2)]})), cpu(0.1))
    assert rows == [
        (Op.PARALLEL, 0, 2, 9, 0.0),
        (Op.PARALLEL, 2, 2, 5, 0.0),
        (Op.CPU, 0, "cpu a.x/0/parallel/0/0/parallel/0/0", 0, 0.0),
        (Op.END, 0, 0, 0, 0.0),
        (Op.END, 0, 0, 0, 0.0),
        (Op.CPU, 0, "cpu a.x/0/parallel/0/1", 0, 0.0),
        (Op.END, 0, 0, 0, 0.0),
        (Op.CPU, 1, "cpu a.x/0/parallel/1/0", 0, 0.0),
        (Op.END, 0, 0, 0, 0.0),
        (Op.CPU, 0, "cpu a.x/1", 0, 0.0),
        (Op.END, 0, 0, 0, 0.0),
    ]
    assert assembler._branches == [(1, 0.0), (7, 0.0), (2, 0.0), (4, 0.0)]


def test_options_jump_to_where_it_goes_on():
    options = ({"weight": 1, "steps": []}, {"weight": 3, "steps": [Sleep(sleep=0.2)]})
    rows, assembler = assemble(Choose(choose=options), cpu(0.1))
    assert rows == [
        (Op.CHOOSE, 0, 2, "choose a.x/0", 0.0),
        (Op.JUMP, 0, 0, 4, 0.0),
        (Op.SLEEP, 0, "sleep a.x/0/choose/1/0", 0, 0.0),
        (Op.JUMP, 0, 0, 4, 0.0),
        (Op.CPU, 1, "cpu a.x/1", 0, 0.0),
        (Op.END, 0, 0, 0, 0.0),
    ]
    assert assembler._branches == [(1, 0.25), (2, 1.0)]


def test_names_turn_into_numbers_in_the_columns():
    _, assembler = assemble(Choose(choose=({"steps": [cpu(0.5, probability=0.5, times=2)]},)))
    names = {
        "choose a.x/0": 11,
        "maybe a.x/0/choose/0/0": 12,
        "repeat a.x/0/choose/0/0": 13,
        "cpu a.x/0/choose/0/0": 2**32 - 1,
    }
    assert assembler.names() == set(names)
    columns = assembler.columns(names)
    assert columns.op.tolist() == [Op.CHOOSE, Op.MAYBE, Op.REPEAT, Op.CPU, Op.AGAIN, Op.JUMP, Op.END]
    assert columns.a.tolist() == [0, 0, 13, 0, 0, 0, 0]
    assert columns.b.tolist() == [1, 12, 2, 2**32 - 1, 0, 0, 0]
    assert columns.c.tolist() == [11, 5, 5, 0, 2, 6, 0]
    assert columns.x.tolist() == [0.0, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0]
    assert (columns.branch.tolist(), columns.weight.tolist()) == ([1], [1.0])


def test_handlers_stand_one_after_the_other():
    _, assembler = assemble(cpu(0.1))
    assert assembler.add_handler(("b", ""), [cpu(0.1)]) == 2
    assert assembler._rows[2].b == "cpu b/0"


def test_shares_are_cumulative_and_end_at_one():
    assert cumulative_shares([95, 5]) == [0.95, 1.0]
    assert cumulative_shares([0.1] * 10)[-1] == 1.0
    assert cumulative_shares([0.0, 0.1, 0.2, 0.0]) == [0.0, pytest.approx(1 / 3), 1.0, 1.0]


def test_an_endpoint_without_a_name_is_its_service():
    assert (endpoint_name(("order", "place")), endpoint_name(("order", ""))) == ("order.place", "order")
