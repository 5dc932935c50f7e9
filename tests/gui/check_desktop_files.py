#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fails when a desktop file of the viewer is malformed or they disagree, and when a picture of the documentation is of
another trace than today's. Uses desktop-file-validate, appstreamcli and man when they are installed, without network.
usage: check_desktop_files.py gui/desktop"""
import configparser
import hashlib
import pathlib
import shutil
import subprocess
import sys
import xml.etree.ElementTree as xml

folder = pathlib.Path(sys.argv[1])
APP = "io.github.kvroof.View"
complaints = []


def check(is_right, complaint):
    if not is_right:
        complaints.append(complaint)


def run(*command):
    if not shutil.which(command[0]):
        print(f"{command[0]} is not installed: its check is left out")
        return
    result = subprocess.run(command, capture_output=True, text=True)
    check(result.returncode == 0, f"{' '.join(command)}: {result.stdout}{result.stderr}")


entry = configparser.ConfigParser(interpolation=None, strict=True)
entry.optionxform = str
entry.read(folder / f"{APP}.desktop")
desktop = entry["Desktop Entry"]
for key in ("Type", "Name", "Comment", "Exec", "Icon", "Categories", "MimeType"):
    check(desktop.get(key), f"the desktop file lacks {key}")
check(desktop["Icon"] == APP, "the desktop file names another icon")

metainfo = xml.parse(folder / f"{APP}.metainfo.xml").getroot()
check(metainfo.findtext("id") == APP, "the metainfo has another id")
check(metainfo.findtext("launchable") == f"{APP}.desktop", "the metainfo launches another desktop file")
namespace = "{http://www.freedesktop.org/standards/shared-mime-info}"
mime = xml.parse(folder / "kvroof-view.xml").getroot().find(f"{namespace}mime-type").get("type")
check(desktop["MimeType"] == mime + ";", "desktop file and MIME file name different types")
check(metainfo.findtext("provides/mediatype") == mime, "metainfo and MIME file name different types")
xml.parse(folder / f"{APP}.svg")
magic = xml.parse(folder / "kvroof-view.xml").getroot().find(f".//{namespace}match").get("value").encode()
pictures = folder.resolve().parent.parent / "docs/pictures"
for line in (pictures / "traces.sha256").read_text().splitlines():
    if line.startswith("#"):
        continue
    digest, name = line.split()
    trace = (pictures / name).read_bytes()
    check(trace.startswith(magic), f"{name} does not begin as the MIME file says")
    check(hashlib.sha256(trace).hexdigest() == digest,
          f"docs/pictures are of another {name} than today's: make them anew (docs/viewer.md), look at them, and run "
          "sha256sum again")

run("desktop-file-validate", str(folder / f"{APP}.desktop"))
run("appstreamcli", "validate", "--no-net", str(folder / f"{APP}.metainfo.xml"))
page = subprocess.run(["man", "--warnings", "-l", str(folder / "kvroof-view.1")], capture_output=True, text=True) \
    if shutil.which("man") else None
check(page is None or (page.returncode == 0 and not page.stderr), f"the man page: {page and page.stderr}")
print("\n".join(complaints))
sys.exit(1 if complaints else 0)
