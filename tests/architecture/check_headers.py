#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails when a header does not compile alone. Device headers (.cuh) compile as the simulator's host C++.

usage: check_headers.py REPOSITORY --compiler CXX --include DIR... [--skip PREFIX...]
"""
import argparse
import concurrent.futures
import os
import pathlib
import subprocess
import sys

FOLDERS = ("kernels", "reference", "traces", "profiler", "gui", "tests")


def comes_first_in_its_source(root, file):
    """Then the build compiles it alone already."""
    source = file.with_suffix(".cpp")
    if not source.exists():
        return False
    includes = (line for line in source.read_text().splitlines() if line.startswith("#include"))
    return next(includes, "") == f'#include "{file.relative_to(root).as_posix()}"'


def headers(root, skip):
    for folder in FOLDERS:
        for file in sorted((root / folder).rglob("*")):
            path = file.relative_to(root).as_posix()
            if file.suffix not in {".hpp", ".cuh"} or path.startswith(tuple(skip)):
                continue
            if not comes_first_in_its_source(root, file):
                yield path


def complaint(path, command):
    """What the compiler says to a source that includes only `path`, twice; empty when it compiles."""
    source = f'#include "{path}"\n#include "{path}"\n'
    result = subprocess.run([*command, "-fsyntax-only", "-x", "c++", "-"], input=source, text=True,
                            capture_output=True, check=False)
    return f"{path} does not compile alone:\n{result.stderr}" if result.returncode else ""


def complaints(root, compiler, includes, skip=()):
    command = [*compiler.split(), "-std=c++20", f"-I{root}"]
    for include in includes:
        command += ["-isystem", include]
    paths = list(headers(root, skip))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        found = [text for text in pool.map(lambda path: complaint(path, command), paths) if text]
    return paths, found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("repository", type=pathlib.Path)
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--include", nargs="*", default=[])
    parser.add_argument("--skip", nargs="*", default=[])
    options = parser.parse_args()
    # /usr/include as a system folder would come before the standard library's own and break it.
    includes = dict.fromkeys(path for text in options.include for path in text.split(";"))
    includes = [path for path in includes if path not in ("", "/usr/include")]
    paths, found = complaints(options.repository, options.compiler, includes, options.skip)
    print("\n".join(found))
    print(f"{len(paths)} headers, {len(found)} do not compile alone")
    return 1 if found or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
