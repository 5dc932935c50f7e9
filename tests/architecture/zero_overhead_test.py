#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""zero_overhead.py on made-up reports and object files: it must fail on what it is there to find.

usage: zero_overhead_test.py CXX [unittest argument...]
"""
import pathlib
import subprocess
import sys
import tempfile
import unittest

from zero_overhead import Cost, complaints, cost_of, parse_report, section_sizes

COMPILER = sys.argv[1]
TWIN = Cost(registers=48, spill_bytes=0, stack_bytes=0, code_bytes=10000)


def report(name, registers, stores=0, loads=0, stack=0):
    return (f"ptxas info    : Compiling entry function '{name}' for 'sm_90a'\n"
            f"ptxas info    : Function properties for {name}\n"
            f"    {stack} bytes stack frame, {stores} bytes spill stores, {loads} bytes spill loads\n"
            f"ptxas info    : Used {registers} registers, used 1 barriers, 380 bytes cmem[0]\n")


def object_file(assembly):
    with tempfile.TemporaryDirectory() as folder:
        target = pathlib.Path(folder) / "a.o"
        subprocess.run([*COMPILER.split(), "-x", "assembler", "-c", "-o", str(target), "-"],
                       input=assembly, text=True, check=True)
        return target.read_bytes()


class Verdict(unittest.TestCase):
    def assert_verdict(self, facade, *wanted):
        found = complaints(facade, TWIN)
        self.assertEqual(len(found), len(wanted), found)
        for text, word in zip(found, wanted):
            self.assertIn(word, text)

    def test_the_same_cost_less_and_a_little_more_pass(self):
        self.assert_verdict(TWIN)
        self.assert_verdict(Cost(40, 0, 0, 9000))
        self.assert_verdict(Cost(50, 0, 0, 10300))

    def test_each_excess_is_found(self):
        self.assert_verdict(Cost(51, 0, 0, 10000), "51 registers")
        self.assert_verdict(Cost(48, 0, 0, 10301), "10301 bytes long")
        self.assert_verdict(Cost(48, 4, 0, 10000), "spills 4 bytes")
        self.assert_verdict(Cost(48, 0, 16, 10000), "stack of 16 bytes")
        self.assert_verdict(Cost(64, 8, 16, 20000), "spills", "stack", "registers", "long")


class Reading(unittest.TestCase):
    def test_every_kernel_of_a_report_keeps_its_own_numbers(self):
        text = report("a", 40) + report("b", 64, stores=8, loads=12, stack=24)
        self.assertEqual(parse_report(text), {"a": (40, 0, 0), "b": (64, 20, 24)})

    def test_the_code_size_is_that_of_the_kernels_section(self):
        elf = object_file('.section .text.one,"ax"\n.skip 384\n.section .text.other,"ax"\n.skip 37\n')
        self.assertEqual(section_sizes(elf)[".text.one"], 384)
        self.assertEqual(section_sizes(elf)[".text.other"], 37)
        self.assertEqual(cost_of("^one$", report("one", 40) + report("other", 41), elf), Cost(40, 0, 0, 384))

    def test_no_kernel_and_several_are_no_measurement(self):
        elf = object_file('.section .text.one,"ax"\n.skip 384\n')
        for text in ("", report("other", 40), report("one", 40) + report("one_more", 40)):
            with self.assertRaisesRegex(RuntimeError, "wanted one kernel like one"):
                cost_of("one", text, elf)

    def test_a_file_that_is_no_elf_is_refused(self):
        for data in (b"", b"MZ\x90", b"\x7fELF\x01\x01" + bytes(64)):
            with self.assertRaisesRegex(RuntimeError, "not a 64-bit"):
                section_sizes(data)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
