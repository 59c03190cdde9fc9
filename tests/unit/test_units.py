import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator import units

NON_NEGATIVE = st.floats(min_value=0, allow_nan=False, allow_infinity=False)
FRACTIONS = st.floats(min_value=0, max_value=1)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("250ms", 0.25),
        ("5us", 5e-6),
        ("5µs", 5e-6),
        ("5μs", 5e-6),
        ("7ns", 7e-9),
        ("1.5s", 1.5),
        (".5s", 0.5),
        ("10m", 600.0),
        ("2h", 7200.0),
        ("1h30m", 5400.0),
        ("1m30.5s", 90.5),
        ("1e3ms", 1.0),
        ("0", 0.0),
        ("0s", 0.0),
        (" 3ms ", 0.003),
        ("1.1ms", 0.0011),
    ],
)
def test_durations(text, seconds):
    assert units.parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("5", "a duration needs a unit, for example 250ms, found `5`"),
        ("1.5", "a duration needs a unit, for example 250ms, found `1.5`"),
        ("ten", "expected a duration such as 250ms, found `ten`"),
        ("5 ms", "expected a duration such as 250ms, found `5 ms`"),
        ("5d", "expected a duration such as 250ms, found `5d`"),
        ("5M", "expected a duration such as 250ms, found `5M`"),
        ("", "expected a duration such as 250ms, found empty text"),
        ("-5ms", "a duration cannot be negative, found `-5ms`"),
        ("0.49ns", "time is counted in whole nanoseconds, found `0.49ns`, which is none"),
        ("5s2m", "expected units from large to small, as in 1h30m, found `5s2m`"),
        ("5s5s", "expected units from large to small, as in 1h30m, found `5s5s`"),
        ("1" * 90 + "s", "expected a duration such as 250ms, found 91 characters"),
        ("1e999s", "`1e999s` is too large"),
        ("1e9999s", "expected a duration such as 250ms, found `1e9999s`"),
        ("infs", "expected a duration such as 250ms, found `infs`"),
        ("nan", "expected a duration such as 250ms, found `nan`"),
        ("٣ms", "expected a duration such as 250ms, found `٣ms`"),
        ("5ms\n6", "expected a duration such as 250ms, found `5ms\n6`"),
    ],
)
def test_durations_refused(text, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole message is compared
        units.parse_duration(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.25, "250ms"),
        (0, "0s"),
        (600, "10m"),
        (5400, "90m"),
        (7200, "2h"),
        (90, "90s"),
        (1.5, "1.5s"),
        (0.0005, "500us"),
        (5e-9, "5ns"),
        (1 / 3, "333.3333333333333ms"),
        (1e300, "1E+300s"),
    ],
)
def test_durations_written(seconds, text):
    assert units.format_duration(seconds) == text


@pytest.mark.parametrize(
    ("text", "rate"), [("80/s", 80.0), ("4800/min", 80.0), ("4800/m", 80.0), ("3/h", 3 / 3600), ("0", 0.0)]
)
def test_rates(text, rate):
    assert units.parse_rate(text) == rate


@pytest.mark.parametrize("text", ["80", "80/d", "-80/s", "80 / s", "/s", "ten", "1e400/s", "", "80/s/s"])
def test_rates_refused(text):
    with pytest.raises(ValueError, match=r"rate|too large"):
        units.parse_rate(text)


@pytest.mark.parametrize(
    ("text", "fraction"),
    [("0.2%", 0.002), ("99.9%", 0.999), ("100%", 1.0), ("0%", 0.0), ("0.002", 0.002), ("1", 1.0), ("5 %", 0.05)],
)
def test_fractions(text, fraction):
    assert units.parse_fraction(text) == fraction


def test_a_fraction_that_looks_like_a_percentage():
    with pytest.raises(ValueError, match=r"found `5`; did you mean `5%`\?$"):
        units.parse_fraction("5")


