# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Running a playbook in a company's folder, as somebody would, and measuring it."""

from __future__ import annotations

import pathlib
import sys
import typing as t

from .processes import run_program
from .row import Sample

_COLLECTIONS = pathlib.Path(__file__).absolute().parents[4]
#: where scripts/collections_from_pypi.py puts those of others
_OTHERS = pathlib.Path(sys.prefix) / "others"


def playbook(
    folder: pathlib.Path,
    name: str,
    *arguments: str,
    inventory: str = "rollcall.yml",
    memory: bool = False,
    says: str = "",
) -> Sample:
    """Run ``ansible-playbook <name> -i <inventory>``; raise when it fails, or never said ``says``."""
    log = folder / "program.log"
    command = [str(pathlib.Path(sys.executable).parent / "ansible-playbook"), name, "-i", inventory, *arguments]
    environment = {
        "ANSIBLE_COLLECTIONS_PATH": f"{_COLLECTIONS}:{_OTHERS}",
        "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
        "ANSIBLE_HOME": str(folder / ".ansible"),
        "ROLLCALL_ACTOR": "bench",
        # as on every machine that has run Ansible once
        "PYTHONDONTWRITEBYTECODE": "",
    }
    sample = run_program(command, cwd=folder, environment=environment, memory=memory, output=log)
    if says not in log.read_text("utf-8", "replace"):
        raise ValueError(f"{name} did not say {says!r}: see {log}")
    return sample


def write_loop(
    path: pathlib.Path,
    pairs: t.Sequence[tuple[str, str, str]],
    what: str = "entitlements: [member, everyone]",
    hosts: str = "app.app001",
) -> None:
    """Write the usual playbook: one account module after the other, for each (module, app, person)."""
    tasks = [
        f"    - rollcall.access.{module}:\n        app: {app}\n        person: {person}\n        {what}\n"
        for module, app, person in pairs
    ]
    head = f"- hosts: {hosts}\n  gather_facts: false\n  tasks:\n    - meta: noop\n"
    path.write_text(head + "".join(tasks), "utf-8")
