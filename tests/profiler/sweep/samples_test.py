#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The committed sample traces are whole, of a clean revision, and can be reported and exported."""
import glob
import json
import pathlib
import unittest

from program import folder, kvroof

ROOT = pathlib.Path(__file__).resolve().parents[3]
SAMPLES = sorted(glob.glob(str(ROOT / "traces/samples/*.jsonl")))


class Samples(unittest.TestCase):
    def test_there_are_some_and_the_readme_names_each(self):
        self.assertTrue(SAMPLES)
        readme = (pathlib.Path(SAMPLES[0]).parent / "README.md").read_text()
        for path in SAMPLES:
            self.assertIn(f"`{pathlib.Path(path).name}`", readme)

    def test_every_record_says_where_its_numbers_come_from(self):
        for path in SAMPLES:
            with open(path) as file:
                lines = [json.loads(line) for line in file]
            environments = [one for one in lines if one["line"] == "environment"]
            self.assertTrue(environments, path)
            for one in environments:
                self.assertFalse(one["git_dirty"], path)
                self.assertRegex(one["git_revision"], "^[0-9a-f]{12}$")
            for one in (one for one in lines if one["line"] == "record"):
                for time in one.get("times", []):
                    self.assertIn(time["provenance"], ("measured", "modelled"))
                    self.assertEqual(time["provenance"] == "measured", one["backend"] == "cuda")

    def test_reports_exports_and_crossover_work_on_those_of_kernels(self):
        with folder() as place:
            for path in (path for path in SAMPLES if "\"times\":" in pathlib.Path(path).read_text()):
                self.assertIn("Roofline", kvroof("report", path).stdout)
                done = kvroof("export", path, "--csv", f"{place}/a.csv", "--md", f"{place}/a.md", "--chrome-trace",
                              f"{place}/a.json", "--google-benchmark", f"{place}/g.json", "--sqlite", f"{place}/a.db")
                self.assertEqual(done.returncode, 0, done.stderr)
                with open(f"{place}/g.json") as file:
                    benchmarks = json.load(file)["benchmarks"]
                for one in benchmarks:  # what compare.py of Google Benchmark reads
                    self.assertTrue({"name", "run_type", "real_time", "cpu_time", "time_unit"} <= set(one), one)
                with open(f"{place}/a.json") as file:
                    self.assertIn("traceEvents", json.load(file))
                crossover = kvroof("report", "--crossover", "h200", path, "--json", "-")
                points = json.loads(crossover.stdout)["points"]
                self.assertTrue(any(point["speedup_over_dense"] for point in points), path)

    def test_the_page_on_measuring_shows_what_counters_prints(self):
        done = kvroof("counters", str(ROOT / "traces/samples/h200-simulated.jsonl"),
                      str(ROOT / "traces/samples/h200.jsonl"), "--kv-len", "1024,2048,4096", "--md", "-")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("| mma instructions |", done.stdout)
        self.assertIn(done.stdout.strip(), (ROOT / "docs/measuring.md").read_text())


if __name__ == "__main__":
    unittest.main()
