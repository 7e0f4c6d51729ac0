# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What docs/requests.md shows can be used as it stands."""

from __future__ import annotations

import pathlib
import re

import pytest
import yaml
from ansible_collections.rollcall.access.plugins.module_utils.model import App, Entitlement
from ansible_collections.rollcall.access.plugins.module_utils.policy.values import Catalog
from ansible_collections.rollcall.access.plugins.module_utils.requesting.request_files import read_requests
from ansible_collections.rollcall.access.plugins.module_utils.requesting.tickets import read_ticket

DOCS = pathlib.Path(__file__).resolve().parents[3] / "docs"
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", (DOCS / "requests.md").read_text(encoding="utf-8"), re.DOTALL)


def app(key: str, *entitlements: str) -> App:
    return App(key, name=key.upper(), entitlements={name: Entitlement(name) for name in entitlements})


CATALOG = Catalog({one.key: one for one in (app("crm", "reports"), app("billing", "export"), app("archive"))})


def test_the_file_is_sound(tmp_path: pathlib.Path) -> None:
    (text,) = [text for kind, text in BLOCKS if kind == "yaml" and "\nrequests:" in text]
    (tmp_path / "requests.yml").write_text(text, encoding="utf-8")
    asked, findings = read_requests(tmp_path, CATALOG)
    assert findings == ()
    assert [one.person for one in asked] == ["jane.doe@acme.example", "sam.cole"]
    assert asked[1].grants == (("archive", ""), ("billing", "export"))


def test_the_ticket_is_read() -> None:
    (text,) = [text for kind, text in BLOCKS if not kind]
    found = read_ticket(text.splitlines(), CATALOG)
    assert (found.grants, found.missing) == ((("crm", "reports"),), ())


@pytest.mark.parametrize(("number", "name", "asked"), [(0, "request_access", 5), (1, "complete_task", 4)])
def test_the_surveys_name_what_the_playbooks_take(number, name, asked) -> None:
    page = (DOCS / "awx.md").read_text(encoding="utf-8")
    surveys = re.findall(r"```yaml\n(# the survey.*?)```", page, re.DOTALL)
    assert len(surveys) == 2
    playbook = (DOCS.parent / f"playbooks/{name}.yml").read_text(encoding="utf-8")
    questions = yaml.safe_load(surveys[number])["spec"]
    assert len(questions) == asked
    for question in questions:
        takes = (f"{question['variable']} {end}" for end in ("|", "is", "}}"))
        assert any(one in playbook for one in takes)
        assert question["type"] in ("text", "textarea", "integer", "multiplechoice")
