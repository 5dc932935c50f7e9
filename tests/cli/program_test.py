#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What kvroof prints, writes and returns."""
import json
import os
import signal
import subprocess
import time
import unittest

from program import KVROOF, folder, kvroof, plain_cache, safetensors, tensor

SMALL = ["validate", "--backend", "sim", "--kv-len", "70", "--kv-heads", "1", "--query-heads", "2"]


class Program(unittest.TestCase):
    def test_version_names_program_version_and_revision(self):
        result = kvroof("--version")
        self.assertEqual(result.returncode, 0)
        self.assertRegex(result.stdout, r"^kvroof \d+\.\d+\.\d+ \(git [^)]+\)\n$")

    def test_devices_says_what_is_usable(self):
        result = kvroof("devices")
        self.assertEqual(result.returncode, 0)
        self.assertRegex(result.stdout, r"(?m)^sim +usable ")
        self.assertRegex(result.stdout, r"(?m)^cuda( \d+)? +(usable|not here) +\S")

    def test_validate_prints_a_table_that_says_what_each_number_is(self):
        result = kvroof(*SMALL, "--sparsity", "0.5,0.7")
        self.assertEqual(result.returncode, 0, result.stderr)
        for text in ["2 of 2 cases passed on sim", "kept 64/64", "kept 40/40", "pack_keys",
                     "pack_values", "decode_lse", "prune_keys", "prune_values", "formats",
                     "keys per_token_magnitude, sparsity 0.7 requested, 0.6875 effective", "not a GPU's"]:
            self.assertIn(text, result.stdout)
        self.assertEqual(result.stderr, "", "progress belongs to terminals")

    def test_a_ragged_batch_is_validated(self):
        result = kvroof(*SMALL[:3], "--batch", "3", "--kv-len", "0,100,7", "--kv-heads", "1",
                        "--query-heads", "2", "--dtype", "bf16", "--kept", "3")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("0,100,7 tokens", result.stdout)

    def test_what_was_given_is_taken_where_the_method_has_it(self):
        for line in ("--method two_four --sparsity 0.5 --key-rule 2:4 --value-rule 2:4_tokens",
                     "--method two_four --kept 64", "--method dense --kept 128 --blocks 2",
                     "--method think --kept 40 --window 0", "--method mustafar --sinks 4",
                     "--key-rule none --sparsity 0 --value-sparsity 0.7",
                     "--key-rule none --sparsity 0.7"):
            with self.subTest(arguments=line):
                result = kvroof(*SMALL, *line.split())
                self.assertEqual(result.returncode, 0, result.stderr)

    def test_a_run_that_checked_nothing_is_no_success(self):
        result = kvroof(*SMALL, "--method", "cublas")
        self.assertEqual(result.returncode, 5, result.stderr)
        self.assertRegex(result.stdout, r"0 of 1 cases passed on .*, 1 skipped\.")
        self.assertIn("nothing was checked: ", result.stderr)

    def test_auto_says_why_it_simulates(self):
        result = kvroof("validate", *SMALL[3:])
        self.assertEqual(result.returncode, 0, result.stderr)
        if "passed on sim" in result.stdout:
            self.assertIn("since CUDA cannot be used here", result.stderr)

    def test_a_backend_that_is_not_here_fails_with_one_sentence(self):
        if "not here" not in kvroof("devices").stdout:
            self.skipTest("CUDA can be used here")
        result = kvroof("validate", "--backend", "cuda")
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stdout, "")
        self.assertEqual(result.stderr.count("\n"), 1)
        self.assertIn("--backend cuda cannot be used here", result.stderr)

    def test_json_to_stdout_is_json_only(self):
        result = kvroof(*SMALL, "--json", "-")
        self.assertEqual(result.returncode, 0, result.stderr)
        document = json.loads(result.stdout)
        self.assertEqual(document["schema_version"], 1)
        self.assertEqual(document["environment"]["argv"][1:], [*SMALL, "--json", "-"])
        self.assertEqual([case["kernel"] for case in document["cases"]],
                         ["prune_keys", "prune_values", "formats", "pack_keys", "pack_values", "decode",
                          "decode_lse"])

    def test_json_to_a_file_comes_beside_the_table(self):
        with folder() as here:
            path = os.path.join(here, "x.json")
            result = kvroof(*SMALL, "--json", path)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn("1 of 1 cases passed", result.stdout)
            with open(path, encoding="utf-8") as file:
                self.assertEqual(len(json.load(file)["cases"]), 7)

    def test_json_survives_a_file_name_that_is_no_text(self):
        with folder() as here:
            path = os.path.join(os.fsencode(here), b"\xff.json")
            result = subprocess.run([KVROOF, *SMALL, "--json", path], check=False,
                                    capture_output=True)
            self.assertEqual(result.returncode, 0, result.stderr)
            with open(path, encoding="utf-8") as file:
                self.assertIn("\ufffd.json", json.load(file)["environment"]["argv"][-1])

    def test_a_full_disk_is_a_failure(self):
        result = kvroof(*SMALL, "--json", "/dev/full")
        self.assertEqual(result.returncode, 1)
        self.assertIn("cannot write all of /dev/full: No space left", result.stderr)
        with open("/dev/full", "w", encoding="utf-8") as full:
            result = kvroof("devices", stdout=full)
        self.assertEqual(result.returncode, 1)
        self.assertIn("standard output", result.stderr)

    def test_a_file_is_validated_with_and_without_queries(self):
        with folder() as here:
            path = os.path.join(here, "x.safetensors")
            plain_cache(path, kv_len=130)
            result = kvroof("validate", "--backend", "sim", "--kv", path, "--query-heads", "4")
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn("1 x 4/2 heads x 130 tokens x 128", result.stdout)
            shape = (2, 1, 40, 128)
            wave = lambda i: (i * 7 % 23 - 11) / 8
            safetensors(path, {"keys": tensor(shape, wave), "values": tensor(shape, wave),
                               "queries": tensor((2, 3, 2, 128), wave)})
            result = kvroof("validate", "--backend", "sim", "--kv", path, "--sparsity", "0.5,0.9")
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn("2 x 3/1 heads x 40 tokens", result.stdout)
            self.assertIn("2 of 2 cases passed", result.stdout)

    def test_a_cache_beyond_the_arithmetic_of_the_kernel_fails_validation(self):
        # Scores near 1e50 exist in double precision and not in the kernel's float.
        with folder() as here:
            path = os.path.join(here, "x.safetensors")
            shape = (1, 1, 5, 128)
            safetensors(path, {"keys": tensor(shape, lambda i: 1e25 * (1 + i // 128), "BF16"),
                               "values": tensor(shape, lambda i: float(i // 128), "BF16"),
                               "queries": tensor((1, 1, 1, 128), lambda i: 1e25, "BF16")})
            result = kvroof("validate", "--backend", "sim", "--dtype", "bf16", "--kv", path)
            self.assertEqual(result.returncode, 3, result.stderr)
            self.assertRegex(result.stdout, r"(?m)^  decode +failed +.*NaN or infinity")
            self.assertIn("0 of 1 cases passed", result.stdout)
            result = kvroof("validate", "--backend", "sim", "--dtype", "bf16", "--kv", path,
                            "--json", "-")
            self.assertEqual(result.returncode, 3)
            decode = json.loads(result.stdout)["cases"][5]
            self.assertEqual((decode["kernel"], decode["status"]), ("decode", "failed"))
            self.assertTrue(decode["reason"])


class Interrupt(unittest.TestCase):
    def start(self, *arguments):
        return subprocess.Popen([KVROOF, "validate", "--backend", "sim", *arguments], text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def test_shows_what_is_done_and_returns_130(self):
        process = self.start("--suite", "full")
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 130, stderr)
        self.assertRegex(stderr, r"interrupted after \d+ of \d+ cases")
        self.assertRegex(stdout, r"\d+ of \d+ cases passed on sim")

    def test_twice_ends_at_once(self):
        process = self.start("--kv-len", "200000")
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
        self.assertEqual(process.returncode, -signal.SIGINT)


if __name__ == "__main__":
    unittest.main()
