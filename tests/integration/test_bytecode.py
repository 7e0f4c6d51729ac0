# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Python makes of our sources is kept for the next run, as everywhere, unless somebody says otherwise."""

from __future__ import annotations

import pathlib

import pytest
from ansible_collections.rollcall.access.tests.integration.support.company import CompanyDirectory
from ansible_collections.rollcall.access.tests.integration.support.scim import ScimServer
from ansible_collections.rollcall.access.tests.integration.support.small import TEMPLATE, prepare


@pytest.fixture
def company(tmp_path: pathlib.Path, scim: ScimServer) -> CompanyDirectory:
    return prepare(CompanyDirectory(TEMPLATE, tmp_path, scim))


def kept(folder: pathlib.Path) -> dict[str, int]:
    """Return the files of bytecode by the end of their names, with when each was written."""
    found = {}
    for file in folder.rglob("*.pyc"):
        parts = file.relative_to(folder).parts
        if "plugins" in parts and "rollcall" in parts:
            found["/".join((*parts[parts.index("plugins") + 1 : -1], file.name.split(".")[0]))] = (
                file.stat().st_mtime_ns
            )
    return found


def test_a_second_run_finds_all_that_the_first_one_compiled(company: CompanyDirectory, tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "bytecode"
    kept_here = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(folder)}
    company.inventory(env=kept_here)
    first = kept(folder)
    assert {"inventory/people", "module_utils/company/company", "module_utils/errors", "plugin_utils/templates"} <= set(
        first
    )
    assert "module_utils/__init__" not in first, "it is loaded before our loader is there, and empty"
    company.inventory(env=kept_here)
    assert kept(folder) == first


def test_nothing_is_kept_where_python_is_told_so(company: CompanyDirectory, tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "bytecode"
    company.inventory(env={"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPYCACHEPREFIX": str(folder)})
    assert kept(folder) == {}


def test_a_playbook_without_an_inventory_of_people_keeps_it_too(
    company: CompanyDirectory, tmp_path: pathlib.Path
) -> None:
    folder = tmp_path / "bytecode"
    env = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(folder)}
    command = ("ansible-playbook", "rollcall.access.verify_ledger", "-i", "localhost,")
    company.playbook("onboard", "--limit", "cleo.marsh")
    company.command(*command, env=env).succeeded()
    assert {"action/verify_ledger", "module_utils/ledger/book"} <= set(kept(folder))
