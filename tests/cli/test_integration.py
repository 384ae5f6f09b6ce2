"""`recomengine doctor --tenant`: how a shop's integration does, for people and for programs."""

import json
from uuid import UUID

from tests.cli.lines import is_one_line, ndjson
from tests.support.commands import Command

ITEM = {"productId": "boot", "name": "Boot", "price": 20}


def test_what_is_amiss_is_a_table_the_worst_first_and_exit_1(command: Command, tenant: str) -> None:
    ran = command("doctor", "--tenant", tenant)

    assert (ran.code, ran.err) == (1, "")
    assert "The last 7 days" in ran.out
    assert ran.out.index("problem") < ran.out.index("unknown") < ran.out.index(" ok ")
    for said in ("event types", "No event has ever come.", "recomengine import catalog"):
        assert said in " ".join(ran.out.replace("│", " ").split())


def test_programs_get_json_and_exit_0_once_no_problem_is_left(command: Command, tenant: str) -> None:
    ran = command("doctor", "--tenant", tenant, "--json", "--days", "30")
    found = json.loads(ran.out)
    assert (ran.code, found["status"]) == (1, "problem")
    assert {each["check"] for each in found["findings"] if each["status"] == "problem"} == {"events", "catalog"}

    event = {"eventType": "view", "userId": "ann", "productId": "boot"}
    assert command("import", "catalog", "-", "--tenant", tenant, stdin=ndjson(ITEM)).code == 0
    assert command("import", "events", "-", "--tenant", tenant, stdin=ndjson(event)).code == 0
    ran = command("doctor", "--tenant", tenant, "--json")
    assert (ran.code, json.loads(ran.out)["status"]) == (0, "warning")  # there is no model


def test_a_tenant_that_is_not_there_is_said_in_one_line(command: Command, tenant: str) -> None:
    ran = command("doctor", "--tenant", str(UUID(int=1)))
    assert (ran.code, is_one_line(ran.err), "no such tenant" in ran.err) == (1, True, True)
    assert command("doctor", "--tenant", tenant, "--days", "31").code == 2
