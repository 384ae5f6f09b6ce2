"""An admin who has signed up, and counts of attempts that begin anew."""

import httpx
import pytest

from recomengine.context import Context
from tests.support.people import Person, forget_attempts


@pytest.fixture
async def nobody_has_tried(context: Context) -> None:
    await forget_attempts(context)


@pytest.fixture
async def ann(client: httpx.AsyncClient, nobody_has_tried: None) -> Person:
    person = Person(client)
    assert (await person.sign_up(name="Ann")).status_code == 201
    return person
