#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Installs this build into a temporary prefix, and uses it as somebody else would.

usage: consumer_test.py BUILD CMAKE
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

BUILD, CMAKE = sys.argv[1:3]
HERE = pathlib.Path(__file__).resolve().parent
COMMANDS = ["validate", "sweep", "report", "compare", "merge", "export", "devices", "formats", "kernels", "predict",
            "inspect", "fidelity", "ceilings", "counters", "doctor"]


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=500, check=False, **options)
    assert done.returncode == 0, f"{command}:\n{done.stdout}"
    return done.stdout


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="kvroof-consumer-")
        cls.prefix = pathlib.Path(cls.folder.name) / "prefix"
        run(CMAKE, "--install", BUILD, "--prefix", cls.prefix)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_the_program_runs_from_its_new_place(self):
        self.assertIn("kvroof", run(self.prefix / "bin/kvroof", "--version"))

    def test_another_project_finds_links_and_runs_kernels_simulator_and_traces(self):
        build = pathlib.Path(self.folder.name) / "build"
        run(CMAKE, "-S", HERE, "-B", build, f"-DCMAKE_PREFIX_PATH={self.prefix}", "-DCMAKE_BUILD_TYPE=Debug")
        run(CMAKE, "--build", build)
        out = run(build / "consumer", build / "t.jsonl")
        self.assertIn("2 blocks run, 1 record", out)

    def test_the_package_names_nothing_of_the_build(self):
        for path in (self.prefix / "lib").rglob("*.cmake"):
            text = path.read_text()
            self.assertNotIn(str(pathlib.Path(BUILD).resolve()), text, path)
            self.assertNotIn(str(HERE.parents[1]) + "/", text, path)
            self.assertNotIn("-Werror", text, path)

    def test_every_command_has_a_man_page_that_troff_understands(self):
        for name in ["kvroof"] + [f"kvroof-{command}" for command in COMMANDS]:
            page = self.prefix / f"share/man/man1/{name}.1"
            text = page.read_text()
            for part in [".SH NAME", ".SH SYNOPSIS", ".SH OPTIONS", "\\-\\-help"]:
                self.assertIn(part, text, page)
            if shutil.which("groff"):
                self.assertEqual(run("groff", "-man", "-Tutf8", "-ww", "-z", page), "")
        self.assertIn("\\-\\-fail\\-on\\-regression",
                      (self.prefix / "share/man/man1/kvroof-compare.1").read_text())

    def test_a_desktop_finds_the_viewer_where_there_is_one(self):
        if not (pathlib.Path(BUILD) / "bin/kvroof-view").exists():
            self.skipTest("this build has no kvroof-view")
        name = "io.github.kvroof.View"
        share = self.prefix / "share"
        for path in [f"applications/{name}.desktop", f"metainfo/{name}.metainfo.xml",
                     f"icons/hicolor/scalable/apps/{name}.svg", "mime/packages/kvroof-view.xml",
                     "man/man1/kvroof-view.1"]:
            self.assertGreater((share / path).stat().st_size, 0, path)
        self.assertIn("kvroof-view", run(self.prefix / "bin/kvroof-view", "--version"))
        if shutil.which("desktop-file-validate"):
            run("desktop-file-validate", share / f"applications/{name}.desktop")
        if shutil.which("appstreamcli"):  # of the whole tree: does each file name what is there?
            run("appstreamcli", "validate-tree", "--no-net", self.prefix)
        if shutil.which("update-mime-database"):
            run("update-mime-database", share / "mime")
            self.assertIn("application/x-kvroof-trace+jsonl:*.kvroof.jsonl", (share / "mime/globs").read_text())

    def complete(self, *words):
        script = self.prefix / "share/bash-completion/completions/kvroof"
        line = " ".join(words)
        return run("bash", "-c", f'source "{script}"; COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; '
                   '_kvroof; printf "%s\\n" "${COMPREPLY[@]}"', env={**os.environ}).split()

    def test_bash_completes_commands_options_and_their_values(self):
        self.assertEqual(self.complete("kvroof", "sw"), ["sweep"])
        self.assertEqual(self.complete("kvroof", "sweep", "--time"), ["--timeout"])
        self.assertEqual(self.complete("kvroof", "sweep", "--backend", "s"), ["sim"])
        self.assertEqual(set(self.complete("kvroof", "''")), {*COMMANDS, "--help", "--version"})

    def test_fish_gets_every_command(self):
        text = (self.prefix / "share/fish/vendor_completions.d/kvroof.fish").read_text()
        for command in COMMANDS:
            self.assertIn(f"-a {command} ", text)
        if shutil.which("fish"):
            run("fish", "--no-execute", self.prefix / "share/fish/vendor_completions.d/kvroof.fish")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
