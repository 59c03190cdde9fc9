"""One way to write numbers: digits, thousands, units that fit, and a half width in the same unit, to the same digit."""

import math

import pytest

from simulator.words import (
    MILLISECONDS,
    PERCENT,
    PLAIN,
    column,
    count,
    duration,
    ends,
    headed,
    label,
    number,
    percent,
    span,
    told,
    unit_of,
    write,
)

NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"), (-0.0, "0"), (1.0, "1"), (1.5, "1.5"), (12.3456, "12.35"), (9.99996, "10"), (-4019.0, "-4,019"),
        (12345.0, "12,345"), (123456.7, "123,457"), (2.5e9, "2,500,000,000"), (0.00123456, "0.001235"),
        (1.5e-7, "1.5e-7"), (1.5e18, "1.5e18"), (INF, "infinite"), (-INF, "-infinite"), (NAN, "-"),
    ],
)  # fmt: skip
def test_numbers_have_four_digits_that_matter_and_thousands(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("quantity", "value", "text"),
    [
        ("latency_p99_s", 5e-5, "50 µs"), ("latency_p99_s", 0.0032, "3.2 ms"), ("latency_p99_s", 0.9, "900 ms"),
        ("latency_p99_s", 4.019, "4,019 ms"), ("latency_p99_s", 42.0, "42 s"), ("latency_p99_s", 3600.0, "60 min"),
        ("latency_p99_s", 86400.0, "24 h"), ("latency_p99_s", -4.019, "-4,019 ms"), ("latency_p99_s", NAN, "-"),
        ("goodput_per_s", 97.8, "97.8/s"), ("goodput_per_s", 12000.0, "12,000/s"), ("errors_per_s", 3 / 3600, "3/h"),
        ("availability_ratio", 1.0, "100 %"), ("availability_ratio", 1.0 - 1e-16, "100 %"),
        ("availability_ratio", 0.5, "50 %"), ("availability_ratio", 0.999987, "99.9987 %"),
        ("availability_ratio", 0.9999999, "99.99999 %"), ("errorRate", 0.0, "0 %"), ("errorRate", 0.001589, "0.1589 %"),
        ("errorRate", 4e-6, "0.0004 %"), ("requests", 12345.0, "12,345"), ("cost_per_hour", 0.7825, "0.7825"),
    ],
)  # fmt: skip
def test_units_fit(quantity, value, text):
    assert told(quantity, value) == text


@pytest.mark.parametrize(
    ("quantity", "value", "half_width", "text"),
    [
        ("latency_p99_s", 0.704, 0.1827, "704.0 ± 182.7 ms"),
        ("latency_p99_s", 3600.0, 120.0, "60.00 ± 2.00 min"),
        ("latency_mean_s", 0.2, 1.271, "200 ± 1,271 ms"),  # wider than the value: to the digit of the half width
        ("latency_mean_s", 0.1234567, 1.2e-5, "123.46 ± 0.01 ms"),  # finer than four digits, but no rounding
        ("latency_mean_s", 0.0, 0.001, "0.000 ± 1.000 ms"),
        ("latency_mean_s", 0.25, NAN, "250 ms"),
        ("throughput_per_s", 97.8, 3.16, "97.80 ± 3.16/s"),
        ("availability_ratio", 0.99842, 0.00351, "99.84 ± 0.35 %"),
        ("availability_ratio", 0.99999, 5e-6, "99.9990 ± 0.0005 %"),
        ("availability_ratio", 1.0, 0.0004, "100.00 ± 0.04 %"),
        ("availability_ratio", 1.0, 3.687e-13, "100 %"),  # dust
        ("cost_per_hour", 2.0, 3.687e-11, "2"),
        ("cost_per_hour", 2.0, 0.5, "2.000 ± 0.500"),
        ("errors", 0.0, 0.0, "0"),
    ],
)
def test_a_half_width_is_in_the_unit_and_to_the_digit_of_its_value(quantity, value, half_width, text):
    assert told(quantity, value, half_width) == text


def test_both_ends_have_one_unit():
    assert span(60.0, 600.0) == "[1 min, 10 min)"
    assert span(20.0, 200.0) == "[20 s, 200 s)"
    assert span(15.0, 600.0) == "[15 s, 10 min)"
    assert span(0.0, 600.0) == "[0 min, 10 min)"
    unit = unit_of("latency_p99_s", (0.05, 12.0, NAN, INF))
    assert [write(value, unit) for value in (0.05, 12.0)] == ["0.05", "12"]
    assert unit.name == "s"


