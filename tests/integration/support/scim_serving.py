# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""scim2-server, started as its own command starts it, with a memory for what it has shown already.

A list of a thousand accounts is asked for again and again, and hardly one of them differs from the last time. The
server gives every write a version of its own, so what it showed of one version of a resource is what it would show of
it again. Nothing else is different: it still finds, judges, changes and answers by itself.
"""

from __future__ import annotations

import typing as t

from scim2_server import memory, service
from scim2_server.testserver import cli


class Shown:
    """A resource as it is shown to a client, and the forms in which it was asked for."""

    def __init__(self, resource: t.Any) -> None:
        self._resource = resource
        self._forms: dict[t.Any, t.Any] = {}

    def __getattr__(self, name: str) -> t.Any:
        return getattr(self._resource, name)

    def model_dump(self, *, scim_ctx: t.Any, response_parameters: t.Any = None) -> t.Any:
        asked = response_parameters and (response_parameters.attributes, response_parameters.excluded_attributes)
        form = (scim_ctx, repr(asked))
        if form not in self._forms:
            self._forms[form] = self._resource.model_dump(scim_ctx=scim_ctx, response_parameters=response_parameters)
        return self._forms[form]


class Original:
    """A resource of the storage, which a search hands on as it is: what is shown is a copy already."""

    def __init__(self, resource: t.Any) -> None:
        self._resource = resource

    def model_copy(self, **_how: t.Any) -> t.Any:
        return self._resource


_usual_publish, _usual_page = service.ScimService.publish, memory._page
#: By place and id: the version, and what is shown of it.
_shown: dict[tuple[str, str], tuple[str, Shown]] = {}


def publish(self: service.ScimService, base_url: str, resource: t.Any) -> t.Any:
    version, key = resource.meta.version, (base_url, resource.id)
    known, shown = _shown.get(key, ("", None))
    if shown is None or known != version:
        shown = Shown(_usual_publish(self, base_url, resource))
        _shown[key] = (version, shown)
    return shown


def page(*asked: t.Any) -> t.Any:
    found = _usual_page(*asked)
    found.resources = [Original(resource) for resource in found.resources]
    return found


if __name__ == "__main__":
    service.ScimService.publish = publish
    memory._page = page
    cli.main()
