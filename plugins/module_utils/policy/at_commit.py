# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of another commit, put into a folder of their own: the checkout is not touched.

Objects are read one by one rather than with ``git archive``, which leaves out, and rewrites, what a ``.gitattributes``
says (export-ignore, export-subst).
"""

from __future__ import annotations

import dataclasses
import os
import pathlib
import subprocess
import typing as t

from ..errors import PolicyError
from .commit import git_environment

_SUFFIXES = (".yml", ".yaml")
_FILES = ("100644", "100755", "100664")


@dataclasses.dataclass(frozen=True)
class AtCommit:
    """One commit: its full ``id``, and where each of the folders that were asked for lies now."""

    id: str
    folders: t.Mapping[str, pathlib.Path]


def write_commit(
    revision: str, base: pathlib.Path, folders: t.Mapping[str, pathlib.Path], into: pathlib.Path
) -> AtCommit:
    """Write the YAML files of ``folders`` (name -> its place in the checkout around ``base``), as they are in
    ``revision``, below ``into``, by their names in the repository.

    A folder that the commit does not have is not made. Raises PolicyError where there is no git, no such commit, where
    a folder is outside the repository, and for a file that is not a plain one.
    """
    top = pathlib.Path(_git(base, "rev-parse", "--show-toplevel").decode().rstrip("\n"))
    id = _commit(top, revision)
    placed = {name: into / _inside(folder, top) for name, folder in folders.items()}
    for folder in folders.values():
        for name, content in _files(top, id, _inside(folder, top), revision):
            path = into / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return AtCommit(id, placed)


def _commit(top: pathlib.Path, revision: str) -> str:
    name = revision.strip()
    if name and not name.startswith("-"):
        try:
            return _git(top, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}").decode().strip()
        except PolicyError:
            pass  # said below, with what to do
    raise PolicyError(
        f"there is no commit {revision!r} in this repository",
        where=str(top),
        todo="Give a commit, a branch or a tag that was fetched; in CI, fetch the whole history (fetch-depth: 0)",
    )


def _inside(folder: pathlib.Path, top: pathlib.Path) -> pathlib.PurePath:
    """Return ``folder`` as it is called in the repository."""
    try:
        return pathlib.Path(os.path.normpath(folder)).relative_to(top)
    except ValueError as error:
        raise PolicyError(
            f"{folder} is outside of the repository {top}",
            where=str(folder),
            todo="Only what git keeps can be compared between two commits",
        ) from error


def _files(
    top: pathlib.Path, commit: str, folder: pathlib.PurePath, revision: str
) -> t.Iterator[tuple[pathlib.PurePath, bytes]]:
    listed = _git(top, "ls-tree", "-r", "-z", "--full-tree", commit, "--", *_pathspec(folder)).decode(
        "utf-8", "surrogateescape"
    )
    wanted: list[tuple[pathlib.PurePosixPath, str]] = []
    for entry in filter(None, listed.split("\0")):
        meta, _tab, name = entry.partition("\t")
        mode, _kind, blob = meta.split()
        path = pathlib.PurePosixPath(name)
        if mode in _FILES and path.suffix not in _SUFFIXES:
            continue
        if mode not in _FILES or ".." in path.parts or path.is_absolute():
            raise PolicyError(
                "this is not a plain file, and could lead anywhere",
                where=f"{revision}:{name}",
                todo="Put the file itself there, in place of a link or a submodule",
            )
        wanted.append((path, blob))
    contents = _git(top, "cat-file", "--batch", given="".join(f"{blob}\n" for _path, blob in wanted).encode())
    at = 0
    for file, blob in wanted:
        # "<id> blob <size>", the content, a line end; or "<id> missing"
        line_end = contents.index(b"\n", at)
        last = contents[at:line_end].split()[-1]
        size = int(last) if last.isdigit() else -1
        if size < 0:
            raise PolicyError(f"git does not have the content of {file} ({blob})", where=f"{revision}:{file}")
        at = line_end + 1 + size + 1
        yield file, contents[line_end + 1 : line_end + 1 + size]


def _pathspec(folder: pathlib.PurePath) -> list[str]:
    return [] if folder == pathlib.PurePath(".") else [folder.as_posix()]


def _git(directory: pathlib.Path, *arguments: str, given: bytes = b"") -> bytes:
    try:
        done = subprocess.run(
            ["git", "-C", str(directory), *arguments],
            input=given,
            capture_output=True,
            timeout=120,
            check=False,
            env={**git_environment(), "GIT_LITERAL_PATHSPECS": "1"},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PolicyError(f"git cannot be used: {error}", where=str(directory), todo="Install git") from error
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise PolicyError(f"git says: {said[0] if said else 'nothing'}", where=str(directory))
    return done.stdout
