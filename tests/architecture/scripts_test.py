#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What scripts/demo says where packages are missing, and scripts/sanitize and scripts/gpu of what they ran, with
stand-in tools.

usage: scripts_test.py REPOSITORY [unittest argument...]
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(sys.argv[1]).resolve()
TOOLS = ("bash", "dirname", "id", "cat", "mktemp", "tail", "rm", "env")  # what the scripts themselves need
PROGRAMS = ("g++", "cmake", "ninja", "git", "python3")
BUILD_PACKAGES = " ".join(line.split()[1] for line in (ROOT / "scripts/packages.txt").read_text().splitlines()
                          if line.startswith("build "))


class ScriptsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.tools = pathlib.Path(folder.name)
        for tool in TOOLS:
            (self.tools / tool).symlink_to(shutil.which(tool))

    def add(self, name, text):
        path = self.tools / name
        path.unlink(missing_ok=True)
        path.write_text("#!/bin/bash\n" + text)
        path.chmod(0o755)

    def add_apt(self, installed, install="exit 1"):
        self.add("apt-get", f'case " $* " in *" install "*) {install} ;; esac\n')
        self.add("apt-cache", "exit 0\n")
        # The package is the last argument.
        self.add("dpkg-query", f'case " {installed} " in *" ${{*: -1}} "*) printf installed ;; *) exit 1 ;; esac\n')

    def demo(self, *arguments, script="demo"):
        return subprocess.run([ROOT / "scripts" / script, *arguments], env={"PATH": str(self.tools)},
                              stdin=subprocess.DEVNULL, text=True, capture_output=True, check=False)

    def test_no_install_gives_the_apt_line_and_fails(self):
        self.add("id", "echo 1000\n")
        self.add_apt(installed="libfmt-dev")
        self.add("g++", "")
        result = self.demo("--no-install")
        self.assertEqual(result.returncode, 1)
        self.assertIn("sudo apt-get install --no-install-recommends cmake ninja-build git ", result.stderr)
        self.assertIn("libeigen3-dev", result.stderr)
        self.assertNotIn("libfmt-dev", result.stderr)
        self.assertNotIn("qt6", result.stderr)  # first what nothing goes without
        self.assertEqual(result.stdout, "")

    def test_a_demo_without_the_packages_of_the_viewer_says_so_and_goes_on(self):
        self.add_apt(installed=BUILD_PACKAGES)
        for program in PROGRAMS:
            self.add(program, "")
        self.add("cmake", "echo 'configuring began'; exit 1\n")
        for arguments in [("--no-install",), ()]:
            result = self.demo(*arguments)
            self.assertIn("qt6-base-dev", result.stderr)
            self.assertIn("without these packages there is no viewer", result.stderr)
            self.assertIn("configuring began", result.stderr)

    def test_the_tests_want_the_viewer_too(self):
        self.add_apt(installed="")
        self.assertIn("qt6-base-dev", self.demo("--no-install", script="test").stderr)
        self.assertNotIn("qt6-base-dev", self.demo("--no-install", "--preset", "asan", script="test").stderr)

    def test_without_apt_the_missing_tools_are_named(self):
        self.add("git", "")
        result = self.demo()
        self.assertEqual(result.returncode, 1)
        self.assertIn("no apt to install them: g++ cmake ninja python3", result.stderr)

    def test_without_apt_but_with_all_tools_the_build_begins(self):
        for program in PROGRAMS:
            self.add(program, "")
        self.add("cmake", "echo 'no Eigen here'; exit 1\n")
        result = self.demo()
        self.assertEqual(result.returncode, 1)
        self.assertIn("no Eigen here", result.stderr)
        self.assertIn("configuring failed", result.stderr)

    def test_a_user_without_sudo_is_told_what_root_should_run(self):
        self.add("id", "echo 1000\n")
        self.add_apt(installed="")
        result = self.demo()
        self.assertEqual(result.returncode, 1)
        self.assertIn("as root run: apt-get install", result.stderr)

    def test_a_sudo_that_wants_a_password_without_a_terminal_is_reported(self):
        self.add("id", "echo 1000\n")
        self.add("sudo", "exit 1\n")
        self.add_apt(installed="")
        result = self.demo()
        self.assertEqual(result.returncode, 1)
        self.assertIn("sudo wants a password", result.stderr)

    def test_a_failing_apt_shows_its_last_words(self):
        self.add("id", "echo 0\n")
        self.add_apt(installed="", install="echo 'E: Temporary failure resolving'; exit 100")
        result = self.demo()
        self.assertEqual(result.returncode, 1)
        self.assertIn("E: Temporary failure resolving", result.stderr)
        self.assertIn("apt could not install", result.stderr)

    def test_an_unknown_argument_is_a_usage_error(self):
        result = self.demo("--bogus")
        self.assertEqual(result.returncode, 2)
        self.assertIn("usage: scripts/demo", result.stderr)


class SanitizeTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.add("kvroof_hazards_gpu", "printf 'found_bug\\nsilent_bug\\nstuck_bug\\nfailing_bug\\nlate_bug\\nrace_bug\\ntrap_bug\\nlarge_bug\\n'\n")
        self.add("kvroof", "")
        # Last argument: the hazard. The suite's last argument is smoke.
        self.add("compute-sanitizer", """case "${*: -1}" in
          found_bug) echo '========= Invalid __global__ read of size 4 bytes'; exit 9 ;;
          stuck_bug) sleep 60 ;;
          race_bug) echo '========= Error: Race reported between Write access at kernel+0x10 and Read access'; exit 9 ;;
          trap_bug) echo '========= Program hit cudaErrorIllegalInstruction (error 715) due to "an illegal one"'; exit 9 ;;
          large_bug) echo '========= Program hit cudaErrorInvalidValue (error 1) on CUDA API call to a launch'; exit 9 ;;
          late_bug) echo '========= Barrier error detected. More.'; sleep 60 ;;
          failing_bug) exit 1 ;;
        esac
        """)

    def add(self, name, text):
        path = self.folder / name
        path.write_text("#!/bin/bash\n" + text)
        path.chmod(0o755)

    def sanitize(self, *arguments):
        return subprocess.run([ROOT / "scripts/sanitize", "--binaries", self.folder, "--output", self.folder / "out",
                               "--limit", "1", *arguments],
                              env={**os.environ, "PATH": f"{self.folder}:{os.environ['PATH']}"},
                              stdin=subprocess.DEVNULL, text=True, capture_output=True, check=False)

    def test_the_table_says_what_was_found_and_what_did_not_end(self):
        result = self.sanitize()
        self.assertEqual(result.returncode, 0, result.stderr)
        rows = {row.split("|")[1].strip(): [cell.strip() for cell in row.split("|")[2:6]]
                for row in result.stdout.splitlines() if row.startswith("|")}
        self.assertEqual(rows["smoke"], ["-"] * 4)
        self.assertEqual(rows["found_bug"], ["Invalid __global__ read of size 4 bytes"] * 4)
        self.assertEqual(rows["silent_bug"], ["-"] * 4)
        self.assertEqual(rows["stuck_bug"], ["hang"] * 4)
        self.assertEqual(rows["failing_bug"], ["program failed"] * 4)
        self.assertEqual(rows["late_bug"], ["barrier error"] * 4)
        self.assertEqual(rows["race_bug"], ["race"] * 4)
        self.assertEqual(rows["trap_bug"], ["illegal instruction"] * 4)
        self.assertEqual(rows["large_bug"], ["launch refused"] * 4)

    def test_the_page_on_measuring_has_only_what_the_table_can_say(self):
        page = (ROOT / "docs/measuring.md").read_text()
        table = page[page.index("| program | memcheck | racecheck | initcheck | synccheck |"):]
        rows = [[cell.strip() for cell in line.split("|")[1:6]] for line in table.splitlines() if line.startswith("|")]
        said = {cell for row in rows[2:] for cell in row[1:]}
        own = {"-", "hang", "race", "barrier error", "illegal instruction", "launch refused", "program failed"}
        self.assertTrue(all(cell in own or cell.startswith(("Invalid __", "Uninitialized __")) for cell in said), said)

    def test_a_smoke_suite_with_a_finding_fails(self):
        self.add("compute-sanitizer", "exit 9\n")
        result = self.sanitize()
        self.assertEqual(result.returncode, 1)
        self.assertIn("| smoke | found, see the log |", result.stdout)

    def test_without_the_hazards_it_says_what_is_missing(self):
        (self.folder / "kvroof_hazards_gpu").unlink()
        result = self.sanitize()
        self.assertEqual(result.returncode, 2)
        self.assertIn("needs --binaries with kvroof_hazards_gpu in it", result.stderr)


class GpuTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.add("kvroof", self.kvroof())
        self.add("measure_gpu_tests", "echo '[  PASSED  ] 1 test.'\n")

    def kvroof(self, **steps):
        """A stand-in that writes what a sweep would; `steps` are commands in place of some of its own."""
        own = {"ceilings": ": >\"${@: -1}\"", "sweep": "echo row >>\"${@: -1}\"", **steps}
        return 'case "$1" in\n' + "".join(f"{name}) {text} ;;\n" for name, text in own.items()) + "esac\n"

    def add(self, name, text):
        path = self.folder / name
        path.write_text("#!/bin/bash\n" + text)
        path.chmod(0o755)

    def gpu(self, *arguments):
        self.out = self.folder / "out"
        start = time.monotonic()
        result = subprocess.run([ROOT / "scripts/gpu", "--binaries", self.folder, "--output", self.out, *arguments],
                                stdin=subprocess.DEVNULL, text=True, capture_output=True, check=False)
        self.seconds = time.monotonic() - start
        self.times = dict(line.split(": ", 1) for line in (self.out / "times.txt").read_text().splitlines())
        return result

    def test_every_step_runs_and_says_how_it_ended(self):
        result = self.gpu()
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(list(self.times),
                         ["doctor", "validate", "ceilings", "timing", "sweep", "baselines", "report"])
        for name, ended in self.times.items():
            self.assertRegex(ended, r"^exit code 0, \d+ s$", name)
            self.assertTrue((self.out / f"{name}.txt").exists())
        self.assertEqual((self.out / "sweep.jsonl").read_text(), "row\nrow\n")

    def test_a_timing_test_that_was_skipped_is_no_success(self):
        self.add("measure_gpu_tests", "printf 'a_test.cpp:4: Skipped\\nno driver\\n[  SKIPPED ] Timing.agrees (0 ms)\\n"
                                      "[  PASSED  ] 0 tests.\\n'\n")
        self.assertEqual(self.gpu().returncode, 1)
        self.assertEqual(self.times["timing"], "skipped: no driver")
        self.assertIn("exit code 0", self.times["sweep"])

    def test_a_step_that_fails_ends_none_of_the_rest(self):
        self.add("kvroof", self.kvroof(validate="exit 3"))
        self.assertEqual(self.gpu().returncode, 1)
        self.assertRegex(self.times["validate"], "^exit code 3")
        self.assertIn("exit code 0", self.times["report"])

    def test_the_limit_is_for_all_steps_together(self):
        self.add("kvroof", self.kvroof(validate="sleep 60", sweep="sleep 60"))
        self.assertEqual(self.gpu("--limit", "2").returncode, 1)
        self.assertLess(self.seconds, 20)
        self.assertIn("at its limit", self.times["validate"])
        for name in ("ceilings", "timing", "sweep", "baselines"):
            self.assertEqual(self.times[name], "not run, the 2 s for all steps are over")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
