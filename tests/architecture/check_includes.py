#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails when a file includes what its folder may not know.

usage: check_includes.py REPOSITORY
"""
import pathlib
import re
import sys

SUFFIXES = {".hpp", ".cpp", ".cuh", ".cu"}
FOLDERS = ("kernels", "reference", "traces", "profiler", "gui", "tests")

# Plain values and interfaces: every part of kernels/ may use them.
PLAIN = ("kernels/error.hpp", "kernels/device.hpp", "kernels/device_info.hpp", "kernels/value_types.hpp")
BELOW_KERNELS = (*PLAIN, "kernels/platform", "kernels/simt", "kernels/cuda", "kernels/format",
                 "kernels/primitives")

# Place -> headers and whole folders of ours that its files may include besides their own place. The
# longest place that holds a file is its place, so an unnamed subfolder belongs to its parent.
# tests/ may include everything.
OURS = {
    "kernels": (),
    "kernels/simt": PLAIN,
    "kernels/platform": ("kernels/value_types.hpp", "kernels/error.hpp", "kernels/simt"),
    "kernels/cuda": PLAIN,
    "kernels/format": (*PLAIN, "kernels/platform"),
    "kernels/primitives": ("kernels/value_types.hpp", "kernels/platform", "kernels/format"),
    "kernels/attention": BELOW_KERNELS,
    "kernels/compress": BELOW_KERNELS,
    "kernels/baselines": (*BELOW_KERNELS, "kernels/attention"),
    "kernels/prune": BELOW_KERNELS,
    "kernels/cache": (*BELOW_KERNELS, "kernels/compress"),
    "reference": (),
    "traces": (),
    "profiler": ("kernels", "traces"),
    "profiler/inputs": ("kernels/value_types.hpp",),  # dense arrays of 16-bit values, no format
    "profiler/model": ("kernels", "traces", "profiler/measure"),
    "profiler/validate": ("kernels", "reference", "traces", "profiler/inputs", "profiler/analysis/prune_head.hpp"),
    # What rules lose is a question to the reference; nothing of it reaches a kernel's check.
    "profiler/analysis": ("kernels", "reference", "traces", "profiler/inputs", "profiler/report/table.hpp"),
    "profiler/nvtx": (),
    "profiler/cupti": ("traces",),
    "profiler/measure": ("kernels", "traces", "profiler/cupti", "profiler/nvtx"),
    "profiler/ceilings": ("kernels", "traces", "profiler/measure", "profiler/model"),
    "profiler/report": ("kernels", "traces", "profiler/measure", "profiler/validate"),
    "profiler/sweep": ("kernels", "traces", "profiler/cupti", "profiler/inputs", "profiler/measure",
                       "profiler/model", "profiler/nvtx", "profiler/report", "profiler/validate"),
    "profiler/cli": ("kernels", "traces", "profiler"),
    "gui": ("traces",),
}

# Third-party headers -> folders that may use them besides tests/. Everything else is free.
LIBRARIES = (
    (r"Q[A-Z]\w*|Qt\w*/.*|qcustomplot\.h", ("gui",)),
    (r"(unsupported/)?Eigen/.*", ("reference", "profiler/analysis", "profiler/validate")),
    (r"nlohmann/.*", ("traces", "profiler", "gui/models/data")),
    (r"CLI/.*", ("profiler/cli",)),
    (r"spdlog/.*", ("profiler", "gui")),
    (r"boost/.*", ("kernels/simt",)),
    (r"cuda\w*\.hp*|cuda/.*|device_launch_parameters\.h|cooperative_groups.*",
     ("kernels/cuda", "kernels/platform", "profiler/measure", "profiler/cupti")),
    (r"cublas\w*\.h", ("kernels/baselines/cublas",)),
    (r"nvtx3/.*", ("profiler/nvtx",)),
    (r"cupti\w*\.h|nvperf\w*\.h", ("profiler/cupti",)),
    (r"gtest/.*|gmock/.*|benchmark/.*", ()),
)
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')


def inside(path, place):
    return path == place or path.startswith(place + "/")


def place_of(path):
    return max((place for place in OURS if inside(path, place)), key=len, default="tests")


def complaint(path, target):
    """Why the file `path` may not include `target`; empty when it may."""
    if target.startswith("."):
        return "write the path from the repository root"
    place = place_of(path)
    if place == "tests":
        return ""
    if target.split("/")[0] in FOLDERS:
        if place_of(target) == place or any(inside(target, other) for other in OURS[place]):
            return ""
        return f"{place} may include: " + ", ".join([place, *OURS[place]])
    for pattern, users in LIBRARIES:
        if re.fullmatch(pattern, target) and not any(inside(path, user) for user in users):
            return "only for: " + ", ".join([*users, "tests"])
    return ""


def complaints(root):
    found = []
    for folder in FOLDERS:
        for file in sorted((root / folder).rglob("*")):
            if file.suffix not in SUFFIXES:
                continue
            path = file.relative_to(root).as_posix()
            for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
                match = INCLUDE.match(line)
                reason = complaint(path, match[1]) if match else ""
                if reason:
                    found.append(f"{path}:{number}: may not include {match[1]} ({reason})")
    return found


if __name__ == "__main__":
    lines = complaints(pathlib.Path(sys.argv[1]))
    print("\n".join(lines) or "every include is allowed")
    sys.exit(1 if lines else 0)
