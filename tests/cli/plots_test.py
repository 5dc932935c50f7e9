#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kvroof report --plots: who draws the pictures, and what is said when nobody can."""
import os
import shutil
import subprocess
import unittest

from program import KVROOF, folder, kvroof

VIEWER = os.path.join(os.path.dirname(KVROOF), "kvroof-view")


class Plots(unittest.TestCase):
    def setUp(self):
        held = folder()
        self.addCleanup(held.cleanup)
        self.folder = held.name
        self.trace = os.path.join(self.folder, "t.jsonl")
        result = kvroof("sweep", "-a", "kernel=[decode]", "-a", "kv_len=[64]", "-a", "sparsity=[0.5,0.7]",
                        "--backend", "sim", "-o", self.trace)
        self.assertEqual(result.returncode, 0, result.stderr)
        # A copy stands alone, wherever the build put a real viewer.
        self.lone = shutil.copy(KVROOF, os.path.join(self.folder, "kvroof"))
        self.out = os.path.join(self.folder, "plots")

    def report(self, program, path=""):
        return subprocess.run([program, "report", self.trace, "--plots", self.out], capture_output=True,
                              text=True, timeout=120, check=False, env={**os.environ, "PATH": path})

    def fake_viewer(self, script):
        place = os.path.join(self.folder, "bin")
        os.makedirs(place)
        with open(os.path.join(place, "kvroof-view"), "w", encoding="utf-8") as file:
            file.write(f"#!/bin/sh\n{script}\n")
        os.chmod(file.name, 0o755)
        return place

    def test_without_a_viewer_the_report_says_what_to_install(self):
        result = self.report(self.lone)
        self.assertEqual(result.returncode, 1)
        self.assertIn("neither beside kvroof nor on PATH", result.stderr)

    def test_the_viewer_on_path_gets_folder_and_trace_and_leaves_stdout_to_the_tables(self):
        result = self.report(self.lone, self.fake_viewer('echo "drawn: $@"'))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn(f"drawn: --export {self.out} --format png,svg {self.trace}", result.stderr)
        self.assertNotIn("drawn:", result.stdout)
        self.assertIn("decode", result.stdout)

    def test_a_viewer_that_fails_fails_the_report(self):
        result = self.report(self.lone, self.fake_viewer("exit 3"))
        self.assertEqual(result.returncode, 1)
        self.assertIn("did not write all pictures", result.stderr)

    @unittest.skipUnless(os.path.exists(VIEWER), "kvroof-view is not part of this build")
    def test_the_viewer_of_this_build_draws(self):
        result = self.report(KVROOF, os.environ["PATH"])
        self.assertEqual(result.returncode, 0, result.stderr)
        names = os.listdir(self.out)
        self.assertIn("bytes.png", names)
        self.assertIn("bytes.svg", names)


if __name__ == "__main__":
    unittest.main()
