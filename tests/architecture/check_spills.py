#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails when ptxas spills registers of a kernel or gives it local memory: both are slow, and silent.

Compiles every CUDA launcher of kernels/ as a release build does and reads ptxas' report. Exits 77
(ctest: skipped) when there is no launcher yet.

usage: check_spills.py REPOSITORY --nvcc NVCC --arch compute_90a,sm_90a
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile

SKIPPED = 77
FUNCTION = re.compile(r"Function properties for (\S+)")
IN_MEMORY = re.compile(r"\b[1-9]\d* bytes (?:stack frame|spill stores|spill loads|lmem)|"
                       r"\b[1-9]\d* bytes cumulative stack size")


def parse(report):
    """{kernel or device function: what of it lies in memory, a list of phrases} of a `ptxas -v` report."""
    kernels = {}
    name = ""
    for line in report.splitlines():
        if function := FUNCTION.search(line):
            name = function[1]
            kernels[name] = []
        for phrase in IN_MEMORY.findall(line) if name else ():
            kernels[name].append(phrase)
    return kernels


def compile_report(nvcc, root, source, architecture):
    compute, sm = architecture.split(",")
    with tempfile.TemporaryDirectory() as folder:
        result = subprocess.run(
            [nvcc, "-std=c++20", "-O3", "--expt-relaxed-constexpr", "--extended-lambda", f"-I{root}",
             "-gencode", f"arch={compute},code={sm}",
             "-cubin", "-Xptxas", "-v", "-o", f"{folder}/kernel.cubin", str(source)],
            text=True, capture_output=True, check=False)
    if result.returncode:
        raise RuntimeError(f"{source} does not compile:\n{result.stderr}")
    return result.stdout + result.stderr


def complaints(nvcc, root, sources, architecture):
    """(number of kernels seen, what is wrong)."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        reports = list(pool.map(lambda source: compile_report(nvcc, root, source, architecture), sources))
    seen, found = 0, []
    for source, report in zip(sources, reports):
        kernels = parse(report)
        seen += len(kernels)
        if not kernels:
            found.append(f"{source}: ptxas reported no kernel")
        found += [f"{source}: {name}: {', '.join(phrases)}" for name, phrases in kernels.items() if phrases]
    return seen, found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("repository", type=pathlib.Path)
    parser.add_argument("--nvcc", required=True)
    parser.add_argument("--arch", required=True)
    options = parser.parse_args()
    sources = sorted((options.repository / "kernels").rglob("*.cu"))
    sources = [source for source in sources if "cuda" not in source.parent.name]  # kernels/cuda has no kernel
    if not sources:
        print("skipped: kernels/ has no CUDA launcher")
        return SKIPPED
    seen, found = complaints(options.nvcc, options.repository, sources, options.arch)
    print("\n".join(found))
    print(f"{seen} kernels of {len(sources)} files for {options.arch}: {len(found)} complaints")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
