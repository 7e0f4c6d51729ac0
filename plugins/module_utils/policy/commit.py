# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which commit of git the policy is."""

from __future__ import annotations

import os
import pathlib
import subprocess

# Set by git itself inside its hooks: they would make us look at another repository.
_MISLEADING = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")


def git_commit(directory: str | pathlib.Path) -> str:
    """Return the commit that ``directory`` is at, with "-dirty" when something in it is not committed.

    Empty where there is no git, no repository, no commit yet, or git refuses the repository.
    """
    head = _git(directory, "rev-parse", "--verify", "--quiet", "HEAD")
    if not head:
        return ""
    changed = _git(directory, "status", "--porcelain", "--", ".")
    # A status that cannot be had is not a clean one.
    return head.strip() if changed == "" else head.strip() + "-dirty"


def git_environment() -> dict[str, str]:
    """Return what git is started with: nothing that would make it look at another repository, or wait for a lock."""
    environment = {name: value for name, value in os.environ.items() if name not in _MISLEADING}
    return {**environment, "GIT_OPTIONAL_LOCKS": "0"}


def _git(directory: str | pathlib.Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(directory), *arguments],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=30,
            check=False,
            env=git_environment(),
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
