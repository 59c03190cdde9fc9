"""Every notebook runs as a reader runs it, draws what it says it draws, and keeps its word.

A claim is a phrase of a notebook's prose and an expression that has to be true, evaluated after its last cell. Whoever
rewrites the prose finds here what was promised. Stored outputs are refreshed with `jupyter execute --inplace`.
"""

from __future__ import annotations

import base64
import io
import json
import platform
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib.font_manager  # builds matplotlib's font cache here, so that no kernel reports doing it
import matplotlib.image
import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
LARGEST = 1.5e6
"""Bytes of a notebook that people are willing to download, and git to keep."""
PATIENCE = 600
"""Seconds a cell: a laptop under load, not what is expected."""

Claim = tuple[str, str]
"""A phrase of the prose, and what has to hold for it."""

CLAIMS: dict[str, list[Claim]] = {
    "01-first-simulation": [
        # 1 and 2: the file, and theory
        ("There are two replicas of order, with one core each", "topology.services['order'].replicas == 2"),
        (
            "A hundred shoppers a second are well below that rate",
            "(napkin := sim.check(topology, ['microservices']).napkins['microservices']).bottleneck == 'payment'"
            " and 100 < 0.8 * napkin.saturation_rate",
        ),
        (
            "**waiting at callees holds slots too**",
            "'waiting at callees holds slots too: cart may' in str(sim.check(topology, ['microservices']))",
        ),
        (
            "Every call says *over the network*",
            "programs.count('over the network') == programs.count(' call ') == 8",
        ),
        # 3: one simulation
        ("These are five *replications*", "result.provenance['replications'] == 5"),
        (
            "Look at how it grows from the mean to p90 and to p99",
            "result.intervals.loc[['latency_mean_s', 'latency_p90_s', 'latency_p99_s'],"
            " 'half_width'].is_monotonic_increasing",
        ),
        (
            "And p99.9 has none: hardly anybody is that slow, and a warning says how much longer it would take",
            "result.intervals.loc['latency_p999_s', ['half_width', 'low', 'high']].isna().all()"
            " and 'times as long' in result.warnings[0]",
        ),
        ("pull the mean above the median", "result.summary['latency_mean_s'] > 1.05 * result.summary['latency_p50_s']"),
        (
            "many times as long as the one on the left",
            "(seen := result.latencies['latency_s']).max() - seen.median() > 4 * (seen.median() - seen.min())",
        ),
        ("it is the payment provider outside", "result.breakdown.sum(axis=1).idxmax() == 'psp'"),
        ("All its cells together are the mean latency, to the last digit", "abs(total - mean) < 1e-12"),
        (
            "`inventory` has next to nothing in this table",
            "result.breakdown.loc[['inventory', 'inventory-db']].to_numpy().sum() < 0.01 * total",
        ),
        ("busy as it is", "result.services.loc['inventory', 'utilisation_ratio'] > 0.3"),
        # 4: the comparison
        (
            "in brackets beside each bar, stands what matters",
            "len(comparison.verdict) > 40 and len(equal.verdict) > 40",
        ),
        ("all services in one unit", "list(together.units.name).count('monolith') == 1"),
        (
            "the same shoppers at the same instants",
            "(arrivals := [r.requests['arrival_s'] for r in comparison.results.values()])[0].equals(arrivals[1])",
        ),
        (
            "sharper than two separate experiments, of p99",
            "comparison.differences.loc[('monolith', 'latency_p99_s'), 'half_width'] < sum("
            "r.intervals.loc['latency_p99_s', 'half_width'] ** 2 for r in comparison.results.values()) ** 0.5",
        ),
        (
            "The p99 of microservices is the one of section 3, to the last digit",
            "comparison.results['microservices'].intervals.loc['latency_p99_s', 'mean']"
            " == comparison.differences.loc[('monolith', 'latency_p99_s'), 'baseline']"
            " == result.summary['latency_p99_s']",
        ),
        (
            "the monolith answers faster, and it costs more",
            "(row := comparison.differences.loc['monolith']).loc['latency_mean_s', 'high'] < 0"
            " and row.loc['latency_p99_s', 'high'] < 0 and row.loc['cost_per_hour', 'low'] > 0",
        ),
        (
            "**Service** is nearly the same in both",
            "abs((both := pd.DataFrame({name: one.breakdown.sum() for name, one in comparison.results.items()}))"
            ".loc['service_s', 'monolith'] / both.loc['service_s', 'microservices'] - 1) < 0.02",
        ),
        ("**Network** is shorter", "both.loc['network_s', 'monolith'] < both.loc['network_s', 'microservices']"),
        (
            "**waiting** nearly disappears",
            "both.loc['waiting_s', 'monolith'] < 0.1 * both.loc['waiting_s', 'microservices']",
        ),
        (
            "to the databases and, by far the most, to the provider",
            "(left := comparison.results['monolith'].breakdown['network_s'])[['cart', 'order', 'payment', 'inventory']]"
            ".eq(0).all() and left['psp'] > 0.6 * left.sum()",
        ),
        ("the monolith had more cores", "'(8 against 6 cores)' in comparison.verdict"),
        ("give both the same number", "'(6 cores each)' in equal.verdict"),
        (
            "still faster, and now it is also the cheaper one",
            "(row := equal.differences.loc['monolith']).loc['latency_mean_s', 'high'] < 0"
            " and row.loc['latency_p99_s', 'high'] < 0 and row.loc['cost_per_hour', 'high'] < 0",
        ),
        (
            "it has fewer units to run",
            "len(equal.results['monolith'].units) < len(equal.results['microservices'].units)",
        ),
        # 5: one more replica
        (
            "the original stays as it is",
            "topology.services['payment'].replicas == 2 and wider.services['payment'].replicas == 3",
        ),
        (
            "Payment is much less busy, and it saturates later",
            "(later := sim.check(wider, ['microservices']).napkins['microservices']).saturation_rate"
            " > napkin.saturation_rate and {u.unit: u for u in later.units}['payment'].utilisation"
            " < 0.7 * {u.unit: u for u in napkin.units}['payment'].utilisation",
        ),
        ("What is that worth to a shopper?", "len(change.verdict) > 40"),
        (
            "mean, median and p90 go down, and the cost goes up. All of it is shown",
            "(row := change.differences.loc['three-payments']).loc[rows[:3], 'high'].lt(0).all()"
            " and row.loc['cost_per_hour', 'low'] > 0",
        ),
        ("Its difference is exactly zero", "row.loc['availability_ratio', ['difference', 'half_width']].eq(0).all()"),
        (
            "the same shoppers' payments fail before and after",
            "(ends := [r.requests['outcome'] for r in change.results.values()])[0].equals(ends[1])",
        ),
        ("It comes down too", "row.loc['latency_p99_s', 'other'] < row.loc['latency_p99_s', 'baseline']"),
        (
            "by a smaller share of itself than the mean does",
            "(share := row['difference'] / row['baseline'])['latency_p99_s'] > share['latency_mean_s']",
        ),
        (
            "its interval is the widest of the latencies here",
            "row.loc[[name for name in rows if name.startswith('latency')], 'half_width'].idxmax() == 'latency_p99_s'",
        ),
        (
            "its own p99 is 600 ms in the file",
            "topology.services['psp'].endpoints[''].steps[0].sleep.percentiles[1] == (0.99, 0.6)",
        ),
        (
            "The gain is where one expects it, in *waiting*",
            "abs((gain := pd.DataFrame({name: one.breakdown.sum() for name, one in change.results.items()})"
            ".diff(axis=1)['three-payments'])['waiting_s'] / gain.sum() - 1) < 0.02",
        ),
        # 6: how sure
        (
            "Ours has one, of the slowest one in a thousand",
            "[warning[:21] for warning in result.warnings] == ['p99.9 has no interval']",
        ),
        ("the warnings of a run that is far too short", "len(hasty.warnings) >= 2"),
        ("each unit has a price in the file", "topology.prices.unit_hour > 0"),
    ],
    "02-scaling-curves": [
        # 1: pages
        ("p99 below 250 ms", "pages.slos['page'].percentiles == ((0.99, 0.25),)"),
        (
            "At five pages a second the monolith costs half of what the split costs",
            "abs(costs.loc[5, 'monolith'] / costs.loc[5, 'microservices'] - 0.5) < 0.05",
        ),
        (
            "they meet in the grey band, and from there on the split is the cheaper one",
            "len(growing.crossovers) == 1 and (one := growing.crossovers[0]).cheaper_above == 'microservices'",
        ),
        (
            "The split needs *more* replicas and *more* cores, at every load",
            "all(rows[rows['deployment'] == 'microservices'][column].item()"
            " > rows[rows['deployment'] == 'monolith'][column].item()"
            " for _, rows in growing.table.groupby('factor') for column in ('replicas', 'cores'))",
        ),
        (
            "What it saves is memory: its line is flat",
            "(memory := growing.table.pivot_table(index='factor', columns='deployment', values='memory_bytes')"
            ".iloc[[0, -1]])['microservices'].pct_change().iloc[1] < 0.2"
            " and memory['monolith'].pct_change().iloc[1] > 5",
        ),
        (
            "At 30 and 40 a second the split is cheaper by less than one per cent",
            "(saving := 1 - costs['microservices'] / costs['monolith'])[[30, 40]].between(0, 0.01, 'neither').all()",
        ),
        ("At 60 it is a seventh, at 120 more than a quarter", "abs(saving[60] - 1 / 7) < 0.01 and saving[120] > 0.25"),
        (
            "it stops *costing* at some 30 pages a second, and it begins to *pay* at 60",
            "(one.after, one.before) == (20, 40) and saving[[30, 40]].max() < 0.01 < 0.1 < saving[[60, 80, 120]].min()",
        ),
        # 2: the checkout
        (
            "From 50 to 300 checkouts a second the split is never the cheaper one",
            "staying.loads == [50, 100, 150, 200, 300]"
            " and [v.winner or v.kind for v in staying.verdicts] == ['monolith'] * 2 + ['same'] + ['monolith'] * 2",
        ),
        (
            "its copies never take more memory than the split",
            "((memory := staying.table.pivot_table(index='factor', columns='deployment', values='memory_bytes'))"
            "['monolith'] <= memory['microservices']).all()",
        ),
        (
            "the monolith grows in steps of four cores",
            "set((copies := staying.table.query(\"deployment == 'monolith'\").set_index('arrival_rate_per_s')['cores'])"
            ".diff().dropna()) == {0, 4}",
        ),
        (
            "at 150 a second, next to nothing is left of its advantage",
            "min(staying.verdicts, key=lambda v: v.saving_ratio) is staying.verdicts[2]"
            " and staying.verdicts[2].saving_ratio < 0.03"
            " and copies[150] == copies[100] + 4 == copies[200]",
        ),
        # 3: as they are
        ("Both get the same number of cores", "coping.table.groupby('deployment')['cores'].nunique().eq(1).all()"),
        (
            "at 140 a second the shopper in the middle already waits much longer in the split",
            "(at := coping.table.query('arrival_rate_per_s == 140').set_index('deployment'))"
            ".loc['microservices', 'latency_p50_s'] > 1.3 * at.loc['monolith', 'latency_p50_s']",
        ),
        ("while nearly everything is still served", "(at['goodput_per_s'] > 0.97 * at['arrived_per_s']).all()"),
        (
            "It lies below the dotted line",
            "all(knee.inside and knee.load < coping.saturation[name] for name, knee in coping.knees.items())",
        ),
        (
            "With the same six cores the monolith serves more, and it gets later into trouble",
            "(most := coping.table.groupby('deployment')['goodput_per_s'].max())['monolith']"
            " > 1.2 * most['microservices']"
            " and coping.knees['monolith'].low > coping.knees['microservices'].high"
            " and coping.bottlenecks['microservices'] == 'payment'",
        ),
        ("A knee is read off a handful of loads", "coping.table['arrival_rate_per_s'].nunique() < 10"),
        # 4: more cores
        (
            "Scale all services together, and it is reached",
            "(reached := wider.table.set_index(['way', 'size']).eval('goodput_per_s / perfect_per_s'))"
            "['microservices'].min() > 0.97",
        ),
        ("The monolith reaches it too, four times over", "reached['monolith'].loc[:4].min() > 0.97"),
        (
            "that one comes least close to what theory would let it serve",
            "(close := wider.table.query(\"way == 'microservices'\").eval('goodput_per_s / saturation_per_s')).idxmin()"
            " == close.index[0]",
        ),
        (
            "The first step nearly doubles what is served",
            "(served := wider.table.set_index(['way', 'size']))['goodput_per_s']['payment'][2]"
            " > 1.7 * served['goodput_per_s']['payment'][1]",
        ),
        (
            "*bottleneck* changes from payment to inventory, and the fifth payment serves next to nobody",
            "[*served['bottleneck']['payment']] == ['payment'] * 2 + ['inventory'] * 3"
            " and served['goodput_per_s']['payment'][5] < 1.03 * served['goodput_per_s']['payment'][4]",
        ),
        (
            "The monolith meets its own in the last step, at five times the size: a database",
            "[*served['bottleneck']['monolith']] == ['monolith'] * 4 + ['inventory-db']"
            " and reached['monolith'][5] < 0.95",
        ),
        (
            "the split, which serves less with its cores, has only not come so far",
            "set(served['bottleneck']['microservices']) == {'payment'}"
            " and served['goodput_per_s']['microservices'][5] < served['goodput_per_s']['monolith'][5]",
        ),
        (
            "For the split, scaled as a whole, both are zero within what five sizes can tell",
            "abs((fit := wider.fits['microservices']).contention) < fit.contention_half_width"
            " and abs(fit.coherency) < fit.coherency_half_width and fit.points == 5",
        ),
        (
            "For payment alone only two sizes are left before the next bottleneck, too few for a law",
            "wider.fits['payment'] is None and [*served['fitted']['payment']] == [True] * 2 + [False] * 3",
        ),
        (
            "the last step of the monolith is left out of its own",
            "[*served['fitted']['monolith']] == [True] * 4 + [False]",
        ),
        # 5: the map
        (
            "the larger the index, the less load it takes until the monolith is no longer the cheaper one",
            "(won := where.cells.assign(split=where.cells['winner'] != 'monolith').pivot_table("
            "index='services.search.resources.memory', columns='workload.visitors.rate', values='split', sort=False)"
            ".sum(axis=1)).is_monotonic_increasing and won['24Gi'] > won['6Gi'] > won['2Gi']"
            " and {*where.cells['winner']} == {'monolith', 'microservices', ''}",
        ),
        ("with two gigabytes there is no boundary at all, at no load of this map", "won['2Gi'] == 0"),
        (
            "If your load is 120 a second and your index somewhere between 12 and 24 GiB, you are in one colour",
            "set(where.cells[where.cells['services.search.resources.memory'].isin(['12Gi', '24Gi'])"
            " & where.cells['workload.visitors.rate'].eq('120/s')]['winner']) == {'microservices'}",
        ),
        # 6: the end
        (
            "Low load: together.** Every service has a smallest size, and deployables have a price. That was so",
            "growing.verdicts[0].winner == staying.verdicts[0].winner == 'monolith'",
        ),
        ("deployables at five times their price", "0.1 == 5 * pages.prices.unit_hour"),
        ("each move simulates anew", "'sliders' not in globals() or sliders.result is not None"),
    ],
    "03-a-parameter-sweep": [
        # 1 to 3: design and store
        ("Six suspects", "len(axes) == len(factors) == 6"),
        ("3⁶ = 729 points", "3 ** len(axes) == 729"),
        (
            "has tried each of their nine combinations 81 times",
            "3 ** len(axes) == 9 * 81",
        ),
        (
            "*Sobol's* points do too",
            "len(table) == 64 and (pd.cut(table['arrival rate'], [60 + 80 * k / 64 for k in range(65)])"
            ".value_counts() == 1).all()",
        ),
        (
            "first half of the points, as if somebody had pulled the plug",
            "half.attrs['computed'] == 32 and half.attrs['reused'] == 0 and len(half) == 32",
        ),
        ("it goes on where it was", "table.attrs['computed'] == 32 and table.attrs['reused'] == 32"),
        (
            "once more, and there is nothing left to do",
            "again.attrs['computed'] == 0 and again.attrs['reused'] == 64"
            " and again.rename(columns=short).equals(table)",
        ),
        # 4: the table
        (
            "A half width that is missing says that the run is too short for an interval, as where a queue grows",
            "(gone := table[table['latency_p99_s_half_width'].isna()]).loc[worst.index[:6]].shape[0] == 6"
            " and worst['overloaded'].iloc[:6].all()",
        ),
        (
            "The provider leads, the number of orders comes close behind, and the others are far off",
            "[*(leading := ranks.abs().sort_values(ascending=False)).index[:2]] == ['provider p99', 'orders']"
            " and leading.iloc[1] > 0.5 > 0.3 > leading.iloc[2]",
        ),
        ("Payments, which everybody wanted more of, are near the bottom", "abs(ranks['payments']) < 0.15"),
        (
            "Nearly all of them are of one colour: one replica of order",
            "(far := table[table['latency_p99_s'] > 1.5 * table['provider p99']])['orders'].eq(1).mean() > 0.85"
            " and far['provider p99'].min() < 0.4 and far['provider p99'].max() > 0.7",
        ),
        (
            "Nothing is mysterious about the six at the top",
            "worst['overloaded'].iloc[:6].all() and worst['orders'].iloc[:6].eq(1).all()",
        ),
        (
            "One replica of order cannot keep up with such loads",
            "sim.check(checkout.replace({'services.order.replicas': 1}), ['microservices']).napkins['microservices']"
            ".saturation_rate < worst['arrival rate'].iloc[:6].min() + 3",
        ),
        (
            "Now the provider leads by far",
            "(now := pd.DataFrame(both)['those that keep up'].abs())['provider p99']"
            " > 2 * now.drop('provider p99').max()",
        ),
        (
            "The provider's is more than twice that of any other",
            "effects['provider p99'] > 2 * effects.drop('provider p99').abs().max()",
        ),
        # 5: common random numbers
        (
            "Both columns estimate the same gain",
            "abs(gains.mean().diff().iloc[1]) < 2 * (gains.var().sum() / len(gains)) ** 0.5"
            " and (gains.mean() > 10).all()",
        ),
        (
            "with shoppers of their own it scatters much more from replication to replication",
            "gains['other shoppers'].std() > 1.5 * gains['same shoppers'].std()",
        ),
        # 6: the test
        (
            "higher by a few per cent at most at 60 a second, by a tenth or two at 80, by a quarter to a half at 100,"
            " and at 120 it is more than three times as high",
            "1 <= (ratio := lines[1] / lines[2])[60] < 1.05 and 1.1 < ratio[80] < 1.2 and 1.25 < ratio[100] < 1.55"
            " and ratio[120] > 3 and (each := sim.sweep(checkout.replace({'workload.shoppers.rate': '120/s'}),"
            " {'services.order.replicas': [1, 2]}, seed=1001, runs=True, **SHORT).pivot_table(index='replication',"
            " columns='services.order.replicas', values='latency_p99_s')).eval('`1` / `2`').min() > 2.5",
        ),
        (
            "those that wait long wait in the same queue",
            "widths.loc[60, [2, 3]].notna().all() and widths.loc[[120, 140]].isna().all(axis=None)",
        ),
        (
            "The third replica takes off less than a tenth at any load",
            "(1 - lines[3] / lines[2]).between(0, 0.1).all()",
        ),
        (
            "Read along a row, and p99 more than doubles with the provider",
            "(seen[0.9] / seen[0.3]).gt(2).all() and (seen[0.9] - seen[0.3]).min() > 0.5",
        ),
        (
            "twice the payments take off some tens of them where the provider is fast, and fewer where it is slow",
            "20 < (off := 1000 * (seen.loc[2] - seen.loc[4]))[0.3] < 70 and off.is_monotonic_decreasing",
        ),
        (
            "next to what the provider puts on it is lost",
            "(seen[0.9] - seen[0.3]).min() > 8 * (seen.loc[2] - seen.loc[4]).max()",
        ),
        ("that is an *interaction*", "(gap := lines[1] - lines[2]).loc[140] > 20 * gap.loc[60] > 0"),
        ("section 5 has just shown one", "gains['same shoppers'].mean() > 2 * gains['same shoppers'].sem()"),
        ("Of 64 points with one interval each some three do", "round(64 / 20) == 3"),
    ],
    "04-what-to-scale-next": [
        # 1: now
        (
            "at most one checkout in two hundred fails",
            "checkout.slos['checkout'].error_rate == 1 / 200",
        ),
        ("half as many shoppers again", "monday.workload['shoppers'].rate == 1.5 * checkout.workload['shoppers'].rate"),
        (
            "the whole interval lies above the limit, and `high` is infinite",
            "(row := now.objectives.iloc[0])['quantity'] == 'p99' and row['low'] > row['limit'] and not row['met']"
            " and row['value'] > 1.2 * row['limit'] and row['high'] == float('inf')",
        ),
        ("Payment is busy nine tenths of its time", "abs(now.units.loc['payment', 'utilisation_ratio'] - 0.9) < 0.03"),
        # 2: next
        (
            "Payment gains twice as much for its money as any other; order and cart share the second rank",
            "(rank := following.table['rank'])['payment'] == 1 and rank[['order', 'cart']].eq(2).all()"
            " and (worth := following.table.eval('gain / price_per_hour'))['payment'] > 2 * worth.drop('payment').max()"
            " and following.table.loc['payment', 'low'] > 0 and following.quantity == 'latency_p99_s'",
        ),
        (
            "of two units that are equally busy, order and inventory, order gains, and of inventory no gain is shown",
            "abs(now.units['utilisation_ratio'][['order', 'inventory']].diff().iloc[1]) < 0.03"
            " and following.table.loc['order', 'low'] > 0 and not following.table.loc['inventory', 'shown']",
        ),
        # 3: how many
        (
            "One more payment, and that is all",
            "enough.met and enough.exact and enough.replicas"
            " == {name: one.replicas + (name == 'payment') for name, one in monday.services.items()}",
        ),
        (
            "with one payment less, p99 would be almost twice what is promised",
            "enough.binding == 'checkout p99' and '; it binds' in enough.reason"
            " and abs(enough.tried.set_index(columns[:4]).loc[(1, 2, 1, 2), 'value'] / 0.9 - 1.9) < 0.05",
        ),
        (
            "the answer kept the promise with other shoppers too",
            "'and the answer again with other requests' in enough.reason",
        ),
        (
            "more carts let more checkouts in at a time, and order turns away what it has no place for",
            "'the slots of cart hold back what order would turn away' in enough.reason.replace(chr(10), ' ')"
            " and checkout.services['order'].queue.capacity == 256",
        ),
        (
            "One order is too few, and so are two payments, however many there are of the others",
            "enough.exact and not (last := enough.tried.iloc[-2:])['met'].any() and last['order_replicas'].iloc[0] == 1"
            " and last['payment_replicas'].iloc[1] == 2 and last['cost_per_hour'].min() > 1.2 * enough.cost_per_hour",
        ),
        (
            "The two are within a few per cent of each other",
            "whole.met and abs(whole.cost_per_hour / enough.cost_per_hour - 1) < 0.05",
        ),
        (
            "What gained hundreds before gains next to nothing now",
            "gained['before']['payment'] > 0.2 and gained['at the new size'].abs().max() < 0.03",
        ),
        # 4: how sure
        (
            "For Monday all three agree",
            "len({str(one.replicas) for one in sized.values()}) == 1",
        ),
        (
            "They agree again, and the table says that they need not have",
            "len({str(one.replicas) for one in usual.values()}) == 1",
        ),
        (
            "One order instead of two is cheaper, and with seed 3 it misses the 900 ms by 72",
            "(near := pd.DataFrame({n: r.tried.set_index(columns[:4]).loc[(1, 1, 1, 2)] for n, r in usual.items()}))"
            ".loc['cost_per_hour'].lt(usual[1].cost_per_hour).all() and round(1000 * near.loc['value', 3]) == 972",
        ),
        ("above a second and a half, or nowhere", "near.loc['high'].gt(1.5).all() and not near.loc['met'].any()"),
        (
            "the same size takes 1,041 and 1,060 ms",
            "sorted(round(1000 * near.loc['value', seed]) for seed in (1, 2)) == [1041, 1060]",
        ),
        # 5: the price of a promise
        (
            "Down to 800 ms a better promise costs nothing",
            "(price := prices['USD per hour'])[800] == price[900] and prices.loc[[900, 800, 740], 'met'].all()",
        ),
        (
            "For 740 two more replicas are needed, a tenth more money",
            "sum(promises[740].replicas.values()) == sum(promises[800].replicas.values()) + 2"
            " and abs(price[740] / price[800] - 1.1) < 0.01",
        ),
        (
            "And 700 are not shown to be kept at any price",
            "not promises[700].met and promises[700].state == 'not shown'",
        ),
        (
            "p99 would be some 688 ms, and up to 703",
            "'688.2 ms (up to 702.5 ms) even if nobody ever waits' in promises[600].reason",
        ),
        # 6: no number
        (
            "The last two rows are not met",
            "prices['met'].tolist() == [True] * 3 + [False] * 2"
            " and 'No size was found that meets' in promises[600].reason",
        ),
        (
            "so that *nobody ever waits*, p99 would be above 600 ms",
            "'even if nobody ever waits' in promises[600].reason",
        ),
        (
            "most of it is at the provider",
            "(time := promises[600].result.breakdown.sum(axis=1))['psp'] > 0.6 * time.sum()",
        ),
        (
            "a p99 of 400 ms instead of 600",
            "checkout.services['psp'].endpoints[''].steps[0].sleep.percentiles[1] == (0.99, 0.6)",
        ),
        (
            "The promise of 600 ms is kept, with the sizes of section 3",
            "(kept := sim.capacity(better, seed=1, **SHORT)).met and kept.replicas == enough.replicas",
        ),
        (
            "**One more payment**, for four cents an hour",
            "abs(following.table.loc['payment', 'price_per_hour'] - 0.04) < 0.005",
        ),
        (
            "740 ms for a tenth more, 700 ms not without longer runs that show it",
            "1.05 < price[740] / price[800] < 1.11 and not promises[700].met",
        ),
        (
            "at the new size, too, there is a rate at which it ends",
            "150 < napkin.saturation_rate < 300",
        ),
    ],
    "05-when-payment-is-down": [
        # 1: who notices
        (
            "both replicas of payment are killed, for twenty seconds",
            "shop.services['payment'].replicas == 2"
            " and (fault := shop.faults[0]).kind == 'kill' and fault.for_ == 20 and fault.replicas == 'all'",
        ),
        ("Three of ten visitors buy", "[e.weight for e in shop.workload['visitors'].entries] == [70, 30]"),
        (
            "**not one visitor who only looks around is lost**",
            "(entry := down.entries.set_index(['deployment', 'policies', 'entry']))"
            ".loc[('microservices', 'none', 'web.browse'), ['lost', 'late']].eq(0).all()"
            " and entry.loc[('microservices', 'none', 'web.buy'), 'lost'] > 0.95 * 0.3 * 60 * 20",
        ),
        (
            "three times as many requests are lost, most of them of people who wanted nothing from payment",
            "3 < down.row('monolith', 'full')['lost'] / down.row('microservices', 'none')['lost'] < 3.5"
            " and entry.loc[('monolith', 'none', 'web.browse'), 'lost']"
            " > 2 * entry.loc[('monolith', 'none', 'web.buy'), 'lost']",
        ),
        (
            "And no policy changes that line",
            "[down.row('monolith', name)['same_as'] for name in ('timeouts', 'retries', 'full')] == ['none'] * 3",
        ),
        (
            "Timeouts alone change nothing",
            "down.row('microservices', 'timeouts')['lost'] == down.row('microservices', 'none')['lost']",
        ),
        (
            "Re-tries save almost nobody",
            "0 <= down.row('microservices', 'none')['lost'] - down.row('microservices', 'retries')['lost'] < 2",
        ),
        (
            "a quarter more calls",
            "abs(down.row('microservices', 'retries')['retry_amplification'] - 1.25) < 0.04",
        ),
        (
            "with the fallback **no order is lost**",
            "(full := down.row('microservices', 'full'))['lost'] == 0 and full['degraded'] > 300",
        ),
        ("Every number is a mean of three runs", "down.replications == 3"),
        (
            "the printed table subtracts what is better with the fault",
            "'is better with the fault is subtracted' in ' '.join(str(down).split())"
            " and down.table['lost'].equals(down.table['lost_net'])",
        ),
        # 2: slow
        (
            "three seconds instead of a tenth for twenty seconds",
            "(fault := provider.faults[0]).slow.factor == 30 and fault.for_ == 20"
            " and provider.services['psp'].endpoints[''].steps[0].sleep.mean == 0.1",
        ),
        ("and `web` has thirty", "provider.services['web'].concurrency == 30"),
        (
            "Nothing is lost, and yet",
            "(bare := slow.row('microservices', 'none'))['lost'] == 0 and bare['late'] > 0.9 * 60 * 20",
        ),
        (
            "callers of `web` wait for seconds longer",
            "shown.set_index(['policies', 'service', 'quantity']).loc[('none', 'web', 'latency_mean_s'), 'rise'] > 2",
        ),
        (
            "Here the monolith does better",
            "slow.row('monolith', 'none')['late'] < 0.3 * bare['late']"
            " and slow.entries.set_index(['deployment', 'policies', 'entry'])"
            ".loc[('monolith', 'none', 'web.browse'), ['lost', 'late']].eq(0).all()",
        ),
        (
            "half of them stay free",
            "sum(provider.services[name].concurrency for name in ('web', 'catalogue', 'payment')) == 120"
            " and 2 * 0.3 * 60 * 3 <= 120",
        ),
        (
            "looking around is unharmed, and the orders of these twenty seconds are lost",
            "(entry := slow.entries.set_index(['deployment', 'policies', 'entry']))"
            ".loc[('microservices', 'timeouts', 'web.browse'), ['lost', 'late']].eq(0).all()"
            " and entry.loc[('microservices', 'timeouts', 'web.buy'), 'lost'] > 250",
        ),
        (
            "nobody is lost, and nobody is late",
            "slow.row('microservices', 'full')[['lost', 'late']].eq(0).all()",
        ),
        # 3: worse
        (
            "where stock could serve a hundred",
            "storm.services['stock'].endpoints[''].steps[0].cpu.mean == 0.01",
        ),
        (
            "With timeouts alone it is back after some seconds",
            "3 < still.row('microservices', 'timeouts')['time_to_recover_s'] < 15",
        ),
        (
            "With re-tries **it never comes back**",
            "(worst := still.row('microservices', 'retries'))['verdict'] == 'metastable' and worst['recovered'] == 0",
        ),
        (
            "about as soon as without any re-tries: a second later",
            "abs(still.row('microservices', 'full')['time_to_recover_s']"
            " - still.row('microservices', 'timeouts')['time_to_recover_s'] - 1) < 0.5",
        ),
        # 4: the brink
        (
            "Four tries for each request are all that stock can serve at 0.63 times this load, and the bisection finds",
            "brink.loc['retries', 'load_low'] < 100 / (4 * 40) < brink.loc['retries', 'load_high']",
        ),
        (
            "the shop comes back at every load that it carries without a fault, more than twice this one",
            "brink.loc[['timeouts', 'full'], 'load_limit'].isin(['theory', 'overloaded']).all()"
            " and brink.loc[['timeouts', 'full'], 'load_low'].gt(2).all()",
        ),
    ],
}


