import pytest


def warnings(plan_of, tmp_path, times):
    (tmp_path / "times.csv").write_text("arrival_s\n" + "\n".join(map(str, times)))
    return plan_of(f"""
    simulation: {{duration: 60s}}
    services: {{a: {{steps: [{{cpu: 1ms}}]}}}}
    workload: {{call: a, replay: {tmp_path / "times.csv"}}}
    """).warnings


@pytest.mark.parametrize(
    ("times", "late", "looks"),
    [
        ([20 * row for row in range(1000)], "997 of the 1,000", "; these look like milliseconds: divide them by 1000"),
        ([1.7e9 + row for row in range(10)], "10 of the 10", "; these look like seconds since 1970"),
        ([1.7e12 + row for row in range(10)], "10 of the 10", "; these look like milliseconds since 1970"),
        ([0.5, 59.9, 60], "1 of the 3", "start of the run"),
    ],
)
def test_rows_that_never_arrive(plan_of, tmp_path, times, late, looks):
    (said,) = warnings(plan_of, tmp_path, times)
    assert f"workload: {late} rows of its replay lie at the horizon (1m) or after it and never arrive" in said
    assert looks in said


def test_all_rows_are_used(plan_of, tmp_path):
    assert warnings(plan_of, tmp_path, [0, 1, 59.999]) == ()
