# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Install the Debian packages that tests/servers needs and that are missing.

``tests/servers/packages.txt`` names them: a program and the package that brings it, one pair a line.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import typing as t

POLICY = pathlib.Path("/usr/sbin/policy-rc.d")
NEEDED = pathlib.Path(__file__).resolve().parent.parent / "tests/servers/packages.txt"


def missing_packages(text: str) -> list[str]:
    """Return the packages whose program is not there, from lines of "program package"."""
    missing = []
    for line in text.splitlines():
        words = line.split("#", 1)[0].split()
        if not words:
            continue
        program, package = words
        if shutil.which(program) is None and shutil.which(program, path="/usr/sbin:/sbin") is None:
            missing.append(package)
    return missing


@contextlib.contextmanager
def services_left_alone() -> t.Iterator[None]:
    """Keep Debian from starting what it installs: the tests start servers of their own, which need the same ports.

    Source: https://people.debian.org/~hmh/invokerc.d-policyrc.d-specification.txt
    """
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n", encoding="utf-8")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()


def main() -> int:
    missing = missing_packages(NEEDED.read_text(encoding="utf-8"))
    if not missing:
        return 0
    names = " ".join(missing)
    if shutil.which("apt-get") is None:
        print(f"make test-servers: this is no Debian; install what brings {names} and try again", file=sys.stderr)
        return 1
    if os.geteuid() != 0:
        print(f"make test-servers: {names} is missing. As root: apt-get install {names}", file=sys.stderr)
        return 1
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    print(f"Installing {names} ...", flush=True)
    subprocess.run(["apt-get", "update", "-q"], check=True, env=environment)
    with services_left_alone():
        command = ["apt-get", "install", "-q", "-y", "--no-install-recommends", *missing]
        subprocess.run(command, check=True, env=environment)
    return 0


if __name__ == "__main__":
    sys.exit(main())
