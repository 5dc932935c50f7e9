#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A sweep that is killed, interrupted, cut or split loses at most the configuration in flight."""
import json
import os
import random
import signal
import subprocess
import time
import unittest

from program import KVROOF, TINY, folder, kvroof, lengths, lines, records, sweep

KV_LENGTHS = list(range(33, 433, 25))
AXIS = ["-a", "kv_len=[33:432:25]"]
KILLS = int(os.environ.get("KVROOF_KILLS", "20"))  # docs/cli.md: a hundred by hand


def start(path):
    return subprocess.Popen([KVROOF, "sweep", "--backend", "sim", *TINY, *AXIS, "-o", path, "--resume"],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def count_lines(path):
    return len(lines(path)) if os.path.exists(path) else 0


def wait_for_lines(path, process, wanted):
    while count_lines(path) < wanted and process.poll() is None:
        time.sleep(0.001)


class Killed(unittest.TestCase):
    def test_at_random_moments_a_sweep_loses_nothing_that_was_finished(self):
        rng = random.Random(KILLS)
        with folder() as place:
            started = time.monotonic()
            start(f"{place}/whole.jsonl").communicate()
            duration = time.monotonic() - started
            kills = 0
            for attempt in range(KILLS):
                path = f"{place}/{attempt}.jsonl"
                kills += self.kill_once(path, rng.uniform(0, duration))
                done = sweep(*AXIS, "-o", path, "--resume")
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(lengths(path), KV_LENGTHS)  # all of them, none twice
            self.assertGreater(kills, KILLS // 4, "hardly any kill hit a running sweep")

    def kill_once(self, path, moment):
        """Kills after `moment` seconds; what was in the file stays in it. 1 when it was running."""
        process = start(path)
        time.sleep(moment)
        before = lines(path) if os.path.exists(path) else []
        running = process.poll() is None
        process.kill()
        process.communicate()
        after = lines(path) if os.path.exists(path) else []
        self.assertEqual(after[:len(before)], before)
        self.assertLessEqual(len(after) - len(before), 3)  # written between the look and the kill
        return int(running)

    def test_a_record_is_in_the_file_before_the_next_configuration_is_finished(self):
        with folder() as place:
            path = f"{place}/t.jsonl"
            process = start(path)
            wait_for_lines(path, process, 2)
            self.assertLess(count_lines(path), 1 + len(KV_LENGTHS), "all came at the end")
            process.communicate()

    def test_a_torn_last_line_is_set_aside_and_its_configuration_run_again(self):
        with folder() as place:
            path = f"{place}/t.jsonl"
            sweep(*AXIS, "-o", path)
            with open(path, "rb+") as file:
                file.truncate(os.path.getsize(path) - 40)
            done = sweep(*AXIS, "-o", path, "--resume")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("torn", done.stderr)
            self.assertEqual(lengths(path), KV_LENGTHS)


class Interrupted(unittest.TestCase):
    def test_finishes_the_configuration_reports_and_exits_with_130(self):
        with folder() as place:
            path = f"{place}/t.jsonl"
            process = start(path)
            wait_for_lines(path, process, 4)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate()
            self.assertEqual(process.returncode, 130, err)
            self.assertIn("interrupted after", err)
            self.assertIn("Results", out)
            finished = lengths(path)
            self.assertEqual(finished, KV_LENGTHS[:len(finished)])
            self.assertLess(len(finished), len(KV_LENGTHS))
            self.assertEqual(sweep(*AXIS, "-o", path, "--resume").returncode, 0)
            self.assertEqual(lengths(path), KV_LENGTHS)


class Resumed(unittest.TestCase):
    def test_runs_only_what_is_missing_and_shows_all(self):
        with folder() as place:
            path = f"{place}/t.jsonl"
            sweep("-a", "kv_len=[64,128]", "-o", path)
            before = lines(path)
            done = sweep("-a", "kv_len=[64,100,128]", "-o", path, "--resume", "--json", "-")
            self.assertEqual(lengths(path), [64, 128, 100])
            self.assertEqual(lines(path)[:len(before)], before)
            shown = json.loads(done.stdout)["configurations"]
            self.assertEqual([one["kv_len"] for one in shown], [64, 100, 128])

    def test_a_finished_sweep_writes_nothing(self):
        with folder() as place:
            path = f"{place}/t.jsonl"
            sweep("-a", "kv_len=64", "-o", path)
            before = lines(path)
            self.assertEqual(sweep("-a", "kv_len=64", "-o", path, "--resume").returncode, 0)
            self.assertEqual(lines(path), before)

    def test_a_timeout_is_tried_again_and_replaced_in_reports(self):
        with folder() as place:
            path = f"{place}/t.jsonl"
            sweep("-a", "kv_len=64", "-o", path, "--timeout", "1e-9")
            self.assertEqual([one["status"] for one in records(path)], ["timeout"])
            sweep("-a", "kv_len=64", "-o", path, "--resume")
            self.assertEqual([one["status"] for one in records(path)], ["timeout", "passed"])
            report = json.loads(kvroof("report", path, "--json", "-").stdout)
            self.assertEqual([one["status"] for one in report["configurations"]], ["passed"])


class Sharded(unittest.TestCase):
    def test_shards_merge_into_the_trace_of_the_whole_sweep(self):
        with folder() as place:
            shards = [f"{place}/{i}.jsonl" for i in range(3)]
            for i, path in enumerate(shards):
                done = sweep(*AXIS, "-o", path, "--shard", f"{i}/3")
                self.assertEqual(done.returncode, 0, done.stderr)
            whole, merged = f"{place}/whole.jsonl", f"{place}/merged.jsonl"
            sweep(*AXIS, "-o", whole)
            done = kvroof("merge", "-o", merged, *shards, shards[0])  # one of them twice
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(sorted(lengths(merged)), KV_LENGTHS)
            compared = kvroof("compare", whole, merged, "--fail-on-regression", "0", "--json", "-")
            self.assertEqual(compared.returncode, 0, compared.stderr)
            verdicts = {one["verdict"] for one in json.loads(compared.stdout)["configurations"]}
            self.assertEqual(verdicts, {"same"})

    def test_a_merged_trace_can_be_resumed(self):
        with folder() as place:
            sweep(*AXIS, "-o", f"{place}/0.jsonl", "--shard", "0/2")
            kvroof("merge", "-o", f"{place}/m.jsonl", f"{place}/0.jsonl")
            sweep(*AXIS, "-o", f"{place}/m.jsonl", "--resume")
            self.assertEqual(sorted(lengths(f"{place}/m.jsonl")), KV_LENGTHS)


if __name__ == "__main__":
    unittest.main()
