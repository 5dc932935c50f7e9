# SPDX-License-Identifier: Apache-2.0
"""Runs the built kvroof sweep."""
import json
import os
import subprocess
import tempfile

KVROOF = os.environ.get("KVROOF", "kvroof")
TINY = ["-a", "query_heads=1", "-a", "kv_heads=1"]  # a few milliseconds per configuration


def kvroof(*arguments, timeout=300, **options):
    """The finished process; stdout and stderr as text."""
    return subprocess.run([KVROOF, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, timeout=timeout, check=False, **options)


def sweep(*arguments, **options):
    return kvroof("sweep", "--backend", "sim", *TINY, *arguments, **options)


def lines(path):
    """The whole lines of a trace."""
    with open(path, "rb") as file:
        return [line for line in file.read().split(b"\n")[:-1]]


def records(path):
    return [one for one in map(json.loads, lines(path)) if one["line"] == "record"]


def lengths(path):
    return [one["problem"]["kv_len"] for one in records(path)]


def folder():
    return tempfile.TemporaryDirectory(prefix="kvroof-sweep-")
