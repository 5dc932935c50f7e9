#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/cli.md shows what --help prints. With --update it is rewritten instead of compared.

A block is what follows a line "<!-- kvroof ... --help -->".
"""
import pathlib
import re
import sys
import unittest

from program import kvroof

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "cli.md"
BLOCK = re.compile(r"(<!-- kvroof (.*?) -->\n```text\n)(.*?)(```\n)", re.DOTALL)
COMMANDS = ["--help", "validate --help", "sweep --help", "report --help", "compare --help",
            "merge --help", "export --help", "predict --help", "formats --help", "inspect --help",
            "fidelity --help", "ceilings --help", "counters --help", "doctor --help", "kernels --help",
            "devices --help"]


def help_text(arguments):
    result = kvroof(*arguments.split())
    assert result.returncode == 0, result.stderr
    return result.stdout.rstrip() + "\n"


def with_help(text):
    return BLOCK.sub(lambda block: block[1] + help_text(block[2]) + block[4], text)


def words(text):
    """CLI11 changes spaces and capitals of its headings from version to version."""
    return text.lower().split()


class Docs(unittest.TestCase):
    def test_show_the_help_of_every_command(self):
        text = PAGE.read_text()
        self.assertEqual([block[2] for block in BLOCK.finditer(text)], COMMANDS)
        for block in BLOCK.finditer(text):
            self.assertEqual(words(block[3]), words(help_text(block[2])),
                             "run: KVROOF=<program> tests/cli/docs_test.py --update")


if __name__ == "__main__":
    if sys.argv[1:] == ["--update"]:
        PAGE.write_text(with_help(PAGE.read_text()))
    else:
        unittest.main()
