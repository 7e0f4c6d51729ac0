# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fork of a process that has imported everything does and says what a program does that users start."""

from __future__ import annotations

import pathlib
import re
import signal
import typing as t

import pytest
from ansible_collections.rollcall.access.tests.integration.support.company import CompanyDirectory
from ansible_collections.rollcall.access.tests.integration.support.forked import Forked
from ansible_collections.rollcall.access.tests.integration.support.running import Outcome, Running
from ansible_collections.rollcall.access.tests.integration.support.scim import ScimServer
from ansible_collections.rollcall.access.tests.integration.support.small import (
    TEMPLATE,
    end_state,
    prepare,
    without_ansible_cfg,
)


def company(place: pathlib.Path, scim: ScimServer, *, from_the_start: bool) -> CompanyDirectory:
    place.mkdir()
    made = prepare(CompanyDirectory(TEMPLATE, place, scim))
    made.from_the_start = from_the_start
    return made


def said(company: CompanyDirectory, outcome: Outcome) -> tuple[t.Any, ...]:
    """Return how a run ended, without what is different for each: directories, ids, hashes and moments."""

    def same(text: str) -> str:
        text = text.replace(str(company.path.parent), "PLACE")
        return re.sub(r"\b(?=[0-9a-f]*\d)[0-9a-f]{8,}\b|\d\d:\d\d:\d\d", "DIFFERENT", text)

    tasks = [(task.state, task.play, task.task, task.action, task.host) for task in outcome.tasks]
    return outcome.rc, same(outcome.stdout), same(outcome.stderr), tasks, outcome.hosts


def story(company: CompanyDirectory) -> list[tuple[t.Any, ...]]:
    """What works, what is refused before anything begins, what fails, with our settings and with Ansible's own."""
    found = [said(company, company.playbook("onboard", "--limit", "ada.stone,cleo.marsh", "-v"))]
    found.append(said(company, company.command("ansible", "ada.stone", "-i", "rollcall.yml", "-m", "debug")))
    with without_ansible_cfg(company):
        found.append(said(company, company.playbook("check")))
    found.append(said(company, company.playbook("complete_task", "-e", "rollcall_task=none rollcall_by=a@b.example")))
    company.write("hr/people.csv", "this is no feed")
    found.append(said(company, company.command("ansible-inventory", "-i", "rollcall.yml", "--graph")))
    return found


def test_a_fork_does_and_says_what_a_program_of_its_own_does(tmp_path: pathlib.Path, scim: ScimServer) -> None:
    forked = company(tmp_path / "a", scim, from_the_start=False)
    fresh = company(tmp_path / "b", scim, from_the_start=True)
    stories = [story(one) for one in (forked, fresh)]
    assert [one[0] for one in stories[0]] == [0, 0, 0, 2, 4]
    for here, there in zip(*stories, strict=True):
        assert here == there
    assert end_state(forked) == end_state(fresh)
    # what Ansible puts into its own directory is gone in the end
    left = [[path.name for path in (tmp_path / one / "ansible/tmp").iterdir()] for one in "ab"]
    assert left == [[], []]


@pytest.mark.parametrize("from_the_start", [False, True])
def test_a_run_that_is_killed_is_known_to_be(tmp_path: pathlib.Path, scim: ScimServer, from_the_start: bool) -> None:
    running = company(tmp_path / "a", scim, from_the_start=from_the_start).start_playbook("check")
    assert isinstance(running, Running if from_the_start else Forked)
    assert running.process.poll() is None
    running.kill(signal.SIGKILL)
    assert running.wait().rc == running.process.poll() == -signal.SIGKILL


def test_a_run_that_takes_too_long_is_ended(tmp_path: pathlib.Path, scim: ScimServer) -> None:
    running = company(tmp_path / "a", scim, from_the_start=False).start_playbook("check")
    with pytest.raises(TimeoutError):
        running.wait(0)
    assert running.process.poll() == -signal.SIGKILL
