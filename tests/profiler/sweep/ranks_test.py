#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ranks of mpirun share a sweep; a rank that is lost loses nothing that was finished."""
import glob
import json
import os
import signal
import subprocess
import sys
import time
import unittest

from program import KVROOF, TINY, folder, kvroof, lengths, lines, sweep

MPIRUN = os.environ.get("MPIRUN", "")
KV_LENGTHS = list(range(40, 1000, 40))
AXIS = ["-a", "kv_len=[40:960:40]"]
# Containers run tests as root, and small machines have fewer cores than ranks.
ENVIRONMENT = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
               "OMPI_MCA_rmaps_base_oversubscribe": "1", "OMPI_MCA_btl_vader_single_copy_mechanism": "none"}


def ranks(count, path, *arguments):
    return subprocess.Popen([MPIRUN, "-n", str(count), KVROOF, "sweep", "--backend", "sim", *TINY, *AXIS,
                             "-o", path, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, env=ENVIRONMENT)


def run(count, path, *arguments):
    process = ranks(count, path, *arguments)
    process.stdout_text, process.stderr_text = process.communicate(timeout=300)
    return process


def rank_files(place):
    return sorted(os.path.basename(path) for path in glob.glob(f"{place}/*.rank*"))


def finished(place):
    return sorted(length for path in glob.glob(f"{place}/t*.jsonl") for length in lengths(path))


def a_rank_of(path):
    """The process id of a rank that has written something."""
    for name in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(name, "rb") as file:
                words = file.read().split(b"\0")
        except OSError:
            continue
        if words[0] == KVROOF.encode() and path.encode() in words:
            return int(name.split("/")[2])
    return None


class Ranks(unittest.TestCase):
    def assert_equals_one_process(self, count):
        with folder() as place:
            done = run(count, f"{place}/t.jsonl", "--json", "-")
            self.assertEqual(done.returncode, 0, done.stderr_text)
            shown = [one["kv_len"] for one in json.loads(done.stdout_text)["configurations"]]
            self.assertEqual(shown, KV_LENGTHS)  # the table once, of all ranks
            self.assertEqual(sorted(lengths(f"{place}/t.jsonl")), KV_LENGTHS)
            self.assertEqual(rank_files(place), [])
            sweep(*AXIS, "-o", f"{place}/alone.jsonl")
            compared = kvroof("compare", f"{place}/alone.jsonl", f"{place}/t.jsonl", "--json", "-")
            verdicts = {one["verdict"] for one in json.loads(compared.stdout)["configurations"]}
            self.assertEqual(verdicts, {"same"})

    def test_two_do_what_one_process_does(self):
        self.assert_equals_one_process(2)

    def test_three_do_what_one_process_does(self):
        self.assert_equals_one_process(3)

    def test_every_rank_runs_a_share(self):
        with folder() as place:
            path = f"{place}/t.jsonl"
            process = ranks(3, path)
            seen = set()
            while process.poll() is None:
                seen.update(rank_files(place))
                time.sleep(0.001)
            process.communicate()
            self.assertEqual(seen, {"t.rank0.jsonl", "t.rank1.jsonl", "t.rank2.jsonl"})

    def test_a_killed_rank_loses_nothing_that_was_finished_and_resume_does_the_rest(self):
        for count in (2, 3):
            for resume_with in (1, count):
                with self.subTest(count=count, resume_with=resume_with), folder() as place:
                    path = f"{place}/t.jsonl"
                    process = ranks(count, path)
                    while process.poll() is None and len(finished(place)) < 6:
                        time.sleep(0.001)
                    before = finished(place)
                    os.kill(a_rank_of(path), signal.SIGKILL)
                    process.communicate(timeout=60)
                    self.assertNotEqual(process.returncode, 0)
                    left = finished(place)
                    self.assertLess(len(left), len(KV_LENGTHS), "the kill came too late")
                    self.assertGreaterEqual(set(left), set(before))
                    self.resume(path, resume_with)
                    self.assertEqual(sorted(lengths(path)), KV_LENGTHS)  # none twice
                    self.assertEqual(rank_files(place), [])

    def resume(self, path, count):
        done = run(count, path, "--resume") if count > 1 else sweep(*AXIS, "-o", path, "--resume")
        self.assertEqual(done.returncode, 0)

    def test_files_of_lost_ranks_can_be_merged_by_hand(self):
        with folder() as place:
            for rank in range(2):
                sweep(*AXIS, "-o", f"{place}/t.rank{rank}.jsonl", "--shard", f"{rank}/2")
            parts = [f"{place}/{name}" for name in rank_files(place)]
            self.assertEqual(kvroof("merge", "-o", f"{place}/m.jsonl", *parts).returncode, 0)
            self.assertEqual(sorted(lengths(f"{place}/m.jsonl")), KV_LENGTHS)

    def test_ranks_take_their_shares_of_a_shard(self):
        with folder() as place:
            done = run(2, f"{place}/t.jsonl", "--shard", "1/3")
            self.assertEqual(done.returncode, 0, done.stderr_text)
            self.assertEqual(sorted(lengths(f"{place}/t.jsonl")), KV_LENGTHS[1::3])

    def test_a_trace_that_is_there_ends_all_ranks_and_is_left_alone(self):
        with folder() as place:
            path = f"{place}/t.jsonl"
            sweep("-a", "kv_len=64", "-o", path)
            before = lines(path)
            done = run(2, path)
            self.assertEqual(done.returncode, 2, done.stderr_text)
            self.assertIn("--resume", done.stderr_text)
            self.assertEqual(lines(path), before)


if __name__ == "__main__":
    if not MPIRUN:
        sys.exit(77)  # this build has no MPI
    unittest.main()
