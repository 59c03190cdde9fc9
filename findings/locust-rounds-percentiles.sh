#!/usr/bin/env bash
# Locust 2.47.0: percentiles are of rounded response times, so that a p99 may lie below the minimum.
#
# Guess: percentiles of response times are as exact as their mean: of a hundred requests of 1,049 ms each, every
# percentile is 1,049 ms.
# Seen: p50 and p99 are 1,000 ms, though mean, minimum and maximum are 1,049 ms. Below 100 ms times are rounded to whole
# ms, above to two digits: 104.9 ms is 100, 1,051 ms is 1,100, 10,499 ms is 10,000. So a percentile from 100 ms on is off
# by up to 5 %, to either side: more than what two runs are often told apart by, and a promise of p99 <= 1 s is kept by
# 1,049 ms. What is compared with such a percentile has to be rounded in the same way, or be told apart by the mean.
#
# Fails if any of these numbers is another one. Takes half a minute; needs Python 3.11 or newer and a package index.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --disable-pip-version-check locust==2.47.0
cat > "$folder/measure.py" <<'PYTHON'
import sys

from locust.env import Environment

SAID = {99.4: 99, 104.9: 100, 1049.0: 1000, 1051.0: 1100, 10499.0: 10000}

environment = Environment()
environment.create_local_runner()  # it has the requests counted
wrong = False
for time, percentile in SAID.items():
    environment.stats.clear_all()
    for _ in range(100):
        environment.events.request.fire(
            request_type="GET", name="/", response_time=time, response_length=0, exception=None, context={}
        )
    entry = environment.stats.get("/", "GET")
    p50, p99 = (entry.get_response_time_percentile(share) for share in (0.5, 0.99))
    right = (p50, p99) == (percentile, percentile) and abs(entry.avg_response_time - time) < 1e-6
    right = right and entry.min_response_time == entry.max_response_time == time
    wrong |= not right
    print(f"100 requests of {time:g} ms: mean {entry.avg_response_time:g}, minimum {entry.min_response_time:g}, "
          f"p50 {p50:g}, p99 {p99:g}: {'as said' if right else 'NOT as said'}")
sys.exit(wrong)
PYTHON
"$folder/env/bin/locust" --version
"$folder/env/bin/python" "$folder/measure.py"
