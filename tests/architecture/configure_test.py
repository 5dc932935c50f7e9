#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The build without a usable nvcc: configures the project as such a machine would.

usage: configure_test.py REPOSITORY CMAKE [unittest argument...]
"""
import os
import pathlib
import stat
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(sys.argv[1]).resolve()
CMAKE = sys.argv[2]


class ConfigureTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.tools = self.folder / "tools"  # everything of PATH but nvcc
        self.tools.mkdir()
        for place in os.environ["PATH"].split(os.pathsep):
            for tool in pathlib.Path(place).glob("*"):
                link = self.tools / tool.name
                if tool.name != "nvcc" and not link.is_symlink():
                    link.symlink_to(tool)

    def write_nvcc(self, text):
        path = self.folder / "nvcc"
        path.write_text("#!/bin/sh\n" + text)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    def configure(self, *arguments, **environment):
        """The line of the configuration that tells about CUDA."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("CUDA", "CMAKE"))}
        clean |= {"PATH": str(self.tools)} | environment
        result = subprocess.run(
            [CMAKE, "-G", "Ninja", "-S", ROOT, "-B", self.folder / "build", "-DKVROOF_CUDA_PATHS=", "-DKVROOF_TESTS=OFF",
             "-DKVROOF_GUI=OFF", *arguments],
            env=clean, text=True, capture_output=True, check=False)
        self.assertEqual(result.returncode, 0, result.stderr)
        lines = [line for line in result.stdout.splitlines() if "CUDA backend" in line]
        self.assertEqual(len(lines), 1, result.stdout)
        return lines[0]

    def test_no_nvcc_leaves_the_simulator_and_says_what_would_help(self):
        self.assertRegex(self.configure(), "simulator only.*no nvcc was found; CUDA Toolkit 13.0 or newer")

    def test_an_old_nvcc_is_named_with_its_release(self):
        nvcc = self.write_nvcc("echo 'Cuda compilation tools, release 11.8, V11.8.89'\n")
        self.assertRegex(self.configure(CUDACXX=str(nvcc)), f"simulator only.*{nvcc} is release 11.8; CUDA Toolkit 13.0")

    def test_an_nvcc_that_tells_no_release_is_not_used(self):
        nvcc = self.write_nvcc("exit 1\n")
        self.assertRegex(self.configure(CUDACXX=str(nvcc)), "simulator only.*names no release")

    def test_an_nvcc_that_cannot_compile_is_not_used(self):
        nvcc = self.write_nvcc("[ \"$1\" = --version ] && echo 'release 13.0, V13.0.88' || exit 1\n")
        self.assertRegex(self.configure(CUDACXX=str(nvcc)), "simulator only.*cannot compile")

    def test_a_cudacxx_that_is_not_there_does_not_end_the_configuration(self):
        self.assertRegex(self.configure(CUDACXX="/nowhere/nvcc"), "simulator only.*/nowhere/nvcc, which is not there")

    def test_cuda_switched_off_says_so(self):
        self.assertRegex(self.configure("-DKVROOF_CUDA=OFF"), "simulator only.*KVROOF_CUDA is off")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
