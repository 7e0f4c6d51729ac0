# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who changed the policy, as git has it."""

from __future__ import annotations

import datetime as dt
import os
import pathlib
import subprocess

from ansible_collections.rollcall.access.plugins.module_utils.policy.commit import commits_between

BEGINS, ENDS = (dt.datetime(2026, month, 1, tzinfo=dt.timezone.utc) for month in (4, 7))


def git(folder: pathlib.Path, *words: str, at: str = "", author: str = "Ada Stone") -> None:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
        **dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), at),
        "GIT_AUTHOR_NAME": author,
        "GIT_AUTHOR_EMAIL": "author@acme.example",
        "GIT_COMMITTER_NAME": "Ben Frost",
        "GIT_COMMITTER_EMAIL": "ben@acme.example",
        "GIT_CONFIG_GLOBAL": os.devnull,
    }
    subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True, env=environment)


def commit(folder: pathlib.Path, file: str, subject: str, at: str, **more: str) -> None:
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(subject, encoding="utf-8")
    git(folder, "add", ".")
    git(folder, "commit", "-m", subject, at=at, **more)


def test_the_commits_of_the_policy_in_the_period_with_who_wrote_and_who_took_them_in(tmp_path):
    git(tmp_path, "init")
    commit(tmp_path, "access/policy/rules.yml", "before", "2026-03-31T23:59:59+0000")
    commit(tmp_path, "access/policy/rules.yml", "Sellers see the code", "2026-04-01T01:00:00+0200", author="Łukasz 王")
    commit(tmp_path, "access/policy/ä b.yml", "A name with a space; and 'quotes'", "2026-05-01T12:00:00+0000")
    commit(tmp_path, "README.md", "something else", "2026-05-02T12:00:00+0000")
    commit(tmp_path, "access/policy/rules.yml", "after", "2026-07-01T00:00:00+0000")
    found = commits_between(tmp_path, [tmp_path / "access/policy", tmp_path / "access/none"], BEGINS, ENDS)
    assert found is not None
    assert [one.subject for one in found] == ["A name with a space; and 'quotes'"]
    (one,) = found
    assert (one.author, one.committer) == ("Ada Stone <author@acme.example>", "Ben Frost <ben@acme.example>")
    assert one.committed == dt.datetime(2026, 5, 1, 12, tzinfo=dt.timezone.utc)
    assert one.files == ("access/policy/ä b.yml",)
    earlier = commits_between(tmp_path, [tmp_path / "access"], BEGINS - dt.timedelta(hours=2), ENDS)
    assert earlier is not None
    assert [one.author.split(" <")[0] for one in earlier] == ["Ada Stone", "Łukasz 王", "Ada Stone"]


def test_without_a_repository_or_a_commit_there_is_nobody_to_ask(tmp_path):
    assert commits_between(tmp_path, [tmp_path], BEGINS, ENDS) is None
    git(tmp_path, "init")
    assert commits_between(tmp_path, [tmp_path], BEGINS, ENDS) is None
