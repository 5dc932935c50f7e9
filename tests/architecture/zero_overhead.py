#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails when kernels/platform makes a kernel worse than its twin written by hand in plain CUDA.

Compiles both for one architecture as a release build does, and compares what ptxas reports (registers,
stack, spills) and the code size, which is the size of the kernel's section of the cubin and thus a
multiple of 128 bytes. Exits 77 (ctest: skipped) without nvcc.

usage: zero_overhead.py REPOSITORY --nvcc NVCC|none --arch compute_90a,sm_90a
"""
import argparse
import dataclasses
import pathlib
import re
import struct
import subprocess
import sys
import tempfile

SKIPPED = 77
MORE_REGISTERS = 2     # than the twin
MORE_CODE = 0.03       # of the twin's bytes

# (source, pattern of the mangled name): keys of head_dim 128.
FACADE = ("kernels/compress/launch_cuda.cu", r"11pack_kernelILi128E\w*7OperandE0E")
TWIN = ("tests/simt/twin/pack_twin.cu", r"9pack_twin")

ENTRY = re.compile(r"Function properties for (\S+)")
PROPERTIES = re.compile(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads")
REGISTERS = re.compile(r"Used (\d+) registers")


@dataclasses.dataclass
class Cost:
    """What the compiler made of a kernel."""
    registers: int
    spill_bytes: int  # stores and loads
    stack_bytes: int
    code_bytes: int


def section_sizes(elf):
    """{name: bytes} of the sections of a 64-bit little-endian ELF file."""
    if elf[:6] != b"\x7fELF\x02\x01":
        raise RuntimeError("not a 64-bit little-endian ELF file")
    table, = struct.unpack_from("<Q", elf, 0x28)
    entry_bytes, count, names_index = struct.unpack_from("<HHH", elf, 0x3a)
    # of a section header: name (offset into the section of names), offset and size of its bytes
    headers = [struct.unpack_from("<I20xQQ", elf, table + i * entry_bytes) for i in range(count)]
    names = headers[names_index][1]
    return {elf[names + name:elf.index(b"\0", names + name)].decode(): size for name, _, size in headers}


def parse_report(report):
    """{kernel: (registers, spill bytes, stack bytes)} of a `ptxas -v` report."""
    kernels = {}
    name, stack, spills = "", 0, 0
    for line in report.splitlines():
        if found := ENTRY.search(line):
            name = found[1]
        elif found := PROPERTIES.search(line):
            stack, spills = int(found[1]), int(found[2]) + int(found[3])
        elif (found := REGISTERS.search(line)) and name:
            kernels[name] = (int(found[1]), spills, stack)
    return kernels


def cost_of(pattern, report, elf):
    """The cost of the one kernel whose mangled name holds `pattern`."""
    kernels = {name: row for name, row in parse_report(report).items() if re.search(pattern, name)}
    if len(kernels) != 1:
        raise RuntimeError(f"wanted one kernel like {pattern}, ptxas reported {sorted(kernels)}")
    (name, (registers, spills, stack)), = kernels.items()
    return Cost(registers, spills, stack, section_sizes(elf)[f".text.{name}"])


def measure(nvcc, root, kernel, architecture):
    source, pattern = kernel
    compute, sm = architecture.split(",")
    with tempfile.TemporaryDirectory() as folder:
        cubin = pathlib.Path(folder) / "kernel.cubin"
        result = subprocess.run(
            [nvcc, "-std=c++20", "-O3", "--expt-relaxed-constexpr", "--extended-lambda", f"-I{root}",
             "-gencode", f"arch={compute},code={sm}", "-cubin", "-Xptxas", "-v", "-o", str(cubin),
             str(root / source)], text=True, capture_output=True, check=False)
        if result.returncode:
            raise RuntimeError(f"{source} does not compile:\n{result.stderr}")
        return cost_of(pattern, result.stdout + result.stderr, cubin.read_bytes())


def complaints(facade, twin):
    found = []
    if facade.spill_bytes:
        found.append(f"the facade's kernel spills {facade.spill_bytes} bytes")
    if facade.stack_bytes:
        found.append(f"the facade's kernel has a stack of {facade.stack_bytes} bytes")
    if facade.registers > twin.registers + MORE_REGISTERS:
        found.append(f"the facade's kernel takes {facade.registers} registers, the twin {twin.registers}; "
                     f"{MORE_REGISTERS} more are allowed")
    if facade.code_bytes > twin.code_bytes * (1 + MORE_CODE):
        found.append(f"the facade's kernel is {facade.code_bytes} bytes long, the twin {twin.code_bytes}; "
                     f"{MORE_CODE:.0%} more are allowed")
    return found


def table(facade, twin):
    lines = [f"{'':12}{'facade':>8}{'twin':>8}"]
    for field in dataclasses.fields(Cost):
        lines.append(f"{field.name:12}{getattr(facade, field.name):8}{getattr(twin, field.name):8}")
    lines.append(f"code size of the facade / of the twin: {facade.code_bytes / twin.code_bytes:.4f}")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("repository", type=pathlib.Path)
    parser.add_argument("--nvcc", required=True)
    parser.add_argument("--arch", required=True)
    options = parser.parse_args()
    if options.nvcc == "none":
        print("skipped: no nvcc in this build")
        return SKIPPED
    facade = measure(options.nvcc, options.repository, FACADE, options.arch)
    twin = measure(options.nvcc, options.repository, TWIN, options.arch)
    found = complaints(facade, twin)
    print(f"pack kernel, keys, head_dim 128, {options.arch}")
    print(table(facade, twin))
    print("\n".join(found) or "the facade costs nothing")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
