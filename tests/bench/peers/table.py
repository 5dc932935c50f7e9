# SPDX-License-Identifier: Apache-2.0
"""The records of a run as Markdown, and the file of kvroof_bench_gpu as records. Knows nothing of GPUs."""
import re
import statistics

NAME = re.compile(r"(\w+)/batch:(\d+)/kv_len:(\d+)/heads:(\d+):(\d+)/head_dim:(\d+)(?:/kept:(\d+))?(?:/sparsity:([\d.]+))?")
DENSE = re.compile(r"sdpa-|flashinfer-f16|flash-attention|kvroof-dense|kvroof-cublas")  # 16 bits, nothing pruned


def own_samples(benchmarks):
    """{(kernel, shape): [microseconds per launch]} of the "benchmarks" in kvroof_bench_gpu's JSON."""
    samples = {}
    for one in benchmarks:
        match = NAME.match(one["name"])
        if not match or one.get("run_type") == "aggregate" or one.get("error_occurred"):
            continue
        kernel, kept, sparsity = match[1], match[7], match[8]
        label = "kvroof-" + kernel + (f"-{kept}-of-{match[6]}" if kept else "") + (f"-{sparsity}" if sparsity else "")
        micros = one["real_time"] * {"ns": 1e-3, "us": 1, "ms": 1e3}[one["time_unit"]]
        samples.setdefault((label, tuple(int(match[i]) for i in range(2, 7))), []).append(micros)
    return samples


def summary(samples):
    quartiles = statistics.quantiles(samples, n=4)
    return {"median_us": round(statistics.median(samples), 2), "iqr_us": round(quartiles[2] - quartiles[0], 2),
            "samples": len(samples)}


def shape_name(record):
    return "{batch} x {kv_len}, {query_heads}/{kv_heads}".format(**record)


def markdown(records):
    """A row per peer, a column per shape: microseconds, spread, and the speed against the fastest dense peer."""
    timed = [one for one in records if "median_us" in one]
    shapes = list(dict.fromkeys(map(shape_name, timed)))
    peers = list(dict.fromkeys(one["peer"] for one in timed))
    fastest = {}
    for one in timed:
        if DENSE.match(one["peer"]):
            shape = shape_name(one)
            fastest[shape] = min(fastest.get(shape, float("inf")), one["median_us"])
    cells = {}
    for one in timed:
        shape = shape_name(one)
        ratio = f", {fastest[shape] / one['median_us']:.2f}x" if shape in fastest else ""
        cells[one["peer"], shape] = f"{one['median_us']:.1f} ± {one['iqr_us']:.1f}{ratio}"
    lines = ["| | " + " | ".join(shapes) + " |", "|---" * (len(shapes) + 1) + "|"]
    lines += [f"| {peer} | " + " | ".join(cells.get((peer, shape), "") for shape in shapes) + " |" for peer in peers]
    reasons = dict.fromkeys((one["peer"], one["skipped"]) for one in records if "skipped" in one)
    lines += [""] + [f"- {peer}: skipped: {reason}" for peer, reason in reasons]
    return "\n".join(lines)
