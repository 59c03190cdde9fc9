"""A rate limit without a wait: what a Poisson number of tries in each period has too many of."""

from scipy.stats import poisson

RATE = 100.0
PERIOD = 0.1
LIMIT = 9


def test_share_of_rejections(simulate, judge):
    """E[max(0, N - limit)] / E[N], N Poisson with the tries of a period: the permits of each are its own."""
    text = f"""
    services: {{a: {{rateLimit: {{limitForPeriod: {LIMIT}, limitRefreshPeriod: {PERIOD}s, timeoutDuration: 0s}},
                    steps: []}}}}
    workload: {{call: a, rate: {RATE}/s}}
    """

    def law(arrival_rate, period):
        mean = arrival_rate * period
        return sum((number - LIMIT) * poisson.pmf(number, mean) for number in range(LIMIT + 1, 100)) / mean

    judge(simulate(text, duration=205, warmup=5).failed(), law, arrival_rate=RATE, period=PERIOD)
