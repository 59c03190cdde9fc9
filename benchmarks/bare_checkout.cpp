// The checkout of bare_checkout.yaml as somebody would write it by hand in C++, for this one question.
//
//     g++ -O3 -march=native -std=c++17 bare_checkout.cpp -o bare_checkout
//     ./bare_checkout 1000000 1          requests, seed
//
// One event for each arrival, message and completion: eleven a request. It records the latency of every request, and
// integrates busy cores and waiting requests exactly; one line of JSON says what came of it.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

constexpr double RATE = 100.0;
constexpr double HOP_S = 500e-6;

// xoshiro256++ (Blackman and Vigna, 2019), seeded by splitmix64: faster than the Mersenne Twister, and as good here.
class Random {
  public:
    explicit Random(uint64_t seed) {
        for (uint64_t& word : state) {
            uint64_t z = seed += 0x9e3779b97f4a7c15;
            z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
            z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
            word = z ^ (z >> 31);
        }
    }

    double exponential(double mean) {
        const double u = (static_cast<double>(next() >> 12) + 0.5) * 0x1p-52;  // never 0
        return -mean * std::log(u);
    }

  private:
    uint64_t state[4];

    static uint64_t rotated(uint64_t x, int by) { return (x << by) | (x >> (64 - by)); }

    uint64_t next() {
        const uint64_t result = rotated(state[0] + state[3], 23) + state[0];
        const uint64_t t = state[1] << 17;
        state[2] ^= state[0];
        state[3] ^= state[1];
        state[1] ^= state[2];
        state[0] ^= state[3];
        state[2] ^= t;
        state[3] = rotated(state[3], 45);
        return result;
    }
};

enum Place : uint32_t { CART, ORDER, PAYMENT, INVENTORY, PLACES };

enum Kind : uint32_t { ARRIVAL, CALL, DONE, ANSWER };

struct Event {
    double time;
    uint32_t request;
    uint16_t kind;
    uint16_t place;
};

// A binary heap. `pop` moves the hole to the bottom first and lifts the last event from there: it belongs down there
// almost always, so that one comparison a level is enough. With so few events pending, the standard library's heap
// is slower by a fifth.
class Heap {
  public:
    void push(Event event) {
        size_t at = events.size();
        events.push_back(event);
        lift(at, event);
    }

    Event pop() {
        const Event first = events.front();
        const Event last = events.back();
        events.pop_back();
        const size_t size = events.size();
        if (size > 0) {
            size_t at = 0;
            for (size_t child = 1; child < size; child = 2 * at + 1) {
                child += child + 1 < size && events[child + 1].time < events[child].time;
                events[at] = events[child];
                at = child;
            }
            lift(at, last);
        }
        return first;
    }

    bool empty() const { return events.empty(); }

  private:
    std::vector<Event> events;

    void lift(size_t at, Event event) {
        while (at > 0 && event.time < events[(at - 1) / 2].time) {
            events[at] = events[(at - 1) / 2];
            at = (at - 1) / 2;
        }
        events[at] = event;
    }
};

// Numbers first in, first out; it doubles when it is full.
class Ring {
  public:
    bool empty() const { return first == last; }

    uint32_t size() const { return last - first; }

    void push(uint32_t number) {
        if (size() == numbers.size()) grow();
        numbers[last++ & (numbers.size() - 1)] = number;
    }

    uint32_t pop() { return numbers[first++ & (numbers.size() - 1)]; }

  private:
    std::vector<uint32_t> numbers = std::vector<uint32_t>(64);
    uint32_t first = 0, last = 0;

    void grow() {
        std::vector<uint32_t> larger(2 * numbers.size());
        const uint32_t held = size();
        for (uint32_t i = 0; i < held; i++) larger[i] = pop();
        numbers = std::move(larger);
        first = 0;
        last = held;
    }
};

struct Station {
    const char* name;
    double mean_s;
    uint32_t cores;
    uint32_t busy = 0;
    Ring queue{};
    double since = 0.0, busy_area = 0.0, waiting_area = 0.0;

    void integrate(double now) {
        busy_area += busy * (now - since);
        waiting_area += queue.size() * (now - since);
        since = now;
    }
};

struct Request {
    double arrival;
    uint32_t branches;
};

class Checkout {
  public:
    Checkout(uint32_t requests, uint64_t seed) : random(seed), to_come(requests) {
        latencies.reserve(requests);
        stations[CART] = {"cart", 6e-3, 1};
        stations[ORDER] = {"order", 6.5e-3, 1};
        stations[PAYMENT] = {"payment", 13e-3, 2};
        stations[INVENTORY] = {"inventory", 6e-3, 1};
    }

