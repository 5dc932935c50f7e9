# SPDX-License-Identifier: Apache-2.0
"""How a launch is timed and checked: for every peer the same, and as tests/bench/gpu_bench.cpp does it for ours."""
import collections

import torch

Shape = collections.namedtuple("Shape", "batch kv_len query_heads kv_heads head_dim")
LEAST_LAUNCHES = 20  # of a graph


def make_caches(shape):
    """As many caches [batch, kv_heads, kv_len, head_dim] of keys and values as are cold in the L2 of every launch,
    also for a peer that stores them in half the bytes; and queries [batch, query_heads, head_dim]."""
    elements = shape.batch * shape.kv_heads * shape.kv_len * shape.head_dim
    l2 = torch.cuda.get_device_properties(0).L2_cache_size
    count = max(2, 4 * l2 // (2 * elements) + 1)
    make = lambda *size: torch.randn(*size, device="cuda", dtype=torch.float16)
    cache = (shape.batch, shape.kv_heads, shape.kv_len, shape.head_dim)
    return make(shape.batch, shape.query_heads, shape.head_dim), [(make(*cache), make(*cache)) for _ in range(count)]


def attend_in_double(shape, query, keys, values):
    """One sequence: query [query_heads, head_dim], keys and values [kv_heads, kv_len, head_dim]."""
    grouped = query.double().view(shape.kv_heads, -1, shape.head_dim)
    scores = grouped @ keys.double().transpose(1, 2) / shape.head_dim**0.5
    return (torch.softmax(scores, -1) @ values.double()).view_as(query)


def relative_error(shape, query, cache, output):
    """The largest error of the first and the last sequence, as a share of the largest output."""
    worst = 0.0
    for sequence in {0, shape.batch - 1}:
        expected = attend_in_double(shape, query[sequence], cache[0][sequence], cache[1][sequence])
        error = (output[sequence].double() - expected).abs().max() / expected.abs().max()
        worst = max(worst, error.item()) if not torch.isnan(error) else float("inf")
    return worst


class Graph:
    """One launch of every cache in turn, at least LEAST_LAUNCHES in all, replayed together."""

    def __init__(self, launches):
        rounds = -(-LEAST_LAUNCHES // len(launches))
        self.launches = rounds * len(launches)
        self.stream = torch.cuda.Stream()
        self.stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self.stream):
            for launch in launches:
                launch()
        torch.cuda.synchronize()
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph, stream=self.stream):
            for launch in launches * rounds:
                launch()

    def sample(self):
        """Microseconds per launch."""
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        with torch.cuda.stream(self.stream):
            start.record()
            self.graph.replay()
            end.record()
        end.synchronize()
        return start.elapsed_time(end) * 1e3 / self.launches

    def samples(self, count):
        self.sample()  # warm-up
        return [self.sample() for _ in range(count)]
