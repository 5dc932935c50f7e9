#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Bad input gives exit code 2 and one clear sentence on stderr, nothing on stdout, and no crash."""
import os
import pathlib
import stat
import unittest

from program import folder, kvroof, plain_cache, safetensors, tensor


def lying_shape(header):
    header["keys"]["shape"] = [1, 2, 2 ** 40, 128]
    return header


def overlapping(header):
    header["values"]["data_offsets"] = header["keys"]["data_offsets"]
    return header


def without_values(header):
    del header["values"]
    return header


# arguments of validate -> what stderr must say
ARGUMENTS = {
    "--bogus": "not expected: --bogus",
    "stray": "not expected: stray",
    "--kv-len 0": "no token",
    "--kv-len -5": "must not be negative, got -5",
    "--kv-len 1e99": "--kv-len = 1e99",
    "--kv-len 4294967297": "--kv-len = 4294967297",
    "--kv-len abc": "--kv-len = abc",
    "--kv-len 0x": "--kv-len = 0x",
    "--kv-len=": "--kv-len",
    "--kv-len 10,20": "one per sequence (1), got 2",
    "--kv-len 0,0 --batch 2": "no token",
    "--kv-len 2000000000": "GiB of memory",
    "--batch 0": "batch must be positive, got 0",
    "--batch -1": "batch must be positive, got -1",
    "--batch 2000000000 --kv-len 1": "GiB of memory",
    "--batch 70000 --kv-heads 1 --query-heads 1 --kv-len 1 --window 0": "at most 65535",
    "--kv-heads 0": "kv heads (0)",
    "--kv-heads 3": "query heads (32) must be a positive multiple of kv heads (3)",
    "--query-heads 9": "query heads (9)",
    "--query-heads 136 --kv-len 70": "at most 16 query heads may share a kv head, got 17",
    "--query-heads 2147483647 --kv-heads 1": "GiB of memory",
    "--head-dim 96 --kv-len 70": "head_dim must be",
    "--head-dim 0": "got 0",
    "--head-dim -128": "got -128",
    "--head-dim 127": "got 127",
    "--sparsity 1": "below 1, got 1",
    "--sparsity -0.1": "got -0.1",
    "--sparsity nan": "got nan",
    "--sparsity inf": "got inf",
    "--sparsity abc": "--sparsity = abc",
    "--sparsity 0.5,2": "got 2",
    "--kept 0": "kept must be 1 to head_dim (128), got 0",
    "--kept -1": "got -1",
    "--kept 129": "got 129",
    "--kept 1.5": "--kept = 1.5",
    "--kept 64 --sparsity 0.5": "excludes",
    "--key-rule per_channel_magnitude": "per_channel_magnitude not in",
    "--value-rule magic": "magic not in",
    "--append 1 --kv-len 70 --key-rule published": "got published, which looks at more than the row",
    "--append 1 --kv-len 70 --value-rule per_channel_magnitude": "a cache packed at once takes it",
    "--append 1 --kv-len 70 --sinks 4": "got 4 sinks, which keep everything",
    "--method mustafar --value-rule per_channel_magnitude --kept 63": "a multiple of 4 is needed",
    "--key-rule none --kept 64": "without a rule all 128 channels of the keys are kept",
    "--value-sparsity 1": "below 1, got 1",
    "--kept 64 --value-sparsity 0.5": "excludes",
    "--method two_four --kept 40": "--kept: method two_four does not heed it: it keeps 64 of 128",
    "--method two_four --sparsity 0.7": "--sparsity: method two_four does not heed it",
    "--method two_four --sparsity 0.5,0.7": "--sparsity: method two_four does not heed it",
    "--method two_four --sparsity 0.5 --value-sparsity 0.7": "--value-sparsity: method two_four",
    "--method two_four --value-rule think": "its rule for values is 2:4_tokens",
    "--method two_four --sinks 4": "--sinks: method two_four does not heed it",
    "--method two_four --append 70": "--append: method two_four does not heed it",
    "--method think --sinks 4": "it keeps no sinks apart; leave it out, or choose another method",
    "--method think --append 70": "its cache does not grow",
    "--method think --key-rule published": "its rule for keys is think",
    "--method dense --kept 40": "it keeps 128 of 128 channels of the keys",
    "--method dense --kept 40 --key-rule think": "--key-rule: method dense does not heed it",
    "--method dense --sparsity 0.7": "--sparsity: method dense does not heed it",
    "--method dense --append 70": "--append: method dense does not heed it",
    "--method dense --window 64": "it prunes nothing, so it has no window",
    "--method cublas --kept 40": "--kept: method cublas does not heed it",
    "--method cublas --blocks 5": "--blocks: method cublas does not heed it",
    "--method cublas --batch 2 --kv-len 10,20": "a batched product has one length",
    "--method mustafar --append 70": "--append: method mustafar does not heed it",
    "--method mustafar --blocks 5": "the shape decides its blocks",
    "--key-rule 2:4 --sparsity 0.7": "--sparsity: 2:4 prunes a half, sparsity 0.5, got 0.7",
    "--key-rule 2:4 --sparsity 0.5,0.7": "2:4 prunes a half, sparsity 0.5, got 0.7",
    "--value-rule 4:8 --value-sparsity 0.7": "--value-sparsity: 4:8 prunes a half",
    "--value-rule 4:8 --sparsity 0.7": "--sparsity: 4:8 prunes a half",
    "--key-rule 2:4 --kept 96": "2:4 keeps a half, 64 of 128 channels, got 96 for the keys",
    "--key-rule none --value-rule none --sparsity 0.7": "without a rule for keys or values nothing is pruned",
    "--sinks -1": "sinks must not be negative, got -1",
    "--append -1": "appended tokens must not be negative, got -1",
    "--append 71 --kv-len 70": "71 tokens of every sequence are appended, the shortest has 70",
    "--append 1 --kv-len 70 --key-rule think": "a cache that grows prunes per token by magnitude",
    "--window -1": "window must be",
    "--window 2147483647": "window must be",
    "--window 2147483000 --kv-len 1": "GiB of memory",
    "--blocks -1": "blocks must be",
    "--blocks 2000000000": "blocks must be",
    "--seed -1": "whole number from 0 to 2^64 - 1, got -1",
    "--seed 1e3": "got 1e3",
    "--seed 99999999999999999999": "got 99999999999999999999",
    "--outlier-strength nan --kv-len 1": "got nan",
    "--outlier-strength 101 --kv-len 1": "got 101",
    "--dtype f32": "f32 not in",
    "--backend gpu": "gpu not in",
    "--device -1": "--device",
    "--suite everything": "everything not in",
    "--suite smoke --kv-len 100": "excludes",
    "--suite smoke --seed 4": "excludes",
    "--suite smoke --kv x.safetensors": "excludes",
    "--kv /nonexistent/x.safetensors": "/nonexistent/x.safetensors: no such file",
    "--kv /": "not a regular file",
    "--kv /dev/null": "not a regular file",
    "--kv x.safetensors --kv-len 100": "excludes",
    "--json": "--json",
    "--kv-len 1 --json /nonexistent/folder/x.json": "cannot write /nonexistent/folder/x.json",
    "--kv-len 1 --json /": "cannot write /",
}


