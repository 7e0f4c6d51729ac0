# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the documentation shows of duties, accepted risks and comparisons is what is read."""

from __future__ import annotations

import pathlib
import re

import pytest
import yaml
from ansible_collections.rollcall.access.plugins.module_utils.policy.duty_files import DutyReader
from ansible_collections.rollcall.access.plugins.module_utils.policy.grants import GrantReader
from ansible_collections.rollcall.access.plugins.module_utils.policy.problems import Problems
from ansible_collections.rollcall.access.plugins.module_utils.policy.schema import check_schema
from ansible_collections.rollcall.access.plugins.module_utils.policy.yaml_lines import Document, parse_document

CHECKOUT = pathlib.Path(__file__).resolve().parents[3]


def blocks(name: str) -> list[str]:
    text = (CHECKOUT / "docs" / name).read_text(encoding="utf-8")
    return re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def shown(key: str) -> Document:
    (block,) = [text for text in blocks("policy.md") if text.startswith(f"{key}:")]
    return parse_document(block, "policy.md")


def test_the_duties_and_risks_that_are_shown_can_be_read() -> None:
    problems = Problems()
    duties_shown, risks_shown = shown("separation_of_duties"), shown("accepted_risks")
    assert check_schema(duties_shown, "policy", problems)
    assert check_schema(risks_shown, "policy", problems)
    reader = DutyReader(problems, GrantReader(problems, None), None)
    duties = reader.duties([duties_shown])
    risks = reader.risks([risks_shown], duties)
    assert problems.findings == []
    assert [duty.id for duty in duties] == ["pay-and-approve", "three-keys", "build-and-run"]
    assert [risk.duty for risk in risks] == ["pay-and-approve", "build-and-run"]


@pytest.mark.parametrize("block", blocks("pull-requests.md"))
def test_a_job_of_ci_is_yaml_and_gives_compare_only_what_it_takes(block: str) -> None:
    assert yaml.safe_load(block)
    playbook = (CHECKOUT / "playbooks/compare.yml").read_text(encoding="utf-8")
    given = set(re.findall(r"\brollcall_[a-z_]+", block))
    assert (
        {"rollcall_from", "rollcall_to", "rollcall_directory"}
        <= given
        <= set(re.findall(r"rollcall_[a-z_]+", playbook))
    )
