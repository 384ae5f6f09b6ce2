"""The pages that describe the API, as a browser gets them."""

import re
from typing import Any

import httpx
import pytest

PAGES = ["/docs", "/docs/problems"]


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_needs_nothing_from_elsewhere_and_runs_no_script(path: str, client: httpx.AsyncClient) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert not re.findall(r"<script|style=|\bon\w+=|src=", answer.text)
    (style,) = re.findall(r'<link rel="stylesheet" href="([^"]+)"', answer.text)
    for path in (style, "/docs/reference.css"):
        assert (await client.get(path)).headers["content-type"].startswith("text/css")
    assert "immutable" in (await client.get(style)).headers["cache-control"]


@pytest.mark.parametrize("path", PAGES)
async def test_every_link_leads_somewhere(path: str, client: httpx.AsyncClient) -> None:
    pages = {page: (await client.get(page)).text for page in PAGES}
    for target in set(re.findall(r'href="([^"]+)"', pages[path])):
        page, _, name = target.partition("#")
        if name:
            assert re.search(rf'id=["\']{re.escape(name)}["\']', pages[page or path]), target
        else:
            assert (await client.get(page)).status_code == 200, target


async def test_the_reference_names_every_operation(client: httpx.AsyncClient) -> None:
    described: dict[str, Any] = (await client.get("/openapi.json")).json()
    text = (await client.get("/docs")).text
    for methods in described["paths"].values():
        for operation in methods.values():
            assert f'id="{operation["operationId"]}"' in text


async def test_the_type_of_a_problem_leads_to_its_cause_and_remedy(client: httpx.AsyncClient) -> None:
    problem = (await client.get("/nowhere")).json()
    page, _, code = problem["type"].partition("#")
    assert "/openapi.json" in problem["detail"]
    shown = re.search(rf'<section class="problem" id="{code}">.*?</section>', (await client.get(page)).text, re.DOTALL)
    assert shown is not None
    assert "What to do" in shown[0]
