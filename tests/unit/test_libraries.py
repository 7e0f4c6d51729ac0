# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Libraries are imported when they are first used, and what they bring along that takes long is not."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import MissingLibrary
from ansible_collections.rollcall.access.plugins.module_utils.libraries import library

#: Stands for the library of that name: says when it is imported, and what is no address.
GRAMMAR = """\
print("made a grammar")

def is_valid_syntax(term, value):
    return value != "no address"
"""

USING_SCHEMAS = """\
import sys
sys.modules["rfc3987"] = None  # jsonschema would prefer it
from ansible_collections.rollcall.access.plugins.module_utils.libraries import library
jsonschema = library("jsonschema")
checker = jsonschema.FormatChecker()
print("imported", "rfc3987_syntax" in sys.modules)
print(checker.conforms("https://corp.example", "iri"), checker.conforms("no address", "iri"))
print("imported", "rfc3987_syntax" in sys.modules)
"""


def said_by(program: str, *folders: pathlib.Path) -> list[str]:
    paths = [str(folder) for folder in folders] + [path for path in sys.path if path]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    ended = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    return ended.stdout.splitlines()


def test_the_grammar_of_addresses_is_made_when_an_address_is_held_against_it(tmp_path: pathlib.Path) -> None:
    (tmp_path / "rfc3987_syntax.py").write_text(GRAMMAR, "utf-8")
    assert said_by(USING_SCHEMAS, tmp_path) == ["imported False", "made a grammar", "True False", "imported True"]


def test_who_has_imported_it_already_keeps_it(tmp_path: pathlib.Path) -> None:
    (tmp_path / "rfc3987_syntax.py").write_text(GRAMMAR, "utf-8")
    before = "import rfc3987_syntax\n"
    assert said_by(before + USING_SCHEMAS, tmp_path) == [
        "made a grammar", "imported True", "True False", "imported True",
    ]  # fmt: skip


def test_a_library_that_is_not_installed_is_named() -> None:
    with pytest.raises(MissingLibrary, match="not_there_at_all"):
        library("not_there_at_all.part").anything  # noqa: B018  # the first use is what imports it
