# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of another commit, out of a real repository."""

from __future__ import annotations

import pathlib
import subprocess

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.errors import PolicyError
from ansible_collections.rollcall.access.plugins.module_utils.policy.at_commit import AtCommit, write_commit


class Repository:
    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        path.mkdir()
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str) -> str:
        who = ("-c", "user.name=t", "-c", "user.email=t@t.example", "-c", "commit.gpgsign=false")
        done = subprocess.run(["git", *who, *arguments], cwd=self.path, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def write(self, name: str, text: str) -> None:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def commit(self) -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "x", "--allow-empty")
        return self.git("rev-parse", "HEAD")

    def take(self, revision: str, into: pathlib.Path, folder: str = "corp/access/policy") -> AtCommit:
        return write_commit(revision, self.path / "corp", {"policy": self.path / folder}, into)


@pytest.fixture
def repository(tmp_path: pathlib.Path) -> Repository:
    made = Repository(tmp_path / "repo")
    made.write("corp/access/policy/rules.yml", "version: 'one'\n")
    made.write("corp/access/policy/deep/more.yaml", "bundles: {}\n")
    made.write("corp/access/policy/README.md", "words")
    made.write("corp/access/policy-of-others/x.yml", "a: b")
    made.commit()
    return made


def contents(folder: pathlib.Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_a_commit_is_written_elsewhere_and_the_checkout_stays_as_it_is(
    repository: Repository, tmp_path: pathlib.Path
) -> None:
    first = repository.git("rev-parse", "HEAD")
    repository.write("corp/access/policy/rules.yml", "version: 'two'\n")
    repository.commit()
    repository.write("corp/access/policy/rules.yml", "version: 'three'\n")
    before = repository.git("status", "--porcelain")
    found = repository.take("HEAD~1", tmp_path / "out")
    assert found.id == first
    assert found.folders["policy"] == tmp_path / "out/corp/access/policy"
    assert contents(tmp_path / "out") == {
        "corp/access/policy/rules.yml": "version: 'one'\n",
        "corp/access/policy/deep/more.yaml": "bundles: {}\n",
    }
    assert repository.git("status", "--porcelain") == before
    assert (repository.path / "corp/access/policy/rules.yml").read_text() == "version: 'three'\n"


def test_what_gitattributes_would_leave_out_or_rewrite_is_taken_as_it_is(
    repository: Repository, tmp_path: pathlib.Path
) -> None:
    repository.write("corp/access/policy/.gitattributes", "rules.yml export-ignore\nextra.yml export-subst\n")
    repository.write("corp/access/policy/extra.yml", "a: $Format:%H$\n")
    repository.commit()
    repository.take("HEAD", tmp_path / "out")
    assert contents(tmp_path / "out/corp/access/policy").keys() == {"rules.yml", "extra.yml", "deep/more.yaml"}
    assert "$Format" in (tmp_path / "out/corp/access/policy/extra.yml").read_text()


def test_a_name_with_every_kind_of_character_and_an_empty_file_are_read(
    repository: Repository, tmp_path: pathlib.Path
) -> None:
    name = "corp/access/policy/ä :(top)*\n\t.yml"
    repository.write(name, "")
    repository.write("corp/access/policy/zz.yml", "z: 1")
    repository.commit()
    repository.take("main", tmp_path / "out")
    assert (tmp_path / "out" / name).read_text() == ""
    assert (tmp_path / "out/corp/access/policy/zz.yml").read_text() == "z: 1"


def test_a_folder_that_the_commit_does_not_have_is_not_made(repository: Repository, tmp_path: pathlib.Path) -> None:
    found = repository.take("HEAD", tmp_path / "out", "corp/access/locks")
    assert not found.folders["policy"].exists()


def test_a_link_is_refused(repository: Repository, tmp_path: pathlib.Path) -> None:
    (repository.path / "corp/access/policy/secret.yml").symlink_to("/etc/passwd")
    repository.commit()
    with pytest.raises(PolicyError, match=r"main:corp/access/policy/secret.yml: this is not a plain file"):
        repository.take("main", tmp_path / "out")


@pytest.mark.parametrize("revision", ["nowhere", "", "--output=/tmp/x", "-h", "HEAD^{tree}", "HEAD:corp"])
def test_what_is_no_commit_is_refused(repository: Repository, tmp_path: pathlib.Path, revision: str) -> None:
    with pytest.raises(PolicyError, match=r"there is no commit .* fetch the whole history"):
        repository.take(revision, tmp_path / "out")


def test_a_folder_outside_and_a_place_without_a_repository_are_refused(
    repository: Repository, tmp_path: pathlib.Path
) -> None:
    with pytest.raises(PolicyError, match="is outside of the repository"):
        write_commit("HEAD", repository.path, {"policy": tmp_path / "elsewhere"}, tmp_path / "out")
    with pytest.raises(PolicyError, match=r"git says: .*not a git repository"):
        write_commit("HEAD", tmp_path, {"policy": tmp_path / "elsewhere"}, tmp_path / "out")
