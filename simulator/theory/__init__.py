"""Closed forms of queueing theory, to judge the simulator and to size by hand.

They share nothing with the simulator but its words, so that agreement means something. They load only the
standard library.

Conventions. `arrival_rate` is requests per second; `service_time` is the MEAN service time of one visit in
seconds (constant where the name says D); `servers` is the number of cores; utilisation is `arrival_rate *
service_time / servers`; `cv` is standard deviation over mean; `time` and every time returned is in seconds.
`..._survival(time)` is the probability of more than `time`, `..._quantile(probability)` its inverse. A
parameter out of range, or a queue that would grow without end, is a ValueError. All are laws of the steady
state, and exact unless the docstring says APPROXIMATION.

One station, Poisson arrivals, served in order of arrival unless said otherwise

    erlang     `erlang_b` (lost when all are busy; any service time), `erlang_c` (has to wait; exponential)
    mmc        `mm1_...`, `mmc_...`: exponential service; means, survival and quantile of waiting and response
    mmck       `mmck_...`: the same with a limit of places (servers + queue capacity): states, blocking,
               throughput, waiting of those admitted
    abandonment  `erlang_a_...`: M/M/c+M, who has waited for an exponential patience leaves (Erlang A);
               `mm1_constant_patience_abandonment`: M/M/1+D
    mg1        `mg1_...`: any service time, one server: Pollaczek and Khinchine; LIFO; processor sharing (PS)
    md1        `md1_...`: constant service, with the distribution of the waiting time;
               `mdc_mean_waiting_time`: many servers
    mgc        `mgc_ps_...`: any service time, c servers shared; `mginf_...`: unlimited servers, and so
               M/M/infinity; `mgc_mean_waiting_time_...`: FIFO, APPROXIMATIONS (Allen and Cunneen; Kimura)
    sizing     `servers_for_...`: the smallest number of servers of M/M/c that meets an objective

Many stations, product form: exponential at FIFO stations, any service time at PS stations and pure delays, no
limits, no parallel calls

    open_networks     `jackson_network` (by routing), `visits_network` (by visits), `tandem_network`,
                      `traffic_rates`
    closed_networks   `closed_network` (users who think; the law of exact MVA, many servers and delays too),
                      `asymptotic_bounds` (no product form needed), `balanced_job_bounds` (single servers)

Parallel calls

    forkjoin   `fork_join_mean_response_time` (two calls, each to its M/M/1), `..._nelson_tantawi` (up to 32,
               APPROXIMATION), `mean_maximum_exponential`, `maximum_exponential_quantile` (no queueing)

Growth

    scalability   `usl_capacity`, `usl_peak_size`: throughput against size, by the Universal Scalability Law;
                  `amdahl_speedup`

How long to simulate

    run_length   `mm1_run_length`: the run that gives an interval of the width wanted

Any system at all

    laws       Little, utilisation, forced flow, service demand, `bottleneck`, `saturation_rate`,
               `saturation_population`
"""

