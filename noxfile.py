# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection on every ansible-core and Python that it works on: ``make nox``, or ``nox -s core-2.16-3.11``.

Each session runs what depends on ansible-core: inventory, action plugins, modules, playbooks, and the sample company.
``nox -- tests/unit tests/integration`` runs what you name instead, and ``nox -- brief`` every kind of plugin once.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import subprocess

import nox

CHECKOUT = pathlib.Path(__file__).resolve().parent

#: By the name of the session: what pip takes for ansible-core, and the Pythons that it runs on.
CORES = {
    "core-2.16": ("ansible-core==2.16.*", ["3.11"]),
    "core-2.19": ("ansible-core==2.19.*", ["3.11", "3.12"]),
    "core-newest": ("ansible-core", ["3.12", "3.13"]),
}
USUAL = [
    "tests/unit/face",
    "tests/unit/company",
    "tests/unit/events",
    "tests/integration/test_inventory.py",
    "tests/integration/test_installed.py",
    "tests/integration/test_modules.py",
    "tests/integration/test_own_modules.py",
]
# About half a minute: every kind of plugin once.
BRIEF = [
    "tests/unit/face",
    "tests/integration/test_installed.py",
    "tests/integration/test_own_modules.py::test_people_join_move_and_leave_and_a_second_run_changes_nothing",
    "tests/integration/test_inventory.py",
]

nox.options.default_venv_backend = "venv"
nox.options.reuse_venv = "yes"
# where everything else that make makes is too
nox.options.envdir = ".venv/nox"
# a Python that is not there is an error, and never left out in silence
nox.options.error_on_missing_interpreters = True


def _find_pythons() -> list[str]:
    """Put pyenv's Pythons on the PATH where no other runs; return the versions that are nowhere.

    pyenv has a shim on the PATH for every version that is installed, which fails unless that version is chosen.
    """
    missing = []
    for version in sorted({python for _core, pythons in CORES.values() for python in pythons}):
        name = f"python{version}"
        with contextlib.suppress(OSError):
            if subprocess.run([name, "-c", ""], capture_output=True, check=False).returncode == 0:
                continue
        shim = shutil.which(name)
        roots = [os.environ.get("PYENV_ROOT", ""), str(pathlib.Path(shim).parent.parent) if shim else ""]
        found = [path for root in roots if root for path in pathlib.Path(root).glob(f"versions/{version}.*/bin/{name}")]
        if found:
            os.environ["PATH"] = f"{found[-1].parent}{os.pathsep}{os.environ['PATH']}"
        else:
            missing.append(version)
    return missing


def _prepare(session: nox.Session, core: str) -> None:
    session.install("--no-compile", "-r", "requirements-test.txt", core)
    place = pathlib.Path(session.virtualenv.location) / "collections"
    link = place / "ansible_collections/rollcall/access"
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(CHECKOUT)
    session.env["ANSIBLE_COLLECTIONS_PATH"] = session.env["PYTHONPATH"] = str(place)
    session.run("ansible", "--version")


def _test(session: nox.Session, core: str) -> None:
    """Run the usual tests and the sample company, or what was named."""
    _prepare(session, core)
    tests = BRIEF if session.posargs == ["brief"] else session.posargs or USUAL
    session.run("python", "-m", "pytest", "-q", "-n", "2", "--dist", "worksteal", "--timeout", "1200", *tests)
    if not session.posargs:
        session.run("python", "examples/acme/demo.py", silent=True)


MISSING = _find_pythons()
if __name__ == "__main__":
    # python noxfile.py: say which Pythons are missing
    print(" ".join(MISSING))
for _name, (_core, _pythons) in CORES.items():
    nox.session(lambda session, core=_core: _test(session, core), python=_pythons, name=_name)
