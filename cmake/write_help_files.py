#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes man pages and shell completions of kvroof, from what --help prints.

usage: write_help_files.py PROGRAM FOLDER   writes FOLDER/kvroof.1, kvroof-COMMAND.1, kvroof.bash, kvroof.fish
"""
import pathlib
import re
import subprocess
import sys

CHOICES = re.compile(r"\{([\w,.-]+)\}")


def run(program, *arguments):
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=True).stdout


class Help:
    """What --help of the program or of a command says, in parts."""

    def __init__(self, text):
        lines = text.splitlines()
        usage = next(i for i, line in enumerate(lines) if line.lower().startswith("usage:"))
        self.summary = " ".join(lines[:usage]).strip()
        self.usage = lines[usage].split(":", 1)[1].strip()
        self.sections = self._sections(lines[usage + 1:])

    @staticmethod
    def _sections(lines):
        """[(heading, [(term, type, text)])]: a term starts a line, its text follows there or below."""
        sections = []
        for line in lines:
            if line and not line.startswith(" "):
                sections.append((line.strip().rstrip(":").upper(), []))
            elif line.strip() and sections:
                entries = sections[-1][1]
                if len(line) - len(line.lstrip()) <= 4:
                    head, _, text = line.strip().partition("  ")
                    term, _, kind = head.partition(" ")
                    entries.append([term, kind, text.strip()])
                elif entries:
                    entries[-1][2] = f"{entries[-1][2]} {line.strip()}".strip()
        return sections

    def entries(self, heading):
        return [entry for name, entries in self.sections if name.startswith(heading) for entry in entries]

    def options(self):
        """[(names, choices, text)]"""
        found = []
        for term, kind, text in self.entries("OPTIONS"):
            choices = CHOICES.search(kind)
            found.append((re.split(r",\s*", term), choices[1].split(",") if choices else [], text))
        return found


# ---- man pages -----------------------------------------------------------------------------------

def roff(text):
    """A line that starts with a dot or a quote would be a request."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + escaped if escaped[:1] in (".", "'") else escaped


def roff_kind(kind):
    """A list of choices may break behind a comma."""
    return roff(kind).replace(",", ",\\:")


def man_page(name, version, page, commands):
    lines = [f'.TH {name.upper()} 1 "" "{version}" "kvroof manual"', ".ad l", ".nh", ".SH NAME",
             f"{roff(name)} \\- {roff(page.summary)}", ".SH SYNOPSIS", roff(page.usage)]
    for heading, entries in page.sections:
        lines.append(f".SH {roff(heading)}")
        for term, kind, text in entries:
            lines += [".TP", f"\\fB{roff(term)}\\fR {roff_kind(kind)}".rstrip(), roff(text)]
    others = ["kvroof"] + [f"kvroof-{command}" for command in commands]
    lines += [".SH SEE ALSO", ", ".join(f"\\fB{roff(other)}\\fR(1)" for other in others if other != name)]
    return "\n".join(lines) + "\n"


# ---- completions ---------------------------------------------------------------------------------

def bash_completion(pages):
    cases, choices = [], []
    for command, page in pages.items():
        words = [name for names, _, _ in page.options() for name in names]
        cases.append(f'    {command}) words="{" ".join(words)}" ;;')
        for names, values, _ in page.options():
            if values:
                patterns = "|".join(f"{command}:{name}" for name in names)
                choices.append(f'    {patterns}) COMPREPLY=($(compgen -W "{" ".join(values)}" -- "$word")); return ;;')
    return "\n".join([
        "# bash completion of kvroof, written by cmake/write_help_files.py", "_kvroof() {",
        '  local word="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}" command="${COMP_WORDS[1]}" words=""',
        "  if [[ $COMP_CWORD -eq 1 ]]; then",
        f'    COMPREPLY=($(compgen -W "{" ".join(pages)} --help --version" -- "$word"))', "    return", "  fi",
        '  case "$command:$before" in', *choices, "  esac", '  case "$command" in', *cases, "  esac",
        '  if [[ "$word" == -* ]]; then COMPREPLY=($(compgen -W "$words" -- "$word")); return; fi',
        '  COMPREPLY=($(compgen -f -- "$word"))', "}", "complete -o filenames -F _kvroof kvroof", ""])


def fish_quote(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def fish_completion(summaries, pages):
    lines = ["# fish completion of kvroof, written by cmake/write_help_files.py"]
    for command, text in summaries.items():
        lines.append(f"complete -c kvroof -f -n __fish_use_subcommand -a {command} -d {fish_quote(text)}")
    for command, page in pages.items():
        for names, values, text in page.options():
            flags = [f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in names]
            if values:
                flags.append(f"-x -a {fish_quote(' '.join(values))}")
            lines.append(f"complete -c kvroof -n '__fish_seen_subcommand_from {command}' {' '.join(flags)} "
                         f"-d {fish_quote(text)}")
    return "\n".join(lines) + "\n"


def main(program, folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    version = run(program, "--version").split(" (")[0].strip()
    whole = Help(run(program, "--help"))
    summaries = {term: f"{kind} {text}".strip() for term, kind, text in whole.entries("SUBCOMMANDS")}
    pages = {command: Help(run(program, command, "--help")) for command in summaries}
    (folder / "kvroof.1").write_text(man_page("kvroof", version, whole, pages))
    for command, page in pages.items():
        (folder / f"kvroof-{command}.1").write_text(man_page(f"kvroof-{command}", version, page, pages))
    (folder / "kvroof.bash").write_text(bash_completion(pages))
    (folder / "kvroof.fish").write_text(fish_completion(summaries, pages))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
