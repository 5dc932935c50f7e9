#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times decode attention of kvroof and of its peers in one interleaved run on this machine's GPU.

Peers: PyTorch's SDPA, FlashInfer, FlashAttention-3, Mustafar's own kernels (rivals.py), each checked against double
precision before it is timed; what is missing is named with the reason. kvroof's kernels run in kvroof_bench_gpu, which
`kvroof validate` checks. Every round times every peer and then kvroof's kernels, so that a drift of the clocks meets
all alike; a sample is a replayed graph of at least 20 launches over caches that are cold in the L2. Writes JSON lines
to --output and prints a Markdown table.
"""
import argparse
import datetime
import json
import pathlib
import subprocess
import sys
import tempfile

import table

HEADS = (32, 8)
SHAPES = [(8, 32768, *HEADS), (32, 8192, *HEADS), (64, 4096, *HEADS), (8, 4096, *HEADS), (1, 32768, *HEADS),
          (1, 4096, *HEADS), (1, 1024, *HEADS), (8, 8192, 32, 32), (8, 32768, 16, 8), (8, 32768, 64, 8)]
HEAD_DIM = 128


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bench", type=pathlib.Path, help="kvroof_bench_gpu; without it kvroof's kernels are left out")
    parser.add_argument("--kernels", default="decode|dense|cublas|decode_2_4|mustafar",
                        help="of kvroof, as a regular expression (%(default)s)")
    parser.add_argument("--peers", default="", help="names that hold this text; all without it")
    parser.add_argument("--without", nargs="*", default=[], metavar="TEXT", help="leaves out names that hold one of these")
    parser.add_argument("--shapes", type=int, nargs="*", metavar="N", help="the N-th of the list, from 0; all without it")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--samples", type=int, default=10, help="of a peer in a round (%(default)s)")
    parser.add_argument("--output", type=pathlib.Path, default=pathlib.Path("peers.jsonl"))
    return parser.parse_args()


def own_round(bench, kernels, shape, count):
    """{kernel: samples} of kvroof's kernels for a shape."""
    size = "batch:{}/kv_len:{}/heads:{}:{}/head_dim:{}".format(*shape)
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        done = subprocess.run(
            [bench, f"--benchmark_filter=^({kernels})/{size}(/|$)", f"--benchmark_out={file.name}",
             "--benchmark_out_format=json", f"--benchmark_repetitions={count}",
             "--benchmark_report_aggregates_only=false"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{bench} ended with {done.returncode}: {done.stderr.strip()[-200:]}")
        benchmarks = json.loads(pathlib.Path(file.name).read_text() or '{"benchmarks": []}')["benchmarks"]
    return {kernel: samples for (kernel, _), samples in table.own_samples(benchmarks).items()}


class ShapeRun:
    """All peers on one shape."""

    def __init__(self, shape, wanted, unwanted):
        import rivals
        import timing

        self.shape, self.skipped, self.errors = timing.Shape(*shape), {}, {}
        self.graphs, self.samples = {}, {}
        query, caches = timing.make_caches(self.shape)
        for kind in rivals.PEERS:
            if wanted not in kind.name or any(text in kind.name for text in unwanted):
                continue
            try:
                peer = kind(self.shape, query, caches)
                error = timing.relative_error(self.shape, query, peer.cache, peer.launches[0]())
                if not error < peer.tolerance:
                    raise rivals.Unavailable(f"its output is {error:.1e} of the largest off double precision")
                self.graphs[kind.name], self.errors[kind.name] = timing.Graph(peer.launches), error
            except Exception as error:  # one that cannot run must not end the others
                self.skipped[kind.name] = " ".join(str(error).split())[:200] or type(error).__name__

    def round(self, arguments):
        for name, graph in self.graphs.items():
            try:
                self.samples.setdefault(name, []).extend(graph.samples(arguments.samples))
            except Exception as error:  # a fault on the GPU, after which nothing runs in this process
                reason = str(error).split("\n")[0]
                raise RuntimeError(f"{name} at {self.shape}: {reason}; --without {name} runs the others") from error
        if arguments.bench:
            own = own_round(arguments.bench, arguments.kernels, self.shape, arguments.samples)
            for name, samples in own.items():
                self.samples.setdefault(name, []).extend(samples)

    def records(self):
        shape = self.shape._asdict()
        for name, samples in self.samples.items():
            error = {"relative_error": self.errors[name]} if name in self.errors else {}
            yield {"peer": name, **shape, **table.summary(samples), **error}
        for name, reason in self.skipped.items():
            yield {"peer": name, **shape, "skipped": reason}


def environment():
    import torch

    about = {"device": torch.cuda.get_device_name(0), "torch": torch.__version__, "cuda": torch.version.cuda,
             "cudnn": torch.backends.cudnn.version(), "command": sys.argv,
             "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")}
    for module in ("flashinfer", "flash_attn_3"):
        try:
            about[module] = __import__(module).__version__
        except Exception:  # its peers say why
            pass
    return about


def main():
    options = arguments()
    try:
        import torch
    except ImportError as error:
        sys.exit(f"run.py: skipped: PyTorch is not there ({error})")
    if not torch.cuda.is_available():
        sys.exit("run.py: skipped: PyTorch sees no GPU")
    records = []
    chosen = SHAPES if options.shapes is None else [SHAPES[i] for i in options.shapes]
    with options.output.open("w") as output:
        print(json.dumps(environment()), file=output, flush=True)
        for shape in chosen:
            run = ShapeRun((*shape, HEAD_DIM), options.peers, options.without)
            for _ in range(options.rounds):
                run.round(options)
            for record in run.records():
                records.append(record)
                print(json.dumps(record), file=output, flush=True)
            del run
            torch.cuda.empty_cache()
    print(table.markdown(records))


if __name__ == "__main__":
    main()