    void run() {
        schedule(random.exponential(1.0 / RATE), 0, ARRIVAL, CART);
        while (!heap.empty()) {
            const Event event = heap.pop();
            now = event.time;
            events++;
            switch (event.kind) {
                case ARRIVAL: arrive(); break;
                case CALL: join(event.request, event.place); break;
                case DONE: leave(event.request, event.place); break;
                case ANSWER: answered(event.request, event.place); break;
            }
        }
        for (Station& station : stations) station.integrate(now);
    }

    double now = 0.0;
    uint64_t events = 0;
    std::vector<double> latencies;
    Station stations[PLACES];

  private:
    Random random;
    uint32_t to_come;
    Heap heap;
    std::vector<Request> in_flight;  // by slot
    std::vector<uint32_t> free_slots;

    void schedule(double time, uint32_t request, Kind kind, uint32_t place) {
        heap.push({time, request, static_cast<uint16_t>(kind), static_cast<uint16_t>(place)});
    }

    void send(uint32_t request, Kind kind, uint32_t place) {
        schedule(now + random.exponential(HOP_S), request, kind, place);
    }

    void arrive() {
        if (--to_come > 0) schedule(now + random.exponential(1.0 / RATE), 0, ARRIVAL, CART);
        uint32_t request;
        if (free_slots.empty()) {
            request = static_cast<uint32_t>(in_flight.size());
            in_flight.emplace_back();
        } else {
            request = free_slots.back();
            free_slots.pop_back();
        }
        in_flight[request] = {now, 0};
        join(request, CART);
    }

    void join(uint32_t request, uint32_t place) {
        Station& station = stations[place];
        station.integrate(now);
        if (station.busy < station.cores) {
            station.busy++;
            schedule(now + random.exponential(station.mean_s), request, DONE, place);
        } else {
            station.queue.push(request);
        }
    }

    void leave(uint32_t request, uint32_t place) {
        Station& station = stations[place];
        station.integrate(now);
        if (station.queue.empty()) {
            station.busy--;
        } else {
            schedule(now + random.exponential(station.mean_s), station.queue.pop(), DONE, place);
        }
        if (place == CART) {
            send(request, CALL, ORDER);
        } else if (place == ORDER) {
            in_flight[request].branches = 2;
            send(request, CALL, PAYMENT);
            send(request, CALL, INVENTORY);
        } else {
            send(request, ANSWER, place);
        }
    }

    // An answer is back: that of order ends the request, the later one of the other two lets order answer.
    void answered(uint32_t request, uint32_t place) {
        if (place == ORDER) {
            latencies.push_back(now - in_flight[request].arrival);
            free_slots.push_back(request);
        } else if (--in_flight[request].branches == 0) {
            send(request, ANSWER, ORDER);
        }
    }
};

int main(int count, char** words) {
    const long requests = count > 1 ? std::atol(words[1]) : 1000000;
    const long seed = count > 2 ? std::atol(words[2]) : 1;
    if (requests < 1 || requests > 1000000000) {
        std::fprintf(stderr, "usage: bare_checkout [REQUESTS, 1 to 1000000000] [SEED]\n");
        return 2;
    }
    Checkout checkout(static_cast<uint32_t>(requests), static_cast<uint64_t>(seed));
    const auto begun = std::chrono::steady_clock::now();
    checkout.run();
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begun;

    std::vector<double>& latencies = checkout.latencies;
    double sum = 0.0;
    for (const double latency : latencies) sum += latency;
    const auto p99 = latencies.begin() + static_cast<long>(0.99 * static_cast<double>(latencies.size() - 1));
    std::nth_element(latencies.begin(), p99, latencies.end());
    std::printf("{\"requests\": %zu, \"events\": %llu, \"wall_s\": %.6f, \"latency_mean_s\": %.9f, \"latency_p99_s\": %.9f",
                latencies.size(), static_cast<unsigned long long>(checkout.events), wall.count(),
                sum / static_cast<double>(latencies.size()), *p99);
    for (const Station& station : checkout.stations) {
        std::printf(", \"%s\": {\"utilisation\": %.6f, \"waiting\": %.6f}", station.name,
                    station.busy_area / (station.cores * checkout.now), station.waiting_area / checkout.now);
    }
    std::printf("}\n");
    return 0;
}
