#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The checks of this folder on small trees: each must fail on what it is there to find.

usage: rules_test.py CXX NVCC SPILL_OPTION [unittest argument...]   (NVCC may be none)
"""
import pathlib
import subprocess
import sys
import tempfile
import unittest

import check_headers
import check_includes
import check_text

COMPILER, NVCC, SPILL_OPTION = sys.argv[1:4]
SPDX = "// SPDX-License-Identifier: Apache-2.0\n"


class TreeTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def write(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


class IncludeRules(TreeTest):
    def assert_allowed(self, path, target):
        self.assertEqual(check_includes.complaint(path, target), "", f"{path} includes {target}")

    def assert_forbidden(self, path, target):
        self.assertNotEqual(check_includes.complaint(path, target), "", f"{path} includes {target}")

    def test_reference_and_kernels_share_no_line(self):
        self.assert_forbidden("reference/prune.cpp", "kernels/value_types.hpp")
        self.assert_forbidden("kernels/attention/plan.cpp", "reference/attention.hpp")
        self.assert_allowed("reference/prune.cpp", "reference/attention.hpp")
        self.assert_allowed("tests/support/convert.hpp", "reference/attention.hpp")

    def test_the_simulator_knows_no_kernel(self):
        self.assert_forbidden("kernels/simt/block.cpp", "kernels/attention/problem.hpp")
        self.assert_forbidden("kernels/simt/block.cpp", "kernels/platform/platform.hpp")
        self.assert_allowed("kernels/simt/checks/race.cpp", "kernels/device.hpp")

    def test_kernels_know_no_profiler(self):
        self.assert_forbidden("kernels/device_info.cpp", "profiler/model/catalogue.hpp")
        self.assert_forbidden("kernels/device_info.cpp", "kernels/simt/block.hpp")
        self.assert_allowed("kernels/device_info.cpp", "kernels/device_info.hpp")

    def test_the_two_kernels_meet_in_the_format_only(self):
        self.assert_forbidden("kernels/attention/kernel.cuh", "kernels/compress/tile.hpp")
        self.assert_forbidden("kernels/compress/kernel.cuh", "kernels/attention/tile.hpp")
        self.assert_allowed("kernels/attention/kernel.cuh", "kernels/format/rows.hpp")

    def test_only_validate_knows_the_reference(self):
        self.assert_forbidden("profiler/cli/main.cpp", "reference/attention.hpp")
        self.assert_forbidden("profiler/sweep/plan.cpp", "reference/attention.hpp")
        self.assert_forbidden("profiler/validate/validate.cpp", "profiler/report/printer.hpp")
        self.assert_allowed("profiler/validate/validate.cpp", "reference/attention.hpp")
        self.assert_allowed("profiler/cli/main.cpp", "profiler/validate/validate.hpp")

    def test_the_viewer_knows_traces_only(self):
        self.assert_forbidden("gui/main.cpp", "profiler/report/printer.hpp")
        self.assert_forbidden("traces/read.cpp", "profiler/report/printer.hpp")
        self.assert_forbidden("profiler/cli/main.cpp", "gui/views/plot.hpp")
        self.assert_allowed("gui/views/plot.cpp", "traces/trace.hpp")

    def test_libraries_stay_in_their_folders(self):
        self.assert_forbidden("kernels/attention/plan.cpp", "Eigen/Core")
        self.assert_forbidden("kernels/attention/launch_cuda.cu", "cuda_runtime.h")
        self.assert_forbidden("traces/read.cpp", "QString")
        self.assert_forbidden("profiler/sweep/plan.cpp", "CLI/CLI.hpp")
        self.assert_forbidden("reference/prune.cpp", "spdlog/spdlog.h")
        self.assert_forbidden("kernels/error.hpp", "gtest/gtest.h")
        self.assert_allowed("reference/attention.cpp", "Eigen/Dense")
        self.assert_allowed("kernels/cuda/check.hpp", "cuda_runtime.h")
        self.assert_allowed("tests/kernels/attention_test.cpp", "gtest/gtest.h")

    def test_paths_start_at_the_root(self):
        self.assert_forbidden("tests/simt/block_test.cpp", "../support/hostile.hpp")

    def test_a_tree_is_read_and_the_line_is_named(self):
        self.write("kernels/good.hpp", '#include <vector>\n')
        self.write("reference/bad.hpp", '#pragma once\n  #  include "kernels/error.hpp"\n')
        found = check_includes.complaints(self.root)
        self.assertEqual(len(found), 1)
        self.assertRegex(found[0], r"^reference/bad\.hpp:2: may not include kernels/error\.hpp")


class TextRules(TreeTest):
    def complaints(self, path, text):
        return check_text.complaints_of(path, text)

    def test_a_source_without_its_licence_is_found(self):
        self.assertTrue(self.complaints("traces/read.cpp", "int x;\n"))
        self.assertTrue(self.complaints("traces/read.cpp", ""))
        self.assertTrue(self.complaints("scripts/demo", "#!/usr/bin/env bash\nset -e\n"))
        self.assertFalse(self.complaints("traces/read.cpp", SPDX))
        self.assertFalse(self.complaints("scripts/demo", "#!/usr/bin/env bash\n# SPDX-License-Identifier: Apache-2.0\n"))

    def test_the_viewer_has_the_other_licence(self):
        self.assertTrue(self.complaints("gui/main.cpp", SPDX))
        self.assertFalse(self.complaints("gui/main.cpp", "// SPDX-License-Identifier: GPL-3.0-or-later\n"))
        self.assertTrue(self.complaints("traces/read.cpp", "// SPDX-License-Identifier: GPL-3.0-or-later\n"))

    def test_notes_to_self_are_found_in_prose_too(self):
        for word in ("TO" + "DO", "FIX" + "ME"):
            self.assertTrue(self.complaints("docs/style.md", f"a line\n{word} later\n"), word)
            self.assertTrue(self.complaints("traces/read.cpp", SPDX + f"// {word}: later\n"), word)
        self.assertFalse(self.complaints("docs/style.md", "to do this, mustodo\n"))

    def test_cuda_words_stay_in_platform(self):
        for word in ("__shared__ float x;", "__syncthreads();", "int i = threadIdx.x;", "#ifdef __CUDACC__",
                     '  asm("nop;");', "__shfl_xor_sync(m, v, 1);", "atomicAdd(p, 1);"):
            self.assertTrue(self.complaints("kernels/attention/stages.cuh", SPDX + word + "\n"), word)
            self.assertFalse(self.complaints("kernels/platform/x.cuh", SPDX + word + "\n"), word)
        self.assertFalse(self.complaints("kernels/attention/stages.cuh", SPDX + "// like __syncthreads()\n"))

    def test_plain_reads_and_writes_of_memory_are_found(self):
        for line in ("float x = *pointer;", "*out = x;", "use(*pointer, 1);", "return *static_cast<const int*>(p);",
                     "if (a) { *out += x; }"):
            self.assertTrue(self.complaints("kernels/attention/stages.cuh", SPDX + line + "\n"), line)
        for line in ("const float* p = q;", "x = a * b;", "auto& s = *reinterpret_cast<Tile<D>::MergeShared*>(p);",
                     "void f(const Half* keys);", "return *this;"):
            self.assertFalse(self.complaints("kernels/attention/stages.cuh", SPDX + line + "\n"), line)

    def test_a_tree_is_read(self):
        self.write("README.md", "fine\n")
        self.write("kernels/a.hpp", "int x;\n")
        self.assertEqual(len(check_text.complaints(self.root)), 1)


class HeaderRules(TreeTest):
    def test_a_header_that_leans_on_its_includer_is_found(self):
        self.write("kernels/good.hpp", "#pragma once\n#include <vector>\ninline std::vector<int> x;\n")
        self.write("kernels/bad.cuh", "#pragma once\ninline std::vector<int> y;\n")
        self.write("kernels/unguarded.hpp", "struct Twice {};\n")
        paths, found = check_headers.complaints(self.root, COMPILER, [])
        self.assertEqual(len(paths), 3)
        self.assertEqual(len(found), 2)
        self.assertRegex(found[0], r"^kernels/bad\.cuh does not compile alone")

    def test_a_skipped_folder_is_not_read(self):
        self.write("gui/bad.hpp", "nonsense\n")
        self.assertEqual(check_headers.complaints(self.root, COMPILER, [], ["gui/"]), ([], []))


class SpillRules(TreeTest):
    """Spills end the build (kernels/CMakeLists.txt); here: the options that do it, on small kernels."""
    def compile(self, body):
        if NVCC == "none":
            self.skipTest("no nvcc in this build")
        self.write("kernel.cu", "__global__ void __launch_bounds__(1024, 2) kernel(float* x, int i) {\n" + body + "}\n")
        result = subprocess.run([NVCC, "-arch=sm_90a", "-Werror", "all-warnings", SPILL_OPTION, "-cubin",
                                 "-o", self.root / "kernel.cubin", self.root / "kernel.cu"],
                                text=True, capture_output=True, check=False)
        return result.returncode, result.stdout + result.stderr

    def test_a_kernel_in_registers_compiles(self):
        self.assertEqual(self.compile("x[threadIdx.x] += i;\n"), (0, ""))

    def test_local_memory_is_an_error(self):
        code, text = self.compile("float a[64];\n"
                                  "for (int k = 0; k < 64; ++k) a[(k * i) & 63] = x[k];\n"
                                  "x[0] = a[i] + a[(i * 7) & 63];\n")
        self.assertNotEqual(code, 0)
        self.assertRegex(text, "Local memory used")

    def test_a_spill_is_an_error(self):
        code, text = self.compile("float a[64];\n"
                                  "for (int k = 0; k < 64; ++k) a[k] = x[threadIdx.x + 1024 * k];\n"
                                  "for (int turn = 0; turn < 8; ++turn)\n"
                                  "  for (int k = 0; k < 64; ++k) a[k] = a[k] * a[(k * 7 + 3) % 64] + a[(k + 11) % 64];\n"
                                  "for (int k = 0; k < 64; ++k) x[threadIdx.x + 1024 * k] = a[k];\n")
        self.assertNotEqual(code, 0)
        self.assertRegex(text, "Registers are spilled")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[4:]])
