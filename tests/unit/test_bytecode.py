# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every plugin that Ansible loads has Python keep the bytecode of ours before it imports anything else of ours."""

from __future__ import annotations

import ast
import pathlib

import pytest

PLUGINS = pathlib.Path(__file__).resolve().parents[2] / "plugins"
LOADED = sorted([*PLUGINS.glob("action/*.py"), *PLUGINS.glob("inventory/*.py")])
COMPILED = "ansible_collections.rollcall.access.plugins.plugin_utils.compiled"


def ours(node: ast.stmt) -> str:
    """Return what of ours a statement imports; empty for everything else."""
    if isinstance(node, ast.Import):
        return next((name.name for name in node.names if "rollcall" in name.name), "")
    if isinstance(node, ast.ImportFrom) and (node.level or "rollcall" in (node.module or "")):
        return "." * node.level + (node.module or "")
    return ""


@pytest.mark.parametrize("plugin", LOADED, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_first_import_of_ours_is_what_keeps_bytecode(plugin: pathlib.Path) -> None:
    imported = [ours(node) for node in ast.parse(plugin.read_text(encoding="utf-8")).body]
    assert next(filter(None, imported)) == COMPILED
