#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kvroof predict as a user calls it: what it prints, and that bad input ends in one sentence."""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

SMALL = ("--kv-len", "500", "--query-heads", "8", "--kv-heads", "2", "--sample", "1")


def predict(*arguments):
    return subprocess.run([os.environ["KVROOF"], "predict", *arguments], text=True, capture_output=True,
                          timeout=120, check=False)


class Predict(unittest.TestCase):
    def test_prints_a_line_per_device_and_says_that_it_is_modelled(self):
        result = predict(*SMALL, "--on", "h200,l40s,rtx-4090")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("Modelled", result.stdout)
        self.assertIn("not yet validated", result.stdout)
        self.assertEqual([line.split()[0] for line in result.stdout.splitlines()[3:]],
                         ["h200", "l40s", "rtx-4090"])

    def test_writes_json_with_provenance_of_every_parameter(self):
        result = predict(*SMALL, "--on", "b200", "--json", "-")
        document = json.loads(result.stdout)
        self.assertEqual(document["provenance"], "modelled")
        self.assertEqual(document["status"], "not yet validated on these kernels")
        prediction = document["cases"][0]["predictions"][0]
        self.assertFalse(prediction["validated"])
        names = [term["name"] for term in prediction["terms"]]
        self.assertIn(prediction["binding"], names)
        for term in prediction["fixed"] + prediction["terms"]:
            for parameter in term["parameters"]:
                self.assertTrue(parameter["source"] and parameter["date"] and parameter["confidence"])

    def test_repeats_itself(self):
        self.assertEqual(predict(*SMALL).stdout, predict(*SMALL).stdout)

    def test_lists_devices_and_their_sources(self):
        result = predict("--list", "-v")
        self.assertIn("rtx-6000-ada", result.stdout)
        self.assertIn("from_memory", result.stdout)
        self.assertIn("guessed", result.stdout)

    def test_refuses_bad_input_with_one_sentence_and_code_2(self):
        cases = [
            (("--on", "h300"), "no device \"h300\""),
            (("--on", ""), "no device \"\""),
            (("--devices", "/nonexistent.json"), "/nonexistent.json"),
            (("--kv-len", "0"), "kv_len"),
            (("--kv-len", "-5"), "kv_len"),
            (("--batch", "0"), "batch"),
            (("--query-heads", "7"), "multiple of kv heads"),
            (("--query-heads", "136"), "at most"),
            (("--head-dim", "100"), "head_dim"),
            (("--kept", "129"), "kept"),
            (("--sparsity", "1.5"), "sparsity"),
            (("--sparsity", "nan"), "sparsity"),
            (("--registers", "0"), "--registers"),
            (("--registers", "256"), "--registers"),
            (("--sample", "-1"), "--sample"),
            (("--launch", "wave"), "--launch"),
            (("--l2", "tepid"), "--l2"),
            (("--window", "-1"), "window"),
            (("--blocks", "-1"), "blocks"),
            (("--kv-len", "100,200"), "kv_len"),
        ]
        for arguments, expected in cases:
            with self.subTest(arguments=arguments):
                result = predict(*arguments)
                self.assertIn(expected, result.stderr)
                self.assertEqual(result.stdout, "")
                self.assertGreater(result.returncode, 0)
                if not expected.startswith("--"):
                    self.assertEqual(result.returncode, 2, result.stderr)
                    self.assertEqual(len(result.stderr.splitlines()), 1, result.stderr)

    def test_names_file_device_and_field_of_a_bad_catalogue(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "mine.json")
            path.write_text(json.dumps({
                "version": 1, "sources": {"me": {"text": "measured here", "date": "2026-01-01"}},
                "devices": [{"name": "mine", "like": "h200",
                             "l2_mb": {"value": -1, "confidence": "measured", "source": "me"}}]}))
            result = predict("--devices", str(path), "--on", "mine")
            self.assertEqual(result.returncode, 2)
            self.assertIn(f"{path}: device mine: field l2_mb", result.stderr)

    def test_fails_with_code_1_when_the_result_cannot_be_written(self):
        result = predict(*SMALL, "--json", "/nonexistent/predictions.json")
        self.assertEqual(result.returncode, 1)
        self.assertIn("/nonexistent/predictions.json", result.stderr)


if __name__ == "__main__":
    unittest.main()
