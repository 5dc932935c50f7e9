#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kvroof inspect and kvroof fidelity as a user calls them."""
import csv
import io
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
SMALL = ("--kv-len", "300", "--query-heads", "4", "--kv-heads", "2")


def kvroof(*arguments):
    return subprocess.run([os.environ["KVROOF"], *arguments], text=True, capture_output=True,
                          timeout=120, check=False)


class Inspect(unittest.TestCase):
    def test_prints_a_line_per_side_and_head(self):
        result = kvroof("inspect", *SMALL)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual([line.split()[:2] for line in result.stdout.splitlines()[2:6]],
                         [["keys", "0"], ["keys", "1"], ["values", "0"], ["values", "1"]])

    def test_writes_channels_and_tokens_as_csv(self):
        rows = list(csv.DictReader(io.StringIO(kvroof("inspect", *SMALL, "--csv", "-").stdout)))
        self.assertEqual(len(rows), 4 * (128 + 300))
        self.assertEqual(rows[0]["line"], "channel")
        self.assertGreater(float(rows[0]["max_magnitude"]), float(rows[0]["mean_magnitude"]))

    def test_repeats_itself(self):
        call = ("inspect", *SMALL, "--json", "-")
        self.assertEqual(kvroof(*call).stdout, kvroof(*call).stdout)


class Fidelity(unittest.TestCase):
    def test_pairs_every_rule_of_keys_with_every_rule_of_values(self):
        result = kvroof("fidelity", *SMALL, "--keys", "think,none", "--values", "2:4,published",
                        "--sparsity", "0.5", "--formats", "dense", "--json", "-")
        rows = [row for row in json.loads(result.stdout)["results"] if row["kv_head"] is None]
        self.assertEqual([(row["key_rule"], row["value_rule"]) for row in rows],
                         [("think", "2:4"), ("think", "published"), ("none", "2:4"), ("none", "published")])

    def test_says_which_rules_of_a_list_it_leaves_out(self):
        for keys in ("2:4,think", "all"):
            result = kvroof("fidelity", *SMALL, "--keys", keys, "--sparsity", "0.7", "--formats", "dense",
                            "--json", "-")
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertRegex(result.stderr, r"2:4.* left out at 0\.7: N:M prunes a half")
            self.assertNotIn("2:4", result.stdout)
        result = kvroof("fidelity", *SMALL, "--keys", "2:4,think", "--sparsity", "0.5", "--json", "-")
        self.assertNotIn("left out", result.stderr)

    def test_has_the_same_names_and_models_as_formats(self):
        listed = json.loads(kvroof("formats", "--tokens", "256", "--json", "-").stdout)["formats"]
        result = kvroof("fidelity", *SMALL, "--keys", "per_token_magnitude", "--values",
                        "per_token_magnitude", "--sparsity", "0.5", "--window", "0", "--formats", "all", "--json", "-")
        here = {row["format"] for row in json.loads(result.stdout)["results"]}
        result = kvroof("fidelity", *SMALL, "--keys", "2:4", "--values", "2:4_tokens",
                        "--sparsity", "0.5", "--window", "0", "--formats", "all", "--json", "-")
        here |= {row["format"] for row in json.loads(result.stdout)["results"]}
        for name in {row["format"] for row in listed} - {"n_of_m"}:
            self.assertIn(name, here)

    def test_takes_a_sparsity_of_its_own_for_values(self):
        result = kvroof("fidelity", *SMALL, "--keys", "per_token_magnitude", "--values", "per_token_magnitude",
                        "--sparsity", "0,0.99", "--value-sparsity", "0.7", "--formats", "dense", "--json", "-")
        rows = [row for row in json.loads(result.stdout)["results"] if row["kv_head"] is None]
        self.assertEqual([(row["key_kept_share"], row["value_kept_share"]) for row in rows],
                         [(1, 0.3125), (0.0625, 0.3125)])

    def test_writes_a_trace(self):
        with tempfile.TemporaryDirectory(prefix="kvroof-fidelity-") as folder:
            path = pathlib.Path(folder, "t.jsonl")
            self.assertEqual(kvroof("fidelity", *SMALL, "-o", str(path)).returncode, 0)
            lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
            records = [line for line in lines if line["line"] == "record"]
            self.assertTrue(records)
            for record in records:
                self.assertIn("output_cosine", record["fidelity"])
                self.assertEqual(record["fidelity"]["output_cosine"]["provenance"], "modelled")
            self.assertEqual(kvroof("report", str(path)).returncode, 0)

    def test_lists_the_counts_that_the_documentation_shows(self):
        table = kvroof("fidelity", "--list", "--md", "-").stdout
        self.assertIn("| published ", table)
        page = REPOSITORY.joinpath("docs/kernels/prune.md").read_text(encoding="utf-8")
        self.assertIn(table.strip(), page)


