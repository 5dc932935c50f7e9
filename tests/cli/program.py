# SPDX-License-Identifier: Apache-2.0
"""Runs the built kvroof, and writes the files it is fed."""
import json
import os
import struct
import subprocess
import tempfile

KVROOF = os.environ.get("KVROOF", "kvroof")


def kvroof(*arguments, stdout=subprocess.PIPE, timeout=300):
    """The finished process; stdout and stderr as text."""
    return subprocess.run([KVROOF, *arguments], stdout=stdout, stderr=subprocess.PIPE,
                          text=True, timeout=timeout, check=False)


def bf16(number):
    return struct.pack("<f", number)[2:]


def f16(number):
    return struct.pack("<e", number)


def tensor(shape, number, kind="F16"):
    """[name-less] tensor whose element i is number(i)."""
    count = 1
    for size in shape:
        count *= size
    encode = {"F16": f16, "BF16": bf16}[kind]
    return kind, shape, b"".join(encode(number(i)) for i in range(count))


def safetensors(path, tensors, change_header=lambda header: header, cut=0):
    """Writes {name: tensor()}; `change_header` may lie, `cut` bytes are missing at the end."""
    header, data = {}, b""
    for name, (kind, shape, content) in tensors.items():
        header[name] = {"dtype": kind, "shape": list(shape),
                        "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(change_header(header)).encode()
    content = struct.pack("<Q", len(text)) + text + data
    with open(path, "wb") as file:
        file.write(content[:len(content) - cut])
    return path


def plain_cache(path, head_dim=128, kv_heads=2, kv_len=70, **options):
    shape = (1, kv_heads, kv_len, head_dim)
    wave = lambda i: ((i * 37) % 101 - 50) / 50
    return safetensors(path, {"keys": tensor(shape, wave), "values": tensor(shape, wave)}, **options)


def folder():
    return tempfile.TemporaryDirectory(prefix="kvroof-cli-")
