"""Topologies in which all times are multiples of 1/512 s, so that much happens at one instant.

`4t` is four ticks of 1/512 s, a `replay` is a list of them. The statistics are cut at every second tick.
An even rate of 64/s is an arrival every eight ticks.
"""

from __future__ import annotations

import re
from typing import Any

import yaml
from twins import Case, ticks

FRAME = {"duration": "400t", "warmup": "7t", "drain": "100t"}
TOPOLOGIES = {
    "cores, exactly full": """
services:
  a: {resources: {cpu: 2}, steps: [{cpu: 4t}, {call: b}, {cpu: 4t}]}
  b: {steps: [{cpu: 4t}]}
workload:
  one: {call: a, rate: 64/s, arrivals: even}
  two: {call: a, rate: 64/s, arrivals: even}
""",
    "a queue that grows": """
services:
  a: {steps: [{cpu: 2t}, {cpu: 0s}, {cpu: 4t}]}
workload:
  w: {call: a, rate: 128/s, arrivals: even}
""",
    "shared cores": """
services:
  a: {scheduling: PS, resources: {cpu: 2}, steps: [{cpu: 6t}, {parallel: [{cpu: 4t}, {cpu: 4t}, {call: b}]}]}
  b: {scheduling: PS, steps: [{cpu: 2t}, {cpu: 0s}, {cpu: 2t, times: 2}]}
workload:
  w: {call: a, rate: 64/s, arrivals: even}
  bursts: {call: b, replay: [0, 0, 0, 0, 64, 64, 66, 68, 70, 70, 200, 200, 200, 399]}
""",
    "pools that wait for each other": """
services:
  a:
    replicas: 2
    concurrency: 2
    endpoints:
      x: {steps: [{cpu: 1t}, {choose: [{steps: [{call: c}]}, {steps: [{parallel: [{call: b.y}, {cpu: 1t}]}]}]}]}
      y: {steps: [{sleep: 1t}]}
  c: {steps: [{cpu: 0s}, {call: b.y}]}
  b:
    concurrency: 3
    endpoints:
      x: {steps: [{cpu: 1t}, {choose: [{steps: [{call: a.y}], weight: 2}, {steps: [{call: a.y, timeout: 600t}]}]}]}
      y: {steps: [{sleep: 8t}]}
workload:
  w: {call: a.x, rate: 256/s, arrivals: even}
  v: {call: b.x, rate: 256/s, arrivals: even}
""",
    "lost sends and stuck breakers": """
network: {links: [{from: a, to: b, loss: 20%}, {from: a, to: m, loss: 20%}]}
services:
  a:
    replicas: 2
    steps:
      - {send: m}
      - call: b
        circuitBreaker: {slidingWindowSize: 2, minimumNumberOfCalls: 2, waitDurationInOpenState: 4t,
                         permittedNumberOfCallsInHalfOpenState: 3}
        fallback: {steps: []}
  b: {replicas: 3, errorRate: 40%, steps: [{sleep: 2t}]}
  m: {concurrency: 1, queue: {capacity: 0}, steps: [{sleep: 3t}]}
workload:
  w: {call: a, rate: 256/s, arrivals: even}
""",
    "what outlives its request": """
network: {latency: 1t}
services:
  a: {steps: [{send: b}, {send: c}, {cpu: 1t}, {call: b, timeout: 4t, fallback: {steps: []}}]}
  b:
    concurrency: 1
    queue: {capacity: 2}
    failures: {mtbf: {dist: constant, value: 29t}, mttr: {dist: constant, value: 3t}}
    steps: [{sleep: 7t}, {send: c}]
  c: {steps: [{sleep: 5t}, {send: d}]}
  d: {steps: [{cpu: 2t}]}
workload:
  w: {call: a, rate: 128/s, arrivals: even}
""",
    "slots, first come": """
services:
  a: {concurrency: 4, steps: [{cpu: 1t}, {call: b}, {cpu: 1t}]}
  b: {concurrency: 2, queue: {capacity: 2}, steps: [{sleep: 8t}]}
workload:
  w: {call: a, rate: 128/s, arrivals: even}
  v: {call: b, rate: 64/s, arrivals: even}
""",
    "slots, last come": """
network: {latency: 1t}
services:
  a: {concurrency: 3, queue: {discipline: LIFO}, steps: [{cpu: 1t}, {call: b}, {call: b}]}
  b: {concurrency: 2, queue: {capacity: 3, discipline: LIFO}, steps: [{sleep: 4t}]}
workload:
  w: {call: a, rate: 128/s, arrivals: even}
  v: {call: b, rate: 128/s, arrivals: even}
""",
    "timeouts against answers": """
network: {latency: 1t}
services:
  a: {steps: [{call: b, timeout: 8t}, {cpu: 1t}, {parallel: [{call: b, timeout: 9t}, {call: b, timeout: 15t}]}]}
  b: {steps: [{choose: [{steps: [{cpu: 6t}]}, {steps: [{sleep: 6t}]}, {steps: [{sleep: 7t}]}]}]}
workload:
  w: {call: a, rate: 64/s, arrivals: even}
  v: {call: a, rate: 16/s, arrivals: even}
""",
    "timeouts of what is queued, rejected, lost and broken": """
network:
  latency: 2t
  links: [{from: a, to: b, latency: 2t, loss: 10%, errorRate: 20%}]
services:
  a: {replicas: 2, steps: [{call: b, timeout: 4t}, {call: b, timeout: 8t}, {call: b, timeout: 6t}]}
  b: {concurrency: 1, queue: {capacity: 1}, errorRate: 10%, steps: [{cpu: 4t}]}
workload:
  w: {call: a, rate: 128/s, arrivals: even}
""",
    "no time at all": """
services:
  a: {replicas: 2, concurrency: 1, steps: [{parallel: [{call: b}, {call: c}, {cpu: 0s}]}, {send: c}, {call: b}]}
  b: {concurrency: 1, queue: {capacity: 1}, steps: [{cpu: 0s}, {call: c}]}
  c: {steps: []}
workload:
  w: {call: a, rate: 256/s, arrivals: even}
  v: {call: a, rate: 128/s, arrivals: even}
  u: {calls: [{call: b}, {call: c}], replay: [0, 0, 0, 8, 8, 8, 8, 8, 16, 400, 400]}
""",
    "branches that end together": """
network: {latency: 1t}
services:
  a:
    resources: {cpu: 2}
    steps:
      - parallel:
          - {cpu: 4t}
          - {sleep: 4t}
          - {steps: [{cpu: 2t, times: 2}]}
          - {call: b}
          - {parallel: [{sleep: 4t}, {steps: [{call: b, times: 2}]}, {steps: []}]}
      - {parallel: [{call: c}, {call: b}, {call: c}], times: 2}
  b: {replicas: 2, errorRate: 10%, steps: [{sleep: 2t}]}
  c: {replicas: 2, loadBalancer: ROUND_ROBIN, errorRate: 10%, steps: [{cpu: 2t}]}
workload:
  w: {call: a, rate: 64/s, arrivals: even}
  v: {call: a, replay: [0, 1, 2, 3, 64, 64, 65, 65]}
""",
    "branches that fail one after the other": """
services:
  a:
    errorRate: 20%
    steps:
      - {parallel: [{steps: [{sleep: 2t}, {call: b.quick}]}, {call: b.slow}, {call: c},
          {steps: [{sleep: 4t}, {call: b.quick}]}]}
      - {send: c}
      - {call: c}
  b: {errorRate: 30%, endpoints: {quick: {steps: []}, slow: {steps: [{sleep: 4t}]}}}
  c: {errorRate: 30%, steps: [{sleep: 1t}]}
workload:
  w: {call: a, rate: 64/s, arrivals: even}
  v: {call: a, rate: 128/s, arrivals: even}
""",
    "packing and unpacking": """
network: {latency: 1t, serialization: 1t, links: [{from: a, to: b, errorRate: 20%}]}
services:
  a:
    concurrency: 3
    resources: {cpu: 2}
    steps: [{call: b, timeout: 30t}, {send: b}, {parallel: [{call: c}, {send: c}]}]
  b: {concurrency: 2, queue: {capacity: 2}, steps: [{cpu: 1t}, {call: c, timeout: 4t}]}
  c: {speed: 2, steps: [{cpu: 2t}]}
workload:
  w: {call: a, rate: 64/s, arrivals: even}
""",
    "an answer is unpacked while a step ends": """
network: {latency: 1t, serialization: 1t}
services:
  a: {resources: {cpu: 4}, steps: [{parallel: [{call: c}, {cpu: 6t}, {call: c}, {cpu: 7t}]}, {cpu: 1t}]}
  c: {resources: {cpu: 4}, steps: []}
workload:
  w: {call: a, rate: 16/s, arrivals: even}
  v: {call: a, rate: 16/s, arrivals: even}
""",
    "patience ends while the answer is on its way": """
network: {latency: 4t, serialization: 1t}
services:
  a:
    replicas: 2
    resources: {cpu: 2}
    steps: [{cpu: 1t}, {parallel: [{call: b, timeout: 12t}, {call: b, timeout: 11t}]}]
  b: {resources: {cpu: 4}, steps: [{choose: [{steps: [{sleep: 1t}]}, {steps: [{sleep: 3t}]}]}]}
workload:
  w: {call: a, rate: 64/s, arrivals: even}
  v: {call: a, rate: 128/s, arrivals: even}
""",
    "patience ends while others arrive": """
network: {links: [{from: v, to: a, latency: 4t}, {from: v, to: x, latency: 4t}]}
services:
  a: {concurrency: 1, queue: {capacity: 0}, steps: [{call: b, timeout: 8t}]}
  b: {steps: [{choose: [{steps: [{sleep: 12t}]}, {steps: [{sleep: 4t}]}, {steps: [{sleep: 8t}]}]}]}
  x: {concurrency: 1, queue: {capacity: 1}, steps: [{call: b, timeout: 4t}]}
workload:
  w: {calls: [{call: a}, {call: x}], rate: 128/s, arrivals: even}
  v: {calls: [{call: a}, {call: x}], rate: 128/s, arrivals: even}
""",
    "slots granted while others arrive": """
network: {links: [{from: v, to: y, latency: 4t}]}
services:
  x: {concurrency: 1, queue: {capacity: 4}, steps: [{call: c}, {sleep: 4t}]}
  y: {steps: [{call: c}, {send: d}]}
  c: {replicas: 3, loadBalancer: ROUND_ROBIN, errorRate: 10%, steps: [{sleep: 2t}, {send: d}]}
  d: {replicas: 3, steps: [{cpu: 4t}]}
workload:
  v: {call: y, rate: 256/s, arrivals: even}
  w: {call: x, rate: 128/s, arrivals: even}
""",
    "shared cores whose jobs end together": """
services:
  a:
    scheduling: PS
    resources: {cpu: 16}
    steps:
      - {choose: [{steps: [{cpu: 2t}]}, {steps: [{cpu: 4t}]}, {steps: [{cpu: 6t}]}]}
      - {call: c}
      - {parallel: [{call: b}, {call: b}, {call: b}, {steps: [{sleep: 2t}, {cpu: 2t}, {call: c}]},
          {steps: [{cpu: 4t}, {call: c}, {sleep: 2t}]}, {steps: [{cpu: 2t}, {cpu: 2t}, {call: c}]}]}
  b:
    scheduling: PS
    resources: {cpu: 16}
    steps:
      - {choose: [{steps: [{cpu: 4t}]}, {steps: [{sleep: 2t}, {cpu: 2t}]}, {steps: [{cpu: 2t}, {cpu: 2t}]}]}
      - {call: c}
  c: {replicas: 5, loadBalancer: ROUND_ROBIN, steps: [{cpu: 1t}]}
workload:
  w: {call: a, rate: 64/s, arrivals: even}
  v: {call: a, rate: 64/s, arrivals: even}
""",
    "users in step": """
services:
  a: {replicas: 3, loadBalancer: {choiceCount: all}, steps: [{cpu: 2t}, {call: b, probability: 0.5}]}
  b: {replicas: 3, loadBalancer: CONSISTENT_HASH, concurrency: 1, steps: [{sleep: 2t}]}
workload:
  eager: {call: a, users: 4}
  slow: {call: a, users: 6, thinkTime: 4t}
  other: {calls: [{call: a}, {call: b}], users: 5, thinkTime: 2t}
""",
    "replicas that tie": """
network: {latency: 1t}
services:
  a: {replicas: 4, loadBalancer: {choiceCount: all}, steps: [{call: b, timeout: 5t}, {send: c}]}
  b: {replicas: 4, loadBalancer: {choiceCount: 3}, steps: [{cpu: 4t}]}
  d: {replicas: 4, loadBalancer: {choiceCount: 3, choice: distinct}, steps: [{cpu: 7t}]}
  c: {replicas: 3, steps: [{cpu: 2t}]}
workload:
  w: {call: a, rate: 256/s, arrivals: even}
  v: {call: b, rate: 128/s, arrivals: even}
  x: {call: d, rate: 256/s, arrivals: even}
""",
    "stages": """
services:
  a: {concurrency: 2, queue: {capacity: 4}, steps: [{cpu: 2t}, {send: b}, {sleep: 2t}]}
  b: {steps: [{cpu: 4t}]}
workload:
  w: {call: a, arrivals: even, startRate: 128/s, stages: [{target: 128/s, duration: 64t}, {target: 0/s, duration: 0s},
      {target: 0/s, duration: 64t}, {target: 256/s, duration: 0s}, {target: 256/s, duration: 64t},
      {target: 0/s, duration: 256t}]}
  v: {call: b, rate: 64/s, arrivals: even}
  x: {call: b, arrivals: even, stages: [{target: 64/s, duration: 128t}, {target: 0/s, duration: 128t}]}
""",
    "ends at the end": """
simulation: {duration: 200t, warmup: 0s, drain: 8t}
services:
  a: {resources: {cpu: 8}, steps: [{cpu: 8t}]}
  b: {steps: [{sleep: 16t}]}
workload:
  w: {call: a, rate: 512/s, arrivals: even}
  v: {call: b, replay: [183, 184, 190, 191, 192, 192, 199, 199]}
""",
    "tries that wait, time out and fail together": """
network: {latency: 1t}
policies:
  p:
    timeout: 24t
    retries: {attempts: 2, perTryTimeout: 8t, backoff: 4t, jitter: none}
    bulkhead: {maxConcurrentCalls: 2, maxWaitDuration: 8t}
    circuitBreaker: {slidingWindowSize: 8, minimumNumberOfCalls: 6, failureRateThreshold: 80,
                     waitDurationInOpenState: 8t, slowCallDurationThreshold: 6t, slowCallRateThreshold: 90,
                     permittedNumberOfCallsInHalfOpenState: 2}
services:
  a:
    replicas: 2
    steps:
      - parallel:
          - {call: b, policy: p}
          - {call: b, policy: p, timeout: 12t, fallback: {steps: [{cpu: 1t}, {call: c}]}}
          - {call: b, policy: p}
          - {call: b, policy: p, timeout: 4t, fallback: {steps: [{cpu: 1t}]}}
      - {call: c, retries: {backoff: 0s}, retryBudget: {minRetryConcurrency: 1}, fallback: {steps: []}}
  b: {concurrency: 3, queue: {capacity: 1}, errorRate: 20%, steps: [{cpu: 2t}]}
  c: {errorRate: 50%, steps: [{sleep: 2t}]}
workload:
  w: {call: a, rate: 64/s, arrivals: even, policy: p}
  v: {call: a, replay: [0, 0, 5, 5, 6, 6, 64, 64, 69, 69, 70, 70]}
""",
    "breakers and budgets": """
policies:
  p:
    retries: {attempts: 2, backoff: 2t, jitter: none}
    retryBudget: {percent: 50, minRetryConcurrency: 1}
    circuitBreaker: {slidingWindowType: TIME_BASED, slidingWindowSize: 1, minimumNumberOfCalls: 4,
                     failureRateThreshold: 50, waitDurationInOpenState: 16t, maxWaitDurationInHalfOpenState: 4t,
                     permittedNumberOfCallsInHalfOpenState: 2}
    fallback: {steps: [{call: c}]}
services:
  a: {steps: [{call: b, policy: p}, {call: b, policy: p, times: 2}]}
  b: {errorRate: 40%, replicas: 2, steps: [{cpu: 2t}]}
  c: {steps: [{cpu: 1t}]}
workload:
  w: {call: a, rate: 128/s, arrivals: even}
  v: {call: a, rate: 64/s, arrivals: even}
""",
    "deaths among tries": """
network: {latency: 1t}
policies:
  p:
    timeout: 24t
    retries: {attempts: 3, perTryTimeout: 12t, backoff: 2t, jitter: none}
    retryBudget: {percent: 50, minRetryConcurrency: 1}
    bulkhead: {maxConcurrentCalls: 2, maxWaitDuration: 8t}
    circuitBreaker: {slidingWindowSize: 4, minimumNumberOfCalls: 4, waitDurationInOpenState: 8t,
                     permittedNumberOfCallsInHalfOpenState: 1}
services:
  a:
    replicas: 2
    startup: 2t
    failures: {mtbf: {dist: constant, value: 46t}, mttr: {dist: constant, value: 4t}}
    steps:
      - {cpu: 1t}
      - parallel: [{call: b, policy: p}, {call: b, policy: p, times: 2}, {cpu: 6t, times: 2}, {send: c}, {call: c}]
      - {call: c, times: 2, fallback: {steps: [{cpu: 1t}]}}
  b:
    replicas: 3
    loadBalancer: {choiceCount: all}
    concurrency: 2
    queue: {capacity: 2}
    startup: {dist: uniform, min: 1t, max: 9t}
    healthCheck: 3t
    failures: {mtbf: {dist: exponential, mean: 30t}, mttr: {dist: constant, value: 6t}}
    steps: [{cpu: 2t}, {call: d}]
  c: {scheduling: PS, startup: 1t, healthCheck: 4t, steps: [{cpu: 4t}, {sleep: 2t}]}
  d: {replicas: 2, concurrency: 2, steps: [{sleep: 3t}, {parallel: [{cpu: 1t}, {cpu: 2t}]}]}
workload:
  w: {call: a, rate: 128/s, arrivals: even}
  v: {call: a, replay: [0, 0, 5, 5, 6, 6, 64, 64, 69, 69, 70, 70, 120, 120, 121]}
faults:
  - {at: 20t, for: 4t, target: c, kill: {}}
  - {at: 24t, target: c, kill: {}}
  - {at: 30t, for: 2t, target: c, kill: {}}
  - {at: 64t, for: 8t, target: b, kill: {replicas: 2}}
  - {at: 64t, for: 8t, target: a, kill: {replicas: 1}}
  - {at: 70t, for: 6t, target: a, kill: {}}
  - {at: 120t, target: d, kill: {}}
  - {at: 128t, for: 16t, target: d, kill: {replicas: 1}}
  - {at: 200t, target: a, kill: {}}
  - {at: 320t, for: 80t, target: c, kill: {}}
""",
    "pauses": """
services:
  a:
    resources: {cpu: 2}
    startup: 3t
    steps: [{cpu: 4t}, {parallel: [{call: b}, {sleep: 5t}, {sleep: 8t}, {cpu: 1t}]}, {cpu: 0s}]
  b: {replicas: 2, scheduling: PS, steps: [{cpu: 4t}, {sleep: 1t}, {cpu: 1t}]}
workload:
  w: {call: a, rate: 64/s, arrivals: even}
  v: {call: a, replay: [16, 16, 17, 18, 20, 64, 64, 66, 100, 102, 102]}
faults:
  - {at: 18t, for: 6t, target: a, pause: {}}
  - {at: 22t, for: 8t, target: a, pause: {}}
  - {at: 64t, for: 4t, target: a, pause: {}}
  - {at: 64t, for: 4t, target: b, pause: {replicas: 1}}
  - {at: 66t, for: 8t, target: b, pause: {}}
  - {at: 100t, for: 40t, target: a, pause: {}}
  - {at: 100t, for: 40t, target: b, pause: {}}
  - {at: 110t, for: 10t, target: a, kill: {}}
  - {at: 112t, for: 40t, target: a, pause: {}}
  - {at: 110t, target: b, kill: {replicas: 1}}
  - {at: 130t, for: 8t, target: b, pause: {}}
  - {at: 200t, for: 0s, target: a, pause: {}}
  - {at: 398t, for: 10t, target: a, pause: {}}
""",
    "slow steps and a bad network": """
network: {latency: 1t, serialization: 1t}
services:
  a: {replicas: 2, steps: [{cpu: 2t}, {call: b, timeout: 16t, retries: {backoff: 1t, jitter: none}}, {send: b}]}
  b: {replicas: 2, loadBalancer: ROUND_ROBIN, steps: [{cpu: 2t}, {sleep: 3t}, {call: c, timeout: 9t}]}
  c: {steps: [{cpu: 1t}]}
workload:
  w: {call: a, rate: 64/s, arrivals: even}
  v: {call: b, rate: 32/s, arrivals: even}
faults:
  - {at: 16t, for: 32t, target: b, slow: {factor: 2, replicas: 1}}
  - {at: 32t, for: 32t, target: b, slow: {factor: 4}}
  - {at: 40t, for: 24t, target: a, slow: {factor: 0.5}}
  - {at: 80t, for: 40t, target: b, abort: {percentage: 40, replicas: 1}}
  - {at: 100t, for: 40t, from: a, target: b, abort: {percentage: 60}}
  - {at: 140t, for: 40t, target: b, delay: {percentage: 50, fixedDelay: 4t}}
  - {at: 150t, for: 40t, from: v, target: b, delay: {fixedDelay: 3t}}
  - {at: 150t, for: 20t, target: b, delay: {fixedDelay: 1t}}
  - {at: 200t, for: 16t, from: b, target: c, partition: {}}
  - {at: 240t, for: 8t, target: b, partition: {}}
  - {at: 242t, for: 8t, target: b, abort: {percentage: 50}}
  - {at: 300t, for: 0s, target: b, slow: {factor: 100}}
""",
    "deadlines that pass when a step would begin": """
services:
  a: {steps: [{call: b, timeout: 4t, deadline: propagate}]}
  b: {concurrency: 2, queue: {capacity: 4}, steps: [{cpu: 2t}, {sleep: 2t}, {cpu: 1t}, {call: c}]}
  c: {steps: [{cpu: 1t}]}
workload:
  w: {call: a, rate: 128/s, arrivals: even}
""",
    "no drain": """
simulation: {duration: 200t, warmup: 100t, drain: 0s}
services:
  a: {steps: [{cpu: 2t}, {call: b}]}
  b: {resources: {cpu: 2}, scheduling: PS, steps: [{cpu: 4t}]}
workload:
  w: {call: a, rate: 128/s, arrivals: even}
""",
}


def lattice_case(name: str, deployment: str = "microservices") -> Case:
    """A case of the table."""
    return Case(_exact({"simulation": FRAME} | yaml.safe_load(TOPOLOGIES[name])), deployment)


def _exact(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _exact(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return tuple(tick / 512 for tick in value) if key == "replay" else [_exact(item) for item in value]
    return ticks(int(value[:-1])) if isinstance(value, str) and re.fullmatch(r"\d+t", value) else value