class BadInput(unittest.TestCase):
    def refused(self, arguments, sentence):
        result = kvroof(*arguments)
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertIn(sentence, result.stderr)
        self.assertEqual(result.stdout, "")
        self.assertLess(len(result.stderr), 600, "a sentence, not a page")
        return result

    def test_arguments_that_cannot_be_used(self):
        self.assertGreaterEqual(len(ARGUMENTS), 25)
        for line, sentence in ARGUMENTS.items():
            with self.subTest(arguments=line):
                extra = [] if "--backend" in line or "--suite" in line else ["--backend", "sim"]
                self.refused(["validate", *extra, *line.split()], sentence)

    def test_no_command_or_an_unknown_one(self):
        self.refused([], "a command is needed: validate, sweep, report")
        self.refused(["--bogus"], "--bogus")
        self.refused(["frobnicate"], "frobnicate")
        self.refused(["devices", "extra"], "extra")

    def test_files_that_are_no_cache(self):
        with folder() as here:
            path = os.path.join(here, "x.safetensors")
            cases = {
                "empty": (lambda: pathlib.Path(path).write_bytes(b""), "0 bytes are too few"),
                "text": (lambda: pathlib.Path(path).write_text("this is no cache at all\n"), "header of"),
                "truncated": (lambda: plain_cache(path, cut=1), "values"),
                "cut in the header": (lambda: plain_cache(path, cut=2 * 2 * 70 * 128 * 2 + 5),
                                      "truncated"),
                "lying shape": (lambda: plain_cache(path, change_header=lying_shape),
                                "does not match"),
                "overlap": (lambda: plain_cache(path, change_header=overlapping), "values"),
                "no values": (lambda: plain_cache(path, change_header=without_values), "bytes"),
                "header is a list": (lambda: plain_cache(path, change_header=lambda h: [h]),
                                     "JSON object"),
                "no token": (lambda: plain_cache(path, kv_len=0), "at least 1"),
            }
            for name, (write, sentence) in cases.items():
                with self.subTest(file=name):
                    write()
                    result = kvroof("validate", "--backend", "sim", "--kv", path)
                    self.assertEqual(result.returncode, 2, result.stderr)
                    self.assertIn("x.safetensors", result.stderr)
                    self.assertIn(sentence, result.stderr)
                    self.assertEqual(result.stdout, "")

    def test_a_file_whose_shapes_have_no_kernel(self):
        with folder() as here:
            path = os.path.join(here, "x.safetensors")
            plain_cache(path, head_dim=96)
            self.refused(["validate", "--backend", "sim", "--kv", path], "head_dim must be")
            self.refused(["validate", "--backend", "sim", "--kv", path, "--kept", "97"],
                         "kept must be 1 to head_dim (96), got 97")
            plain_cache(path)
            self.refused(["validate", "--backend", "sim", "--kv", path, "--query-heads", "3"],
                         "3")
            shape = (1, 2, 70, 128)
            safetensors(path, {"keys": tensor(shape, lambda i: 1.0),
                               "values": tensor(shape, lambda i: 1.0),
                               "queries": tensor((1, 3, 1, 128), lambda i: 1.0)})
            self.refused(["validate", "--backend", "sim", "--kv", path], "queries has shape")

    def test_a_number_that_the_dtype_cannot_hold(self):
        with folder() as here:
            path = os.path.join(here, "x.safetensors")
            big = tensor((1, 1, 3, 128), lambda i: 1e30, "BF16")
            safetensors(path, {"keys": big, "values": big})
            self.refused(["validate", "--backend", "sim", "--query-heads", "1", "--kv", path],
                         "choose another dtype")

    @unittest.skipIf(os.geteuid() == 0, "root may write anywhere")
    def test_a_folder_that_may_not_be_written(self):
        with folder() as here:
            os.chmod(here, stat.S_IRUSR | stat.S_IXUSR)
            self.refused(["validate", "--backend", "sim", "--kv-len", "1", "--json",
                          os.path.join(here, "x.json")], "cannot write")


if __name__ == "__main__":
    unittest.main()
