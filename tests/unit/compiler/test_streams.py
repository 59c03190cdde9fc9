import hashlib

import pytest

from simulator.compiler.streams import name_number, number_names


def test_a_name_is_the_first_four_bytes_of_its_sha256():
    # SHA-256("abc") begins ba7816bf: FIPS 180-4, example B.1
    assert name_number("abc") == 0xBA7816BF


def test_a_salt_is_part_of_the_text():
    assert name_number("abc", 3) == int(hashlib.sha256(b"abc#3").hexdigest()[:8], 16)


def test_names_have_their_own_numbers_whoever_is_there():
    alone, together = number_names(["cpu a/0"]), number_names(["sleep z/1", "cpu a/0", "think users"])
    assert together["cpu a/0"] == alone["cpu a/0"] == name_number("cpu a/0")
    assert all(0 <= number < 2**32 for number in together.values())


@pytest.fixture(scope="module")
def clash() -> tuple[str, str]:
    """Two names with one number, in the order of the alphabet."""
    seen: dict[int, str] = {}
    for count in range(1_000_000):
        name = f"n{count}"
        earlier = seen.setdefault(name_number(name), name)
        if earlier != name:
            return min(earlier, name), max(earlier, name)
    raise AssertionError("no clash among a million names")


def test_names_that_meet_in_one_number_are_kept_apart(clash):
    first, second = clash
    assert name_number(first) == name_number(second)
    numbers = number_names([second, "other", first])
    assert numbers[first] == name_number(first)
    assert numbers[second] == name_number(second, 1)
    assert number_names([first, second, "other"]) == numbers