class Documentation(unittest.TestCase):
    def test_shows_what_its_commands_print(self):
        page = REPOSITORY.joinpath("docs/fidelity.md").read_text(encoding="utf-8")
        commands = re.findall(r"<!-- kvroof (.*) -->", page)
        self.assertGreater(len(commands), 3)
        for command in commands:
            with self.subTest(command=command):
                printed = kvroof(*command.split()).stdout.strip()
                self.assertIn(f"<!-- kvroof {command} -->\n\n{printed}\n", page)


class BadInput(unittest.TestCase):
    def test_ends_in_one_sentence_and_code_2(self):
        cases = [
            (("inspect", "--sequence", "1"), "sequence must be 0 to 0, got 1"),
            (("inspect", "--outlier-ratio", "nan"), "must be a number from"),
            (("inspect", "--kv", "/nonexistent"), "/nonexistent"),
            (("inspect", "--keys", "per_channel_magnitude"), "no rule for keys"),
            (("inspect", "--sparsity", "1"), "sparsity"),
            (("inspect", "--csv", "-", "--json", "-"), "only one of"),
            (("inspect", "--json", "/nonexistent/x"), "cannot write"),
            (("inspect", "--kv-len", "0"), "kv-len"),
            (("inspect", "--window", "-1"), "window"),
            (("inspect", "--query-heads", "7"), "multiple of kv_heads"),
            (("fidelity", "--keys", "magic"), "no pruning rule \"magic\""),
            (("fidelity", "--values", "per_token_output_aware"), "no rule for values"),
            (("fidelity", "--keys", "2:4", "--sparsity", "0.7"), "--sparsity: 2:4 prunes a half"),
            (("fidelity", "--keys", "2:4", "--sparsity", "0.3,0.7"), "no rule is left"),
            (("fidelity", "--values", "4:8", "--keys", "think", "--value-sparsity", "0.7"),
             "--value-sparsity: 4:8 prunes a half"),
            (("inspect", "--keys", "2:4", "--sparsity", "0.7"), "--sparsity: 2:4 prunes a half"),
            (("inspect", "--values", "2:4_tokens", "--sparsity", "0.7"), "2:4_tokens prunes a half"),
            (("inspect", "--keys", "2:4_tokens"), "no rule for keys"),
            (("inspect", "--keys", "all"), "one rule per side"),
            (("fidelity", "--formats", "zip"), "no format \"zip\""),
            (("fidelity", "--top-p", "0"), "top-p"),
            (("fidelity", "--sparsity", "-0.1"), "sparsity"),
            (("fidelity", "--head-dim", "100", "--kv-len", "200"), "head_dim"),
            (("fidelity", "-o", "/nonexistent/t.jsonl"), "/nonexistent"),
        ]
        for arguments, wanted in cases:
            with self.subTest(arguments=arguments):
                result = kvroof(*arguments)
                self.assertEqual(result.returncode, 2, result.stderr)
                self.assertIn(wanted, result.stderr)
                self.assertEqual(result.stdout, "")


if __name__ == "__main__":
    unittest.main()
