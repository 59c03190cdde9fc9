"""The checkout of `topologies/checkout.yaml` as somebody would write it by hand in SimPy, for this one question.

Same hops, balancers, slots, databases and outcomes; draws from `random`; nothing recorded but latencies and
outcomes. It is what the reference engine's speed is measured against.
"""

from __future__ import annotations

import random
import sys
import time
from math import log, sqrt

import simpy

Z99 = 2.3263478740408408
HOP = (log(500e-6), log(3e-3 / 500e-6) / Z99)
PSP_HOP = (log(15e-3), log(60e-3 / 15e-3) / Z99)
PSP_WORK = (log(90e-3), log(600e-3 / 90e-3) / Z99)
PACK = 50e-6


def lognormal(mean: float, cv: float) -> tuple[float, float]:
    variance = log(1 + cv * cv)
    return log(mean) - variance / 2, sqrt(variance)


CART, ORDER = lognormal(3e-3, 0.8), lognormal(8e-3, 1)
PAYMENT, INVENTORY = lognormal(12e-3, 1), lognormal(4e-3, 0.8)


class Failed(Exception):
    """A call has failed."""


class Replica:
    def __init__(self, env, cores, slots):
        self.cpu = simpy.Resource(env, cores)
        self.slots = simpy.Resource(env, slots) if slots else None
        self.unanswered = 0


class Service:
    def __init__(self, env, replicas=1, cores=1, slots=None):
        self.replicas = [Replica(env, cores, slots) for _ in range(replicas)]

    def choose(self):
        if len(self.replicas) == 1:
            return self.replicas[0]
        first, second = random.sample(self.replicas, 2)
        return second if second.unanswered < first.unanswered else first


class Checkout:
    def __init__(self, env):
        self.env = env
        self.cart = Service(env, slots=64)
        self.order = Service(env, 2, slots=64)
        self.payment = Service(env, 2, slots=64)
        self.inventory = Service(env, slots=64)
        self.cart_db, self.order_db = Service(env, cores=2), Service(env, cores=2)
        self.payment_db, self.inventory_db = Service(env, cores=2), Service(env, cores=2)
        self.psp = Service(env, cores=64)
        self.latencies, self.failures = [], 0

    def compute(self, replica, seconds):
        with replica.cpu.request() as core:
            yield core
            yield self.env.timeout(seconds)

    def call(self, caller, service, handler, hop=HOP):
        """A remote call: pack, travel, wait for a slot, unpack, work, pack, travel, unpack."""
        env = self.env
        if caller is not None:
            yield from self.compute(caller, PACK)
        replica = service.choose()
        replica.unanswered += 1
        if caller is not None:
            yield env.timeout(random.lognormvariate(*hop))
        slot = None
        try:
            if replica.slots is not None:
                if len(replica.slots.queue) >= 256:
                    raise Failed
                slot = replica.slots.request()
                yield slot
            if caller is not None:
                yield from self.compute(replica, PACK)
            yield from handler(replica)
            if caller is not None:
                yield from self.compute(replica, PACK)
        finally:
            if slot is not None:
                replica.slots.release(slot)
            replica.unanswered -= 1
        if caller is not None:
            yield env.timeout(random.lognormvariate(*hop))
            yield from self.compute(caller, PACK)

    def handle_cart(self, replica):
        yield from self.call(replica, self.cart_db, self.read)
        yield from self.compute(replica, random.lognormvariate(*CART))
        yield from self.call(replica, self.order, self.handle_order)

    def handle_order(self, replica):
        yield from self.compute(replica, random.lognormvariate(*ORDER))
        payment = self.env.process(self.branch(self.call(replica, self.payment, self.handle_payment)))
        inventory = self.env.process(self.branch(self.call(replica, self.inventory, self.handle_inventory)))
        yield payment & inventory
        if not (payment.value and inventory.value):
            raise Failed
        yield from self.call(replica, self.order_db, self.write)

    def branch(self, call):
        try:
            yield from call
        except Failed:
            return False
        return True

    def handle_payment(self, replica):
        yield from self.compute(replica, random.lognormvariate(*PAYMENT))
        asked = self.env.process(self.branch(self.call(replica, self.psp, self.handle_psp, PSP_HOP)))
        patience = self.env.timeout(2)
        yield asked | patience
        if not asked.processed or not asked.value or random.random() < 0.0007:
            raise Failed
        yield from self.call(replica, self.payment_db, self.write)
        if random.random() < 0.001:
            raise Failed

    def handle_psp(self, replica):
        yield self.env.timeout(random.lognormvariate(*PSP_WORK))

    def handle_inventory(self, replica):
        yield from self.compute(replica, random.lognormvariate(*INVENTORY))
        yield from self.call(replica, self.inventory_db, self.reserve)

    def read(self, replica):
        yield from self.compute(replica, random.expovariate(2000))

    def write(self, replica):
        yield from self.compute(replica, random.expovariate(1000))
        yield self.env.timeout(2e-3)

    def reserve(self, replica):
        yield from self.compute(replica, random.expovariate(1 / 1.5e-3))
        yield self.env.timeout(2e-3)

    def request(self):
        arrival = self.env.now
        try:
            yield from self.call(None, self.cart, self.handle_cart)
        except Failed:
            self.failures += 1
        else:
            self.latencies.append(self.env.now - arrival)

    def shoppers(self, rate):
        while True:
            yield self.env.timeout(random.expovariate(rate))
            self.env.process(self.request())


def run(duration_s: float = 300.0, rate: float = 100.0, seed: int = 1) -> tuple[int, float, float]:
    """Requests that ended, their mean latency in seconds, and the CPU seconds it took."""
    random.seed(seed)
    begun = time.process_time()
    env = simpy.Environment()
    checkout = Checkout(env)
    env.process(checkout.shoppers(rate))
    env.run(until=duration_s)
    elapsed = time.process_time() - begun
    done = len(checkout.latencies)
    return done + checkout.failures, sum(checkout.latencies) / done, elapsed


if __name__ == "__main__":
    requests, mean_s, elapsed_s = run(float(sys.argv[1]) if len(sys.argv) > 1 else 300.0)
    print(f"{requests} requests, mean latency {mean_s * 1e3:.2f} ms, {requests / elapsed_s:.0f} requests/s")