@pytest.mark.parametrize("text", ["-1%", "101%", "200", "x", "", "%", "-0.5"])
def test_fractions_refused(text):
    with pytest.raises(ValueError, match="expected"):
        units.parse_fraction(text)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("256Mi", 2**28),
        ("1Gi", 2**30),
        ("512M", 512e6),
        ("1e9", 1e9),
        ("4k", 4000),
        ("1.5Ki", 1536),
        ("2Ti", 2**41),
        ("7", 7),
    ],
)
def test_memory(text, size):
    assert units.parse_memory(text) == size


@pytest.mark.parametrize("text", ["256MB", "256mi", "-1Gi", "Gi", "1 Gi", ""])
def test_memory_refused(text):
    with pytest.raises(ValueError, match="memory"):
        units.parse_memory(text)


@pytest.mark.parametrize(("text", "cores"), [("500m", 0.5), ("2", 2.0), ("0.5", 0.5), ("2000m", 2.0)])
def test_cpu(text, cores):
    assert units.parse_cpu(text) == cores


@pytest.mark.parametrize("text", ["two", "2 cores", "-1", "m", ""])
def test_cpu_refused(text):
    with pytest.raises(ValueError, match="cores"):
        units.parse_cpu(text)


@pytest.mark.parametrize(
    ("text", "probability"),
    [
        ("p0", 0.0),
        ("p50", 0.5),
        ("p5", 0.05),
        ("p99", 0.99),
        ("p999", 0.999),
        ("p99.9", 0.999),
        ("p9999", 0.9999),
        ("p100", 1.0),
    ],
)
def test_percentiles(text, probability):
    assert units.parse_percentile(text) == probability
    assert units.parse_percentile(units.format_percentile(probability)) == probability


@pytest.mark.parametrize("text", ["p", "p101", "p500", "99", "P99", "p-1", "p1000", "p99.", "median"])
def test_percentiles_refused(text):
    assert not units.is_percentile(text)
    with pytest.raises(ValueError, match="expected a percentile"):
        units.parse_percentile(text)


@given(st.integers(0, 2**53))
def test_1_1_durations_read_back_to_the_nanosecond(nanoseconds):
    seconds = nanoseconds / 10**9
    assert units.parse_duration(units.format_duration(seconds)) == units.parse_duration(f"{nanoseconds}ns") == seconds


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("0.5ns", 1e-9), ("1.5ns", 2e-9), ("2.4999ns", 2e-9), ("1ms0.5ns", 0.001000001), ("1e300h", 3.6e303)],
)
def test_1_1_finer_ones_are_rounded_half_up(written, seconds):
    assert units.parse_duration(written) == seconds


@given(NON_NEGATIVE)
def test_what_is_written_reads_back(value):
    assert units.parse_rate(units.format_rate(value)) == value
    assert units.parse_memory(units.format_memory(value)) == value
    assert units.parse_cpu(units.format_cpu(value)) == value


@given(FRACTIONS)
def test_fractions_read_back(value):
    assert units.parse_fraction(units.format_fraction(value)) == value


@given(st.integers(0, 999_999))
def test_percentiles_read_back(millionths):
    name = units.format_percentile(millionths / 1_000_000)
    assert units.parse_percentile(name) == millionths / 1_000_000


@given(st.text(max_size=30))
def test_any_text_gives_a_number_or_a_message(text):
    for parse in (units.parse_duration, units.parse_rate, units.parse_fraction, units.parse_memory, units.parse_cpu):
        try:
            value = parse(text)
        except ValueError:
            continue
        assert math.isfinite(value)
        assert value >= 0


@pytest.mark.parametrize("value", [-1.0, math.nan, math.inf])
def test_nothing_else_can_be_written(value):
    for write in (
        units.format_duration,
        units.format_rate,
        units.format_fraction,
        units.format_memory,
        units.format_cpu,
    ):
        with pytest.raises(ValueError, match="finite number"):
            write(value)
    with pytest.raises(ValueError, match="probability"):
        units.format_percentile(value)
