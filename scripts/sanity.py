# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run ``ansible-test sanity`` on a copy of the checkout, with nothing but PyPI within reach.

Two things stand between a plain checkout and ansible-test, and both are settled here:

- It works only inside a path that ends in ``ansible_collections/rollcall/access``: the files that git would commit are
  copied to such a place.
- It builds a virtual environment per test and fetches the installer of pip for them from a site of its own. It takes a
  cached installer where there is one (``~/.ansible/test/cache``), so one is written that installs the same pip from
  PyPI. The home directory is a private one, so nothing is left in yours.

Arguments are handed on: ``python scripts/sanity.py --test validate-modules plugins/modules/person_access.py``.
"""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

CHECKOUT = pathlib.Path(__file__).resolve().parent.parent

INSTALLER = """\
# Installs pip from PyPI into an empty virtual environment; written by scripts/sanity.py in place of get-pip.py.
import sys

sys.path.insert(0, {wheel!r})
from pip._internal.cli.main import main

sys.exit(main(["install", "pip=={version}", *[a for a in sys.argv[1:] if a not in ("--no-setuptools", "--no-wheel")]]))
"""


def committed_files(checkout: pathlib.Path) -> list[str]:
    """Return the files that are committed or would be by ``git add --all``, relative to the checkout."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=checkout,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    return sorted({name for name in listing.split("\0") if name and (checkout / name).is_file()})


def copy_to(target: pathlib.Path) -> None:
    for name in committed_files(CHECKOUT):
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(CHECKOUT / name, place, follow_symlinks=False)


def pip_version() -> str:
    """Return the version of pip that the installed ansible-test asks for."""
    import ansible_test._internal.python_requirements as requirements

    source = pathlib.Path(requirements.__file__).read_text(encoding="utf-8")
    found = re.search(r"\bpip(?:_version)?\s*=\s*['\"]([\d.]+)['\"]", source)
    if not found:
        sys.exit("sanity: this ansible-test does not say which pip it wants; pip_version() has to learn where to look")
    return found.group(1)


def prepare_home(home: pathlib.Path) -> None:
    """Write the installer of pip where ansible-test looks for it, and keep the caller's pip settings in force."""
    version = pip_version()
    wheels = home / "wheels"
    if not list(wheels.glob(f"pip-{version}-*.whl")):
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(wheels), f"pip=={version}"],
            check=True,
        )
    (wheel,) = wheels.glob(f"pip-{version}-*.whl")
    cache = home / ".ansible/test/cache"
    cache.mkdir(parents=True, exist_ok=True)
    installer = cache / f"get_pip_{version.replace('.', '_')}.py"
    installer.write_text(INSTALLER.format(wheel=str(wheel), version=version), encoding="utf-8")
    for settings in (".config/pip", ".pip"):
        theirs, ours = pathlib.Path.home() / settings, home / settings
        if theirs.exists() and not ours.exists():
            ours.parent.mkdir(parents=True, exist_ok=True)
            ours.symlink_to(theirs)


def main() -> int:
    home = pathlib.Path(sys.prefix) / "sanity-home"
    prepare_home(home)
    binaries = pathlib.Path(sys.executable).parent
    environment = {
        name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "ANSIBLE_COLLECTIONS_PATH")
    } | {"HOME": str(home), "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}"}
    with tempfile.TemporaryDirectory(prefix="rollcall-sanity-") as directory:
        target = pathlib.Path(directory) / "ansible_collections/rollcall/access"
        target.mkdir(parents=True)
        copy_to(target)
        python = f"{sys.version_info.major}.{sys.version_info.minor}"
        command = [str(binaries / "ansible-test"), "sanity", "--python", python, "--color", "no", *sys.argv[1:]]
        return subprocess.run(command, cwd=target, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