from .abandonment import (
    erlang_a_abandonment,
    erlang_a_mean_waiting_time,
    erlang_a_state_probabilities,
    erlang_a_utilisation,
    mm1_constant_patience_abandonment,
)
from .closed_networks import (
    ClosedBounds,
    ClosedNetwork,
    Station,
    asymptotic_bounds,
    balanced_job_bounds,
    closed_network,
)
from .erlang import erlang_b, erlang_c
from .forkjoin import (
    fork_join_mean_response_time,
    fork_join_mean_response_time_nelson_tantawi,
    harmonic_number,
    maximum_exponential_quantile,
    mean_maximum_exponential,
)
from .laws import (
    bottleneck,
    forced_flow,
    interactive_response_time,
    little_number,
    little_throughput,
    little_time,
    saturation_population,
    saturation_rate,
    service_demand,
    utilisation,
)
from .md1 import (
    md1_mean_response_time,
    md1_mean_waiting_time,
    md1_waiting_time_quantile,
    md1_waiting_time_survival,
    mdc_mean_waiting_time,
)
from .mg1 import (
    mg1_lifo_mean_waiting_time,
    mg1_mean_number,
    mg1_mean_response_time,
    mg1_mean_waiting_time,
    mg1_ps_conditional_response_time,
    mg1_ps_mean_response_time,
)
from .mgc import (
    mgc_mean_waiting_time_allen_cunneen,
    mgc_mean_waiting_time_kimura,
    mgc_ps_conditional_response_time,
    mgc_ps_mean_response_time,
    mginf_mean_number,
    mginf_number_probability,
)
from .mmc import (
    mm1_mean_number,
    mm1_mean_response_time,
    mm1_mean_waiting_time,
    mm1_number_probability,
    mm1_response_time_quantile,
    mm1_response_time_survival,
    mmc_mean_number,
    mmc_mean_queue_length,
    mmc_mean_response_time,
    mmc_mean_waiting_time,
    mmc_response_time_quantile,
    mmc_response_time_survival,
    mmc_waiting_time_quantile,
    mmc_waiting_time_survival,
)
from .mmck import (
    mmck_blocking_probability,
    mmck_mean_number,
    mmck_mean_response_time,
    mmck_mean_waiting_time,
    mmck_state_probabilities,
    mmck_throughput,
    mmck_utilisation,
    mmck_waiting_time_survival,
)
from .open_networks import (
    OpenNetwork,
    jackson_network,
    tandem_network,
    traffic_rates,
    visits_network,
)
from .run_length import mm1_run_length
from .scalability import amdahl_speedup, usl_capacity, usl_peak_size
from .sizing import (
    servers_for_blocking,
    servers_for_mean_waiting_time,
    servers_for_response_time,
    servers_for_waiting_time,
)

__all__ = [
    "ClosedBounds",
    "ClosedNetwork",
    "OpenNetwork",
    "Station",
    "amdahl_speedup",
    "asymptotic_bounds",
    "balanced_job_bounds",
    "bottleneck",
    "closed_network",
    "erlang_a_abandonment",
    "erlang_a_mean_waiting_time",
    "erlang_a_state_probabilities",
    "erlang_a_utilisation",
    "erlang_b",
    "erlang_c",
    "forced_flow",
    "fork_join_mean_response_time",
    "fork_join_mean_response_time_nelson_tantawi",
    "harmonic_number",
    "interactive_response_time",
    "jackson_network",
    "little_number",
    "little_throughput",
    "little_time",
    "maximum_exponential_quantile",
    "md1_mean_response_time",
    "md1_mean_waiting_time",
    "md1_waiting_time_quantile",
    "md1_waiting_time_survival",
    "mdc_mean_waiting_time",
    "mean_maximum_exponential",
    "mg1_lifo_mean_waiting_time",
    "mg1_mean_number",
    "mg1_mean_response_time",
    "mg1_mean_waiting_time",
    "mg1_ps_conditional_response_time",
    "mg1_ps_mean_response_time",
    "mgc_mean_waiting_time_allen_cunneen",
    "mgc_mean_waiting_time_kimura",
    "mgc_ps_conditional_response_time",
    "mgc_ps_mean_response_time",
    "mginf_mean_number",
    "mginf_number_probability",
    "mm1_constant_patience_abandonment",
    "mm1_mean_number",
    "mm1_mean_response_time",
    "mm1_mean_waiting_time",
    "mm1_number_probability",
    "mm1_response_time_quantile",
    "mm1_response_time_survival",
    "mm1_run_length",
    "mmc_mean_number",
    "mmc_mean_queue_length",
    "mmc_mean_response_time",
    "mmc_mean_waiting_time",
    "mmc_response_time_quantile",
    "mmc_response_time_survival",
    "mmc_waiting_time_quantile",
    "mmc_waiting_time_survival",
    "mmck_blocking_probability",
    "mmck_mean_number",
    "mmck_mean_response_time",
    "mmck_mean_waiting_time",
    "mmck_state_probabilities",
    "mmck_throughput",
    "mmck_utilisation",
    "mmck_waiting_time_survival",
    "saturation_population",
    "saturation_rate",
    "servers_for_blocking",
    "servers_for_mean_waiting_time",
    "servers_for_response_time",
    "servers_for_waiting_time",
    "service_demand",
    "tandem_network",
    "traffic_rates",
    "usl_capacity",
    "usl_peak_size",
    "utilisation",
    "visits_network",
]
