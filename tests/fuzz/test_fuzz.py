"""A small sample of what `fuzzing.py` asks for hours: what `check` accepts never ends in a traceback."""

import pytest
from extremes import random_tree
from fuzzing import as_yaml, ask_all


@pytest.mark.parametrize("seed", range(4))
def test_what_check_accepts_ends_in_a_result_or_in_an_error_of_ours(seed):
    tree = random_tree(seed)
    problems = ask_all(tree, "reference", draws=seed == 0) or []
    assert not problems, "\n".join([*(f"{question}\n{text}" for question, text in problems), as_yaml(tree)])