def test_both_ends_have_one_digit_and_what_is_not_all_does_not_look_like_it():
    assert ends(0.9897, 0.999982, PERCENT) == "98.9700 to 99.9982"
    assert ends(0.15, 0.35, MILLISECONDS) == "150 to 350"
    assert ends(0.004123, 0.1234, MILLISECONDS) == "4.1 to 123.4"
    assert ends(0.0, 0.00123, PERCENT) == "0.00 to 0.12"
    assert ends(0.993085029915, 0.999999999984, PERCENT) == "99.31 to below 100"
    assert ends(1e-7, 0.0123, PERCENT) == "above 0 to 1.2"
    assert ends(0.99, 1.0, PERCENT) == "99 to 100"
    assert ends(0.5, INF, MILLISECONDS) == "500 to infinite"


def test_a_column_is_to_one_digit_and_what_is_not_0_does_not_look_like_it():
    waiting, half_widths = [0.0023, 0.01358, 0.02875, 6e-8, 0.0], [0.0003, 0.00234, 0.01211, 5e-8, 0.0]
    assert column(waiting, MILLISECONDS, half_widths) == [
        "2.30 ± 0.30", "13.58 ± 2.34", "28.75 ± 12.11", "<0.01 ± 0.01", "0.00",
    ]  # fmt: skip
    assert column([2.0, 1.0]) == ["2", "1"]
    assert column([0.0, 0.0], PERCENT, [3.5e-5, 1e-5]) == ["0.0000 ± 0.0035", "0.0000 ± 0.0010"]
    assert column([2.0, 0.5, 64.0]) == ["2.0", "0.5", "64.0"]
    assert column([0.308, 0.0301, 0.591], PERCENT) == ["30.80", "3.01", "59.10"]
    assert column([NAN, INF, 12345.0]) == ["-", "infinite", "12,345"]
    assert column([-0.0, -1e-9, 1.0]) == ["0", "0", "1"]
    assert column([], PLAIN) == []


def test_counts():
    assert [count(many, "request") for many in (0, 1, 2, 12345)] == ["0 requests", "1 request", "2 requests",
                                                                    "12,345 requests"]  # fmt: skip
    assert count(7.5, "core") == "7.5 cores"
    assert count(2, "entry", "entries") == "2 entries"


def test_shares_and_times_in_sentences():
    assert (percent(0.95), duration(0.0), duration(90.0)) == ("95 %", "0 ms", "90 s")


def test_a_unit_fits_what_is_shown_and_not_the_last_bits():
    """1 ms - 2^-50 s is no thousand microseconds, nor is 10 s, shown to four digits, ten thousand milliseconds."""
    assert [told("latency_mean_s", value) for value in (0.001 - 2**-50, 0.000999, 9.99999)] == [
        "1 ms",
        "999 µs",
        "10 s",
    ]


def test_an_end_that_nobody_knows_is_no_half_width():
    assert column([0.0639, 0.07], MILLISECONDS, [INF, 0.001]) == ["63.90", "70.00 ± 1.00"]


def test_labels_have_units():
    assert label("latency_p999_s") == "latency p99.9 (ms)"
    assert label("latency_p99_s", unit=unit_of("latency_p99_s", (90.0,))) == "latency p99 (s)"
    assert label("throughput_per_s") == "throughput (/s)"
    assert label("availability_ratio") == "availability (%)"
    assert label("latency_p9999_s") == "latency p99.99 (ms)"
    assert label("requests") == "requests"
    assert label("cost_per_hour", "USD") == "cost per hour (USD)"


def test_a_column_is_headed_by_its_unit():
    assert headed("p99", "latency_p99_s", [0.25, 0.5], [0.01, math.nan]) == ["p99 (ms)", "250.0 ± 10.0", "500.0"]
    assert headed("replicas", "replicas", [2.0, 10.0]) == ["replicas", "2", "10"]


def test_a_short_time_keeps_its_digits_beside_a_long_one():
    """14.79 ms beside 10.8 s: in seconds it would be 0.01 ± 0.01."""
    values, half_widths = [0.01479, 10.82, 18.67], [0.00013, 0.67, math.nan]
    assert headed("p50", "latency_p50_s", values, half_widths) == [
        "p50 (ms)", "14.79 ± 0.13", "10,820 ± 670", "18,670",
    ]  # fmt: skip
    assert headed("p50", "latency_p50_s", [12.0, 15.0]) == ["p50 (s)", "12", "15"]
    assert headed("p50", "latency_p50_s", [0.002, 0.00002])[0] == "p50 (ms)"
    assert headed("rate", "rate_per_s", [500.0, 0.01])[0] == "rate (/s)"


def test_a_half_width_never_looks_twice_as_wide_as_it_is():
    assert column([14.79, 10820.0], PLAIN, [0.13, 670.0]) == ["14.79 ± 0.13", "10,820 ± 670"]
    assert column([14.79, 10820.0], PLAIN, [0.6, 670.0]) == ["15 ± 1", "10,820 ± 670"]
    assert column([0.01, 10820.0], PLAIN, [0.001, 670.0]) == ["<1 ± 1", "10,820 ± 670"]
