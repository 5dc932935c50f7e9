#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times dense decode attention of PyTorch's SDPA, the rival that everyone has, as tests/bench/gpu_bench.cpp times ours.

Every variant (flash and cuDNN back end; grouped heads by enable_gqa, or folded into the query length) is checked against a
float64 reference on a sequence before it is timed: a replayed graph of 20 launches over caches that together exceed the L2
several times, 30 samples, median and spread. One JSON line per variant and shape on stdout. What cannot run is named with
the reason, never left out.
"""
import argparse
import json
import statistics
import sys

try:
    import torch
    from torch.nn.attention import SDPBackend, sdpa_kernel
except ImportError as error:
    sys.exit(f"sdpa.py: skipped: PyTorch is not there ({error})")

QUERY_HEADS, KV_HEADS, HEAD_DIM = 32, 8, 128
SHAPES = [(8, 32768), (32, 8192), (64, 4096), (8, 4096), (1, 32768), (1, 4096), (1, 1024)]
BACKENDS = {"flash": SDPBackend.FLASH_ATTENTION, "cudnn": SDPBackend.CUDNN_ATTENTION}
LAUNCHES, SAMPLES = 20, 30


def attend(query, keys, values, folded):
    """query [batch, query_heads, head_dim]; keys and values [batch, kv_heads, kv_len, head_dim]."""
    batch = query.shape[0]
    if folded:  # the heads of a group as positions of one query: every key is read once
        grouped = query.view(batch, KV_HEADS, QUERY_HEADS // KV_HEADS, HEAD_DIM)
        return torch.nn.functional.scaled_dot_product_attention(grouped, keys, values).view_as(query)
    out = torch.nn.functional.scaled_dot_product_attention(query.unsqueeze(2), keys, values, enable_gqa=True)
    return out.squeeze(2)


def worst_error(query, keys, values, output):
    group = QUERY_HEADS // KV_HEADS
    q = query[0].double().view(KV_HEADS, group, HEAD_DIM)
    scores = q @ keys[0].double().transpose(1, 2) / HEAD_DIM**0.5
    expected = torch.softmax(scores, -1) @ values[0].double()
    return (output[0].double().view_as(expected) - expected).abs().max().item()


def time_graph(launch, sets):
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        for i in range(sets):
            launch(i)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, stream=stream):
        for i in range(LAUNCHES):
            launch(i % sets)
    samples = []
    for _ in range(SAMPLES + 3):
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        with torch.cuda.stream(stream):
            start.record(stream)
            graph.replay()
            end.record(stream)
        end.synchronize()
        samples.append(start.elapsed_time(end) * 1e3 / LAUNCHES)
    return samples[3:]


def measure(batch, kv_len, backend, folded):
    bytes_of_cache = 2 * batch * KV_HEADS * kv_len * HEAD_DIM * 2
    l2 = torch.cuda.get_device_properties(0).L2_cache_size
    sets = max(1, min(LAUNCHES, 4 * l2 // bytes_of_cache + 1))
    make = lambda *shape: torch.randn(*shape, device="cuda", dtype=torch.float16)
    query = make(batch, QUERY_HEADS, HEAD_DIM)
    caches = [(make(batch, KV_HEADS, kv_len, HEAD_DIM), make(batch, KV_HEADS, kv_len, HEAD_DIM)) for _ in range(sets)]
    with sdpa_kernel(BACKENDS[backend]):
        error = worst_error(query, *caches[0], attend(query, *caches[0], folded))
        if not error < 2e-3:
            raise RuntimeError(f"the output is {error:.2e} off the float64 reference")
        samples = time_graph(lambda i: attend(query, *caches[i], folded), sets)
    quartiles = statistics.quantiles(samples, n=4)
    floor_bytes = bytes_of_cache + 2 * query.numel() * 2
    median = statistics.median(samples)
    return {"median_us": round(median, 2), "iqr_us": round(quartiles[2] - quartiles[0], 2), "max_error": error,
            "floor_gb_per_s": round(floor_bytes / median / 1e3, 1), "caches": sets}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.parse_args()
    if not torch.cuda.is_available():
        sys.exit("sdpa.py: skipped: PyTorch sees no GPU")
    about = {"device": torch.cuda.get_device_name(0), "torch": torch.__version__, "cuda": torch.version.cuda,
             "query_heads": QUERY_HEADS, "kv_heads": KV_HEADS, "head_dim": HEAD_DIM, "dtype": "f16"}
    print(json.dumps(about), flush=True)
    for batch, kv_len in SHAPES:
        for backend in BACKENDS:
            for folded in (False, True):
                record = {"peer": f"sdpa-{backend}-{'folded' if folded else 'gqa'}", "batch": batch, "kv_len": kv_len}
                try:
                    record |= measure(batch, kv_len, backend, folded)
                except Exception as error:  # a missing kernel must not end the others
                    record["skipped"] = str(error).strip().split("\n")[0][:200]
                print(json.dumps(record), flush=True)


if __name__ == "__main__":
    main()
