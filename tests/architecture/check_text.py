#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails when a source lacks its licence line, leaves a note to self, or speaks CUDA where it may not.

Device code (.cuh, and headers of kernels/) uses only the vocabulary of kernels/platform: a word that
only one backend knows would keep it from compiling for the other, and a plain read of device memory would
be invisible to the simulator's checks.

usage: check_text.py REPOSITORY
"""
import pathlib
import re
import sys

FOLDERS = ("kernels", "reference", "traces", "profiler", "gui", "tests", "cmake", "scripts", "docs", ".ci")
CODE = {".hpp", ".cpp", ".cuh", ".cu"}
NOTES = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b")

APACHE = "SPDX-License-Identifier: Apache-2.0"
GPL = "SPDX-License-Identifier: GPL-3.0-or-later"

# Words of CUDA C++ that only kernels/platform may say. Its twin written by hand is a .cu file.
CUDA_WORDS = re.compile(
    r"__(shared|global|device|host|constant|launch_bounds|restrict|align|cvta_\w+)__\b|__launch_bounds__|"
    r"__sync\w+|__shfl\w*|__(ballot|any|all|match)\w*_sync|__(popc|clz|ffs|byte_perm|funnelshift)\w*|"
    r"__threadfence\w*|__ldg|__CUDA\w*|\basm\b|\b(thread|block)Idx\b|\b(block|grid)Dim\b|"
    r"\batomic(Add|Max|Min|CAS|Exch)\b|<<<")
# A dereference where an expression starts, of a converted pointer or of a name; clang-format never
# starts a line with the * of a product. A reference to a struct of shared memory, whose type is named
# ...Shared, only forms addresses.
DEREFERENCE = re.compile(r"(?:^|[=(,;{}?:!]|return)\s*\*\s*"
                         r"(?:(?:static|reinterpret)_cast\s*<(?!.*Shared\s*\*>\()|(?!this\b)[a-z_]\w*\s*[;,)\]=+])")


def licence_of(path):
    return GPL if path.startswith(("gui/", "tests/gui/", "tests/bench/gui/")) else APACHE


def is_source(path):
    file = pathlib.PurePosixPath(path)
    return (file.suffix in CODE | {".cmake", ".py", ".sh"} or file.name == "CMakeLists.txt" or
            (path.startswith(("scripts/", ".ci/")) and file.suffix == ""))


def speaks_device(path):
    """Device code: must compile for both backends."""
    if path.startswith(("kernels/platform/", "kernels/cuda/", "kernels/simt/")):
        return False
    return path.endswith(".cuh") or (path.startswith("kernels/") and path.endswith(".hpp"))


def without_comments(text):
    """The text with comments and string literals blanked, lines kept."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.DOTALL)
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def licence_complaints(path, text):
    lines = text.splitlines()
    first = lines[1] if lines and lines[0].startswith("#!") and len(lines) > 1 else (lines or [""])[0]
    if re.fullmatch(r"(//|#) " + re.escape(licence_of(path)), first):
        return []
    return [f"{path}:1: the first line must be the comment `{licence_of(path)}`"]


def note_complaints(path, text):
    return [f"{path}:{number}: holds the word {match[0]}: finish it, or open an issue"
            for number, line in enumerate(text.splitlines(), 1)
            for match in NOTES.finditer(line)]


def device_complaints(path, text):
    found = []
    for number, line in enumerate(without_comments(text).splitlines(), 1):
        for match in CUDA_WORDS.finditer(line):
            found.append(f"{path}:{number}: `{match[0]}` belongs into kernels/platform")
        if path.endswith(".cuh") and DEREFERENCE.search(line):
            found.append(f"{path}:{number}: reads or writes memory without load_* or store_*")
    return found


def complaints_of(path, text):
    found = note_complaints(path, text)
    if is_source(path):
        found += licence_complaints(path, text)
    if speaks_device(path):
        found += device_complaints(path, text)
    return found


def complaints(root):
    files = [file for file in root.iterdir() if file.suffix in {".md", ".txt", ".json"} or file.name == "LICENSE"]
    for folder in FOLDERS:
        files += (root / folder).rglob("*")
    found = []
    for file in sorted(files):
        path = file.relative_to(root).as_posix()
        if not file.is_file() or "__pycache__" in path:
            continue
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture or a recorded trace
        found += complaints_of(path, text)
    return found


if __name__ == "__main__":
    lines = complaints(pathlib.Path(sys.argv[1]))
    print("\n".join(lines) or "every file says its licence, and device code keeps to its vocabulary")
    sys.exit(1 if lines else 0)
