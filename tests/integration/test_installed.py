# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The archive, installed where Ansible looks for collections, does what the checkout does."""

from __future__ import annotations

import pathlib
import subprocess
import typing as t

from ansible_collections.rollcall.access.tests.integration.support.company import CompanyDirectory
from ansible_collections.rollcall.access.tests.integration.support.running import environment, program

HERE = pathlib.Path(__file__).resolve().parent


def test_the_installed_collection_checks_and_onboards(
    tmp_path: pathlib.Path, company_from: t.Callable[[pathlib.Path], CompanyDirectory]
) -> None:
    galaxy = program("ansible-galaxy")
    subprocess.run(
        [galaxy, "collection", "build", "--output-path", str(tmp_path)], cwd=HERE.parents[1], check=True, timeout=300
    )
    (archive,) = tmp_path.glob("rollcall-access-*.tar.gz")
    place = tmp_path / "collections"
    subprocess.run(
        [galaxy, "collection", "install", "--offline", "-p", str(place), str(archive)],
        # without this, Ansible finds the checkout and sees nothing to install
        env=environment(tmp_path, tmp_path, {"ANSIBLE_COLLECTIONS_PATH": str(place)}),
        check=True,
        timeout=300,
    )

    company = company_from(HERE / "small_company")
    company.env["ANSIBLE_COLLECTIONS_PATH"] = str(place)
    company.tenant("mail").add_groups("Everyone", "Sales")
    company.tenant("chat").add_groups("Engineering")
    company.playbook("check").succeeded()
    first = company.playbook("onboard").succeeded()
    assert first.changed > 0
    again = company.playbook("onboard").succeeded()
    assert again.changed == 0
    # of twelve people that is not said one by one
    assert len(again.hosts) > 10
    assert "nothing to do" not in again.stdout
    alone = company.playbook("onboard", "--limit", "ada.stone").succeeded()
    assert "ada.stone: nothing to do" in alone.stdout
    assert company.tenant("mail").holders()
