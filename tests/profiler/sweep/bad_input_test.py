#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Bad input to sweep, report, compare and merge: a sentence, an exit code, and nothing damaged."""
import json
import os
import resource
import unittest

from program import folder, kvroof, lines, records, sweep

USAGE, FAILURE, REGRESSION, NOTHING_RAN = 2, 1, 4, 5


class BadInput(unittest.TestCase):
    def setUp(self):
        self.folder = folder()
        self.addCleanup(self.folder.cleanup)
        self.trace = self.at("t.jsonl")

    def at(self, name):
        return os.path.join(self.folder.name, name)

    def write(self, name, text):
        with open(self.at(name), "w") as file:
            file.write(text)
        return self.at(name)

    def assert_refused(self, result, code, *words):
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertEqual(result.stdout, "")
        for word in words:
            self.assertIn(word, result.stderr)
        self.assertNotIn("terminate", result.stderr)

    def test_axes_models_and_shards_are_refused_before_a_trace_is_made(self):
        for arguments, word in [
                (["-a", "speed=3"], "speed"), (["-a", "kv_len=[9:1:1]"], "empty"),
                (["-a", "kv_len=[1:9:0]"], "stride"), (["-a", "kernel=prefill"], "prefill"),
                (["--model", "gpt"], "gpt"), (["--model", "llama-3-8b"], "query_heads"),
                (["--shard", "2/2"], "--shard"), (["--timeout", "nan"], "--timeout"),
                (["--timeout", "-1"], "--timeout"), (["--check-rows", "-1"], "--check-rows"),
                (["--model-file", self.at("none.json")], "none.json"),
                (["--model-file", self.write("m.json", "{")], "m.json"),
                (["--csv", "-", "--md", "-"], "stdout"),
                (["--metrics", "smsp__inst_executed.sum"], "--metrics"),
                (["--metrics", "nonsense", "--dry-run"], "--metrics"),
                (["--csv", self.at("no/folder.csv")], "folder.csv")]:
            with self.subTest(arguments=arguments):
                self.assert_refused(sweep("-o", self.trace, *arguments), USAGE, word)
                self.assertFalse(os.path.exists(self.trace))

    def test_a_trace_that_nobody_asked_to_continue_is_left_alone(self):
        sweep("-a", "kv_len=64", "-o", self.trace)
        before = lines(self.trace)
        self.assert_refused(sweep("-a", "kv_len=65", "-o", self.trace), USAGE, "--resume")
        self.assertEqual(lines(self.trace), before)

    def test_a_trace_of_a_newer_schema_is_refused_and_left_alone(self):
        text = '{"schema":99,"line":"record"}\n'
        self.write("t.jsonl", text)
        self.assert_refused(sweep("-o", self.trace, "--resume"), FAILURE, "t.jsonl", "99")
        with open(self.trace) as file:
            self.assertEqual(file.read(), text)
        self.assert_refused(kvroof("report", self.trace), USAGE, "t.jsonl", "99")

    def test_what_is_no_trace_is_refused_and_left_alone(self):
        text = "my thesis, the only copy\n"
        self.write("t.jsonl", text)
        self.assertIn(sweep("-o", self.trace, "--resume").returncode, (USAGE, FAILURE))
        with open(self.trace) as file:
            self.assertEqual(file.read(), text)

    def test_paths_that_cannot_be_written_are_told(self):
        self.write("file", "x")
        self.assert_refused(sweep("-o", self.at("file/t.jsonl")), FAILURE, "file/t.jsonl")
        self.assert_refused(sweep("-o", self.folder.name), FAILURE, self.folder.name)

    def test_a_full_disk_is_an_error(self):
        result = sweep("-a", "kv_len=64", "-o", "/dev/full")
        self.assert_refused(result, FAILURE, "/dev/full")

    def test_a_disk_that_fills_up_leaves_whole_lines_and_resume_does_the_rest(self):
        limit = 20_000  # bytes: some records, not all
        full = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        axis = ["-a", "kv_len=[64:320:64]"]
        result = sweep(*axis, "-o", self.trace, preexec_fn=full)
        self.assert_refused(result, FAILURE, "t.jsonl")
        left = records(self.trace)  # every line is whole
        self.assertGreater(len(left), 0)
        self.assertLess(len(left), 5)
        with open(self.trace, "rb") as file:
            self.assertTrue(file.read().endswith(b"\n"))
        self.assertEqual(sweep(*axis, "-o", self.trace, "--resume").returncode, 0)
        self.assertEqual(len(records(self.trace)), 5)

    def test_a_sweep_that_skips_all_has_an_exit_code_of_its_own(self):
        result = sweep("-a", "head_dim=[96,160]", "-o", self.trace)
        self.assertEqual(result.returncode, NOTHING_RAN, result.stderr)
        self.assertEqual({one["status"] for one in records(self.trace)}, {"skipped"})
        self.assertEqual(sweep("-a", "head_dim=[64,128]").returncode, 0)

    def test_resume_needs_a_trace(self):
        self.assert_refused(sweep("--resume"), USAGE, "-o")

    def test_dry_run_prints_configurations_and_makes_no_trace(self):
        result = sweep("-a", "head_dim=[96,128]", "--dry-run", "--json", "-", "-o", self.trace)
        self.assertEqual(result.returncode, 0, result.stderr)
        plan = json.loads(result.stdout)["configurations"]
        self.assertEqual([one["head_dim"] for one in plan], [96, 128])
        self.assertIn("head_dim must be", plan[0]["skip_reason"])
        self.assertIsNone(plan[1]["skip_reason"])
        self.assertGreater(plan[1]["device_bytes"], 0)
        self.assertGreater(plan[1]["estimated_seconds"], 0)
        self.assertFalse(os.path.exists(self.trace))

    def test_nothing_but_results_goes_to_stdout_and_no_progress_to_a_file(self):
        result = sweep("-a", "kv_len=64", "--json", "-")
        self.assertEqual(json.loads(result.stdout)["schema_version"], 1)
        self.assertEqual(result.stderr, "")

    def test_reports_and_comparisons_of_nothing_are_refused(self):
        sweep("-a", "kv_len=64", "-o", self.trace)
        other = self.at("other.jsonl")
        sweep("-a", "kv_len=65", "-o", other)
        self.assert_refused(kvroof("report", self.at("none.jsonl")), USAGE, "none.jsonl")
        self.assert_refused(kvroof("report", self.folder.name), USAGE, self.folder.name)
        self.assert_refused(kvroof("report"), USAGE, "TRACE")
        self.assert_refused(kvroof("compare", self.trace), USAGE, "NEW")
        self.assert_refused(kvroof("compare", self.trace, other), USAGE, "in common")
        self.assert_refused(kvroof("compare", self.trace, other, "--fail-on-regression", "nan"), USAGE)

    def test_merge_replaces_no_file(self):
        sweep("-a", "kv_len=64", "-o", self.trace)
        before = lines(self.trace)
        self.assert_refused(kvroof("merge", "-o", self.trace, self.trace), USAGE, "t.jsonl")
        self.assertEqual(lines(self.trace), before)
        self.assert_refused(kvroof("merge", "-o", self.at("m.jsonl"), self.at("none")), USAGE, "none")
        self.assertFalse(os.path.exists(self.at("m.jsonl")))

    def test_a_regression_has_an_exit_code_of_its_own(self):
        sweep("-a", "kv_len=256", "-o", self.trace)
        worse = []
        for line in lines(self.trace):
            one = json.loads(line)
            if one["line"] == "record":
                one["traffic"][0]["read_bytes"] *= 1.1
            worse.append(json.dumps(one))
        other = self.write("worse.jsonl", "\n".join(worse) + "\n")
        compare = lambda percent: kvroof("compare", self.trace, other, "--fail-on-regression", percent)
        self.assertEqual(compare("5").returncode, REGRESSION)
        self.assertIn("traffic.dram.read_bytes", compare("5").stderr)
        self.assertEqual(compare("15").returncode, 0)
        self.assertEqual(kvroof("compare", self.trace, other).returncode, 0)
        back = kvroof("compare", other, self.trace, "--fail-on-regression", "0")
        self.assertEqual(back.returncode, 0, back.stderr)


if __name__ == "__main__":
    unittest.main()
