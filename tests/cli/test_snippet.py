"""`recomengine tenant snippet`: the tag to paste in, the same each time."""

import asyncio
import json
from uuid import UUID, uuid4

from recomengine.api_keys.secrets import digest
from tests.support.apps import SECRET
from tests.support.commands import Command
from tests.support.databases import fetchval


def test_it_prints_the_tag_with_a_key_that_is_stored_as_a_digest(command: Command, tenant: str, database: str) -> None:
    made = json.loads(command("tenant", "snippet", tenant, "--json", public_url="https://reco.example/").out)

    key_hash = digest(made["key"], SECRET)
    of = asyncio.run(fetchval(database, "SELECT tenant_id FROM api_keys WHERE key_hash = $1", key_hash))
    assert of == UUID(tenant)
    assert made["src"].startswith("https://reco.example/sdk/v1/recomengine.")
    for flag, tag in (("--no-latest", made["html"]), ("--latest", made["latest"])):
        assert command("tenant", "snippet", tenant, flag, public_url="https://reco.example").out == f"{tag}\n"


def test_it_prints_the_css_that_keeps_the_places_of_widgets(command: Command, tenant: str) -> None:
    printed = command("tenant", "snippet", tenant, "--styles").out

    assert "[data-recomengine-placement]:empty::before { padding-top: calc(" in printed
    assert "<script" not in printed


def test_a_tenant_that_is_not_there_is_named(command: Command, tenant: str) -> None:
    for flags in ((), ("--styles",)):
        ran = command("tenant", "snippet", str(uuid4()), *flags)

        assert (ran.code, "There is no tenant" in ran.err) == (1, True)
