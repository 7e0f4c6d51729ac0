# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fetch collections of others, where Ansible Galaxy is out of reach but PyPI is not.

    python scripts/collections_from_pypi.py community.postgresql awx.awx

They come out of the wheel of the ``ansible`` package, which carries them as they are, with their ``MANIFEST.json``; the
package itself is not installed. They go to ``others/ansible_collections`` in the virtual environment of the Python that
runs this, and the wheel stays next to them, so the next call needs no network. Prints the folder that belongs into
$ANSIBLE_COLLECTIONS_PATH. What is there already is left alone.
"""

from __future__ import annotations

import argparse
import fcntl
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile

REQUIREMENT = "ansible>=11,<12"

#: .venv/others for the Python of make
OTHERS = pathlib.Path(sys.prefix) / "others"


def fetch(names: list[str], into: pathlib.Path = OTHERS) -> pathlib.Path:
    """Put collections (``namespace.name``) into a folder and return it.

    Raises SystemExit when a name is none of the package's, and CalledProcessError when PyPI cannot be reached.
    """
    into.mkdir(parents=True, exist_ok=True)
    with open(into / "lock", "w", encoding="utf-8") as lock:
        # tests run side by side, and none may take away what another has begun to use
        fcntl.flock(lock, fcntl.LOCK_EX)
        missing = [name for name in names if not (_place(into, name) / "MANIFEST.json").exists()]
        if missing:
            with zipfile.ZipFile(_wheel(into)) as wheel:
                for name in missing:
                    _extract(wheel, name, into)
    return into


def _place(into: pathlib.Path, name: str) -> pathlib.Path:
    namespace, dot, rest = name.partition(".")
    if not (dot and namespace.isidentifier() and rest.isidentifier()):
        raise SystemExit(f"{name}: this is not the name of a collection, such as community.postgresql")
    return into / "ansible_collections" / namespace / rest


def _wheel(into: pathlib.Path) -> pathlib.Path:
    folder = into / "wheels"
    if not list(folder.glob("ansible-*.whl")):
        pip = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:")
        subprocess.run([*pip, "--dest", str(folder), REQUIREMENT], check=True, stdout=sys.stderr)
    return max(folder.glob("ansible-*.whl"))


def _extract(wheel: zipfile.ZipFile, name: str, into: pathlib.Path) -> None:
    place = _place(into, name)
    prefix = f"ansible_collections/{name.replace('.', '/')}/"
    members = [member for member in wheel.namelist() if member.startswith(prefix)]
    if not members:
        raise SystemExit(f"{name}: {pathlib.Path(wheel.filename or '').name} has no such collection")
    place.parent.mkdir(parents=True, exist_ok=True)
    # whole or not at all: whoever interrupts this finds no half collection next time
    with tempfile.TemporaryDirectory(dir=into) as unfinished:
        wheel.extractall(unfinished, members)
        shutil.rmtree(place, ignore_errors=True)
        (pathlib.Path(unfinished) / prefix).rename(place)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="+", metavar="namespace.name")
    parser.add_argument("--into", type=pathlib.Path, default=OTHERS)
    options = parser.parse_args(arguments)
    print(fetch(options.names, options.into))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
