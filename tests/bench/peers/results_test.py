#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The tables of docs/kernels/attention.md against the run they are of, h200.jsonl."""
import json
import pathlib
import unittest

import table

FOLDER = pathlib.Path(__file__).resolve().parent
PAGE = FOLDER.parents[2] / "docs" / "kernels" / "attention.md"
SPARSE = {64: "kvroof-decode-64-of-128", 40: "kvroof-decode-40-of-128", 90: "kvroof-decode-90-of-128"}
CUDNN, FLASH = ("sdpa-cudnn-gqa", "sdpa-cudnn-folded"), ("sdpa-flash-gqa", "sdpa-flash-folded")
PEERS = [CUDNN, FLASH, ("flashinfer-f16",), ("flashinfer-fp8",), ("kvroof-dense",), ("kvroof-cublas",), ("kvroof-decode_2_4",)]


def rows_below(heading):
    """The cells of the table that begins with this line."""
    lines = iter(PAGE.read_text().splitlines())
    for line in lines:
        if line.startswith(heading):
            break
    next(lines)  # |---|
    rows = []
    for line in lines:
        if not line.startswith("|"):
            return rows
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


class Results(unittest.TestCase):
    def setUp(self):
        records = [json.loads(line) for line in (FOLDER / "h200.jsonl").read_text().splitlines()]
        self.median, fastest = {}, {}
        for one in records:
            if "median_us" not in one:
                continue
            shape = table.shape_name(one).replace(" x ", " × ")
            self.median[shape, one["peer"]] = one["median_us"]
            if table.DENSE.match(one["peer"]):
                fastest[shape] = min(fastest.get(shape, float("inf")), one["median_us"])
        self.fastest = fastest

    def test_the_sparse_decode_has_the_times_and_ratios_of_the_run(self):
        rows = rows_below("| batch × kv_len, query/kv heads | k = 64: µs")
        self.assertEqual({row[0] for row in rows}, set(self.fastest))
        for shape, *cells in rows:
            for kept, micros, ratio in ((64, cells[0], cells[2]), (40, cells[3], cells[5]), (90, cells[6], cells[7])):
                median = self.median[shape, SPARSE[kept]]
                self.assertAlmostEqual(float(micros), median, delta=0.051, msg=f"{shape}, k = {kept}")
                self.assertAlmostEqual(float(ratio), self.fastest[shape] / median, delta=0.0051, msg=f"{shape}, k = {kept}")

    def test_peers_have_the_times_of_the_run(self):
        rows = rows_below("| peers in that run, µs")
        self.assertEqual({row[0] for row in rows}, set(self.fastest))
        for shape, *cells in rows:
            self.assertEqual(len(cells), len(PEERS) + 1)  # and the share of the floor, which is computed elsewhere
            for names, micros in zip(PEERS, cells):
                self.assertAlmostEqual(float(micros), min(self.median[shape, name] for name in names), delta=0.051,
                                       msg=f"{shape}, {names[0]}")


if __name__ == "__main__":
    unittest.main()
