# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who did it, with which version of what."""

from __future__ import annotations

import datetime as dt
import functools
import pathlib
import re

from ..model import Run, fingerprint


@functools.cache
def tool_version() -> str:
    """Return the collection's version, as galaxy.yml or the installed MANIFEST.json says."""
    root = pathlib.Path(__file__).resolve().parents[3]
    for name, pattern in (
        ("MANIFEST.json", r'"version":\s*"([^"]+)"'),
        ("galaxy.yml", r"(?m)^version:\s*[\"']?([\w.+-]+)"),
    ):
        file = root / name
        if file.is_file():
            found = re.search(pattern, file.read_text(encoding="utf-8"))
            if found:
                return found[1]
    return "unknown"


def new_run(
    *,
    command: str,
    actor: str,
    at: dt.datetime,
    unique: str,
    policy: str = "",
    commit: str = "",
    awx_job: str = "",
    check_mode: bool = False,
) -> Run:
    """Return the run that ``unique`` (one play of one job) stands for: the same words give the same run."""
    return Run(
        id=fingerprint([unique, awx_job])[:12],
        command=command,
        actor=actor,
        started_at=at,
        tool=f"rollcall.access {tool_version()}",
        policy=policy,
        commit=commit,
        awx_job=awx_job,
        check_mode=check_mode,
    )
