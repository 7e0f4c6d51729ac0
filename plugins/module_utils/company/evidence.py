# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that prove that a task was done: kept by their hash, which the chain holds."""

from __future__ import annotations

import hashlib
import pathlib
import re
import typing as t

from ..errors import TaskError
from ..model import Finding, Run, Task
from ..writing import write_bytes
from .company import Company

#: No file is larger than this: evidence is a screenshot or an export, not an archive.
LARGEST = 50 * 1024 * 1024
KEPT = "evidence.kept"


def keep(company: Company, run: Run, task: Task, name: str, content: bytes, by: str) -> str:
    """Keep a file as evidence of ``task`` and return its SHA-256, in hex. A file that is kept already is kept once.

    It lies in the folder ``evidence`` under its hash, so that what somebody called it can do no harm. The file is there
    before the chain says so. Raises TaskError when it is too large or cannot be written.
    """
    if len(content) > LARGEST:
        raise TaskError(
            f"the file {shown_name(name)} has {len(content)} bytes; at most {LARGEST} are kept",
            where=f"task {task.id}",
            todo="Give a smaller file, such as a screenshot",
        )
    digest = hashlib.sha256(content).hexdigest()
    known = {(e.data["task"], e.data["sha256"]) for e in company.ledger.events(kind=KEPT, person=task.person)}
    path = company.settings.evidence / file_name(digest, name)
    try:
        if path.is_symlink() or not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(path, content)
    except OSError as error:
        raise TaskError(
            f"the evidence {shown_name(name)} cannot be kept: {error.strerror}",
            where=f"task {task.id}, {path}",
            todo="See that the folder can be written to, and give it again",
        ) from error
    if (task.id, digest) not in known:
        data = {
            "task": task.id,
            "name": shown_name(name),
            "file": path.name,
            "size": len(content),
            "sha256": digest,
            "by": by,
        }
        company.ledger.append(KEPT, run, company.clock.now(), person=task.person, app=task.app, data=data)
    return digest


def keep_files(company: Company, run: Run, task: Task, paths: t.Iterable[pathlib.Path], by: str) -> tuple[str, ...]:
    """Keep files of this machine. All of them are read before the first is kept. Raises TaskError."""
    contents = []
    for path in paths:
        try:
            if path.exists() and not path.is_file():
                raise TaskError(
                    "this is no file that could be kept",
                    where=f"task {task.id}, {path}",
                    todo="Name a file, such as a screenshot",
                )
            with path.open("rb") as file:
                # never more than is judged by ``keep``
                contents.append((path.name, file.read(LARGEST + 1)))
        except OSError as error:
            raise TaskError(
                f"the evidence cannot be read: {error.strerror}",
                where=f"task {task.id}, {path}",
                todo="Name a file on the machine that runs this",
            ) from error
    return tuple(keep(company, run, task, name, content, by) for name, content in contents)


def evidence_findings(company: Company) -> tuple[Finding, ...]:
    """Return what is wrong with the files that the chain says were kept: one is missing, or was altered."""
    found = []
    for event in company.ledger.events(kind=KEPT):
        data = event.data
        path = company.settings.evidence / str(data["file"])
        where, app, person = str(path), event.app, event.person
        try:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError as error:
            message = f"evidence of task {data['task']} ({data['name']}) cannot be read: {error.strerror}"
            todo = "Bring it back from a backup: its hash is in the chain"
            found.append(Finding("evidence_missing", "error", message, where, todo, app, person))
            continue
        if digest != data["sha256"]:
            message = f"evidence of task {data['task']} ({data['name']}) was altered: its hash is {digest}"
            todo = f"The one that was kept had {data['sha256']}; bring it back from a backup"
            found.append(Finding("evidence_altered", "error", message, where, todo, app, person))
    return tuple(found)


def shown_name(name: str) -> str:
    """Return a file's name as it may be shown: no folders, one line, of bounded length."""
    plain = "".join(c if c.isprintable() else " " for c in re.split(r"[/\\\\]", name)[-1]).strip()
    return plain[-100:] or "file"


def file_name(digest: str, name: str) -> str:
    """Return the name that a file is kept under: its hash, and its kind where that is a plain word."""
    ending = re.search(r"\.([A-Za-z0-9]{1,8})$", name)
    return f"{digest}.{ending[1].lower()}" if ending else digest
