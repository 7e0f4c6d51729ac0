# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which commit of git the policy is, and which ones changed it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import pathlib
import subprocess
import typing as t

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


@dataclasses.dataclass(frozen=True, slots=True)
class Commit:
    """One commit: who wrote it and who took it in, as names with addresses, and the files that it changed."""

    id: str
    author: str
    authored: dt.datetime
    committer: str
    committed: dt.datetime
    subject: str
    files: tuple[str, ...] = ()


def commits_between(
    directory: str | pathlib.Path, paths: t.Iterable[pathlib.Path], begins: dt.datetime, ends: dt.datetime
) -> tuple[Commit, ...] | None:
    """Return the commits that changed one of ``paths`` and were taken in from ``begins`` to ``ends``, oldest first.

    None where there is no git, no repository, no commit yet, or git refuses the repository.
    """
    if not _git(directory, "rev-parse", "--verify", "--quiet", "HEAD"):
        return None
    text = _git(
        directory,
        # names of files as they are, also those with other than ASCII letters
        "-c",
        "core.quotePath=off",
        "log",
        "--reverse",
        "--name-only",
        f"--format=%x1e{'%x1f'.join(_FIELDS)}%x1f",
        "--",
        *(str(path) for path in paths if path.exists()),
    )
    if text is None:
        return None
    found = []
    for record in text.split("\x1e")[1:]:
        id, author, authored, committer, committed, subject, files = record.split("\x1f", 6)
        times = (dt.datetime.fromisoformat(moment) for moment in (authored, committed))
        wrote, took = (moment.astimezone(dt.timezone.utc) for moment in times)
        if begins <= took < ends:
            found.append(Commit(id, author, wrote, committer, took, subject, tuple(filter(None, files.split("\n")))))
    return tuple(found)


# id, author, when it was written, committer, when it was taken in, subject: https://git-scm.com/docs/git-log
_FIELDS = ("%H", "%an <%ae>", "%aI", "%cn <%ce>", "%cI", "%s")


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
