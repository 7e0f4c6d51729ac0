# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the integration tests share: one SCIM server for all of them, and a company's directory for each."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
from ansible_collections.rollcall.access.tests.integration.support.company import CompanyDirectory
from ansible_collections.rollcall.access.tests.integration.support.scim import ScimServer, scim_server


@pytest.fixture(scope="session")
def scim() -> t.Iterator[ScimServer]:
    with scim_server() as server:
        yield server


@pytest.fixture
def company_from(tmp_path: pathlib.Path, scim: ScimServer) -> t.Callable[[pathlib.Path], CompanyDirectory]:
    """Return a function that makes a company's directory from a template, with empty apps of its own."""
    return lambda template: CompanyDirectory(template, tmp_path, scim)