def _cells(notebook: Any, kind: str) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == kind]


def _prose(notebook: Any) -> str:
    return " ".join(" ".join(cell.source for cell in notebook.cells).split())


def _kinds(cell: Any) -> set[str]:
    """What a cell has put out: stdout, or the types of what it shows."""
    kinds: set[str] = set()
    for output in cell.outputs:
        kinds |= {output.name} if output.output_type == "stream" else set(output.get("data", {}))
    return kinds


def _figures(cell: Any) -> Iterator[bytes]:
    for output in cell.outputs:
        if "image/png" in output.get("data", {}):
            yield base64.b64decode(output.data["image/png"])


def _inspect(cell: Any) -> None:
    """Fail on an error, a word on stderr, or a figure that is missing or blank."""
    for output in cell.outputs:
        assert output.output_type != "error", f"{cell.id}: {output.get('ename')}: {output.get('evalue')}"
        assert output.get("name") != "stderr", f"{cell.id} wrote to stderr: {output.get('text')}"
    figures = list(_figures(cell))
    drawn = len(re.findall(r"sim\.plots\.|\.plot[.(]", cell.source))  # ours, and those of pandas
    assert len(figures) == drawn, f"{cell.id} shows {len(figures)} figures"
    for figure in figures:
        pixels = matplotlib.image.imread(io.BytesIO(figure))[..., :3]
        height, width, _ = pixels.shape
        ink = float((pixels.min(axis=-1) < 0.9).mean())
        tones = np.unique(np.round(255 * pixels[::2, ::2] @ [65536, 256, 1]))
        assert min(height, width) > 250, f"{cell.id}: a figure of {width} x {height} pixels"
        assert ink > 0.005, f"{cell.id}: a figure that is {1 - ink:.2%} white"
        assert tones.size > 20, f"{cell.id}: a figure without content"


