# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What docs/requests.md shows can be used as it stands."""

from __future__ import annotations

import pathlib
import re

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