def _without_figures(notebook: Any) -> str:
    """All that is stored, as text."""
    plain = json.loads(nbformat.writes(notebook))
    for cell in plain["cells"]:
        for output in cell.get("outputs", []):
            output.get("data", {}).pop("image/png", None)
    return json.dumps(plain)


@pytest.fixture
def kernel_of_this_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `python3` be the interpreter of this test, whatever is installed, and leave the user's home alone."""
    spec = tmp_path / "jupyter" / "kernels" / "python3"
    spec.mkdir(parents=True)
    start = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(json.dumps({"argv": start, "display_name": "Python 3", "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))  # looked at before any other place
    for variable in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(variable, str(tmp_path / variable.lower()))
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")  # without it, older clients announce a change of folders
    monkeypatch.delenv("PYTHONWARNINGS", raising=False)  # of the kernel's own machinery; ours come as stderr anyway


def test_there_are_notebooks_and_claims() -> None:
    assert {path.stem for path in NOTEBOOKS} == set(CLAIMS)


@pytest.mark.one_in(10)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs_and_keeps_its_word(path: Path, tmp_path: Path, kernel_of_this_python: None) -> None:
    for folder in ("notebooks", "topologies"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    notebook = nbformat.read(tmp_path / "notebooks" / path.name, as_version=4)
    stored = [_kinds(cell) for cell in _cells(notebook, "code")]
    number = len(notebook.cells)
    checks = [f"assert {expression}, 'not so'" for _, expression in CLAIMS[path.stem]]
    for source in ("import sys; print(sys.executable)", *checks):
        cell = nbformat.v4.new_code_cell(source)
        cell.metadata["tags"] = ["raises-exception"]  # goes on, so that all broken claims are told at once
        notebook.cells.append(cell)
    # Stored is what is said without sliders; and with them, kernel and client at times wait for each other for ever.
    notebook.cells.insert(0, nbformat.v4.new_code_cell("import sys; sys.modules['ipywidgets'] = None"))

    NotebookClient(
        notebook,
        timeout=PATIENCE,
        kernel_name="python3",
        shutdown_kernel="graceful",
        resources={"metadata": {"path": str(tmp_path / "notebooks")}},
    ).execute()

    _, *executed = notebook.cells
    asked, (interpreter, *answers) = executed[:number], executed[number:]
    assert interpreter.outputs[0].text.strip() == sys.executable
    for cell in asked:
        if cell.cell_type == "code":
            _inspect(cell)
    kinds = [_kinds(cell) for cell in asked if cell.cell_type == "code"]
    assert kinds == stored, "stored outputs are of another text"
    broken = [
        f"{phrase!r}: {answer.outputs[0].get('ename')}: {answer.source}"
        for (phrase, _), answer in zip(CLAIMS[path.stem], answers, strict=True)
        if answer.outputs
    ]
    assert not broken, "\n".join(broken)


def test_sliders_ask_again() -> None:
    """The cell that draws them, with a question that only remembers."""
    path = ROOT / "notebooks" / "02-scaling-curves.ipynb"
    (cell,) = [cell for cell in nbformat.read(path, as_version=4).cells if "sliders" in cell.metadata.get("tags", [])]
    asked: list[set[str]] = []
    shown: list[Any] = []

    def ask(index_gib: int = 8, unit_hour: float = 0.0, network_ms: int = 0) -> None:
        asked.append({name for name, value in locals().items() if isinstance(value, int | float)})

    exec(cell.source, {"ask": ask, "display": shown.append})
    (sliders,) = shown
    sliders.update()
    assert [slider.description for slider in sliders.children[:3]] == ["index_gib", "unit_hour", "network_ms"]
    assert not any(slider.continuous_update for slider in sliders.children[:3])
    assert asked[-1] == {"index_gib", "unit_hour", "network_ms"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_prose_makes_the_claims(path: Path) -> None:
    prose = _prose(nbformat.read(path, as_version=4))
    assert [phrase for phrase, _ in CLAIMS[path.stem] if phrase not in prose] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_stored_outputs_are_whole(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    cells = _cells(notebook, "code")
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert sum(bool(cell.outputs) for cell in cells) > len(cells) / 2
    for cell in cells:
        _inspect(cell)
    assert notebook.metadata.kernelspec.name == "python3"
    assert path.stat().st_size < LARGEST


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_stored_outputs_tell_nothing_of_a_machine(path: Path) -> None:
    text = _without_figures(nbformat.read(path, as_version=4))
    places = re.findall(r"(?:/(?:home|root|tmp|work|opt|usr|var|mnt|private|Users)/|[A-Z]:\\\\)[^\s\"']*", text)
    assert places == []
    assert str(Path.home()) not in text
    host = platform.node()
    assert len(host) < 4 or not re.search(rf"\b{re.escape(host)}\b", text)
    assert "created" not in text.split(), "a date of a run"
    assert "Linux-" not in text


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_quotes_and_links_are_right(path: Path) -> None:
    """What is quoted of a topology stands there so; what is linked to exists."""
    notebook = nbformat.read(path, as_version=4)
    source = "\n".join(cell.source for cell in _cells(notebook, "markdown"))
    shipped = [file.read_text(encoding="utf-8") for file in sorted((ROOT / "topologies").glob("*.yaml"))]
    for quote in re.findall(r"```yaml\n(.*?)```", source, flags=re.DOTALL):
        assert any(quote in text for text in shipped), f"no topology says\n{quote}"
    links = re.findall(r"\]\((\.\./[^)]+)\)", source)
    quoted = re.findall(r"sim\.load\(\"(\.\./[^\"]+)\"\)", source)
    assert [link for link in links + quoted if not (path.parent / link).is_file()] == []
