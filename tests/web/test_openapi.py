"""The OpenAPI document: every route is in it, and it is what the types say."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.routing import Route

import recomengine
from recomengine.app import all_routes
from recomengine.dashboard import ENTRY
from recomengine.web.examples import ABOUT, EXAMPLES
from recomengine.web.openapi import document, path_of
from recomengine.web.operations import Operation
from recomengine.web.problems import EXPLAINED, Problem
from tests.support.bad_input import EVENT_IMPORT, ITEM_IMPORT

PAGES = {
    "/openapi.json", "/docs", "/docs/problems", "/docs/{name:path}", "/sdk/v1/{name:path}", "/app/{name:path}", "/",
    *ENTRY, "/dashboard", "/dashboard/{path:path}",
}  # fmt: skip
Json = dict[str, Any]


@pytest.fixture(scope="module")
def described() -> Json:
    return msgspec.json.decode(msgspec.json.encode(document(all_routes())), type=Json)


OPERATIONS = [route for route in all_routes() if isinstance(route, Operation)]


def test_every_route_is_an_operation_or_a_page(described: Json) -> None:
    others = [route for route in all_routes() if not isinstance(route, Operation)]
    assert {route.path for route in others if isinstance(route, Route)} == PAGES
    assert len(others) == len(PAGES)
    assert sum(len(methods) for methods in described["paths"].values()) == len(OPERATIONS)


def test_the_document_is_valid(described: Json) -> None:
    OpenAPIV31SpecValidator(described).validate()


def test_every_operation_has_its_summary_tag_and_a_name_of_its_own(described: Json) -> None:
    operations = [operation for methods in described["paths"].values() for operation in methods.values()]
    assert all(operation["summary"] for operation in operations)
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    assert all(tag["description"] for tag in described["tags"])


def media_of(described: Json) -> Iterator[tuple[str, Json]]:
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            for kind, media in operation.get("requestBody", {"content": {}})["content"].items():
                yield f"{method} {path} {kind}", media
            for status, answer in operation["responses"].items():
                for media in answer.get("content", {}).values():
                    yield f"{method} {path} {status}", media
    for name, answer in described["components"]["responses"].items():
        for media in answer["content"].values():
            yield name, media


def test_every_example_is_what_its_schema_says(described: Json) -> None:
    shown = [(where, media) for where, media in media_of(described) if "example" in media]
    assert len(shown) > 60
    for where, media in shown:
        schema = media["schema"] | {"components": described["components"]}
        faults = [error.message for error in Draft202012Validator(schema).iter_errors(media["example"])]
        assert not faults, (where, faults)


@pytest.mark.parametrize(
    "operation", [one for one in OPERATIONS if one.body is not None], ids=lambda one: f"{one.method} {one.path}"
)
def test_the_example_of_a_body_is_taken_by_the_type_that_decodes_it(operation: Operation, described: Json) -> None:
    body = described["paths"][path_of(operation)][operation.method.lower()]["requestBody"]["content"][
        "application/json"
    ]
    msgspec.json.decode(msgspec.json.encode(body["example"]), type=operation.body)


def test_imports_are_described_by_a_line(described: Json) -> None:
    for path, kind in ((EVENT_IMPORT, "EventIn"), (ITEM_IMPORT, "ItemIn")):
        media = described["paths"][path]["post"]["requestBody"]["content"]["application/x-ndjson"]
        assert kind in media["schema"]["description"]
        assert media["example"].endswith("}\n")


def test_nothing_is_said_of_fields_that_there_are_not(described: Json) -> None:
    names = set()
    for schema in described["components"]["schemas"].values():
        names |= _names(schema)
    for methods in described["paths"].values():
        for operation in methods.values():
            names |= {parameter["name"] for parameter in operation.get("parameters", ())}
    assert set(ABOUT) - names - {"nextCursor"} == set()
    assert set(EXAMPLES) - names - {"nextCursor"} == set()


def _names(schema: Any) -> set[str]:
    if isinstance(schema, list):
        return {name for member in schema for name in _names(member)}
    if not isinstance(schema, dict):
        return set()
    return set(schema.get("properties", ())) | {name for member in schema.values() for name in _names(member)}


def test_patterns_are_those_of_every_language(described: Json) -> None:
    assert r"(?!\n)" not in msgspec.json.encode(described).decode()


def problem_kinds(kind: type[Problem] = Problem) -> Iterator[type[Problem]]:
    yield kind
    for narrower in kind.__subclasses__():
        yield from problem_kinds(narrower)


def codes_in(source: str) -> Iterator[str]:
    """What stands as `code=…` where a problem is made, or first where an item of a batch is rejected."""
    kinds = {kind.__name__ for kind in problem_kinds()} | {"Rejection"}
    for call in ast.walk(ast.parse(source)):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in kinds:
            first = call.args[:1] if call.func.id == "Rejection" else []
            for value in [*first, *(word.value for word in call.keywords if word.arg == "code")]:
                yield from _written(value)


def _written(code: ast.expr) -> list[str]:
    """The words of an expression; at least one, or the code could not be found."""
    if ast.unparse(code) == "problem.problem_code":
        return []  # of a problem that was made elsewhere
    words = [part.value for part in ast.walk(code) if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    assert words, f"line {code.lineno}: write the code out in place of {ast.unparse(code)}"
    return words


def test_every_code_of_a_problem_or_a_rejection_is_explained_and_no_other() -> None:
    sources = [file.read_text(encoding="utf-8") for file in Path(recomengine.__file__).parent.rglob("*.py")]
    codes = {kind.code for kind in problem_kinds()} | {code for source in sources for code in codes_in(source)}
    assert codes == set(EXPLAINED)
    assert all(one.kind.code in EXPLAINED for one in EXPLAINED.values())


@pytest.mark.parametrize(
    ("source", "codes"),
    [
        ('raise Conflict("x", code="taken")', {"taken"}), ('raise Conflict("x", code="a" if x else "b")', {"a", "b"}),
        ('Rejection("bad", "x")', {"bad"}), ('Rejection(code="bad", message="x")', {"bad"}),
        ('log("x", code="y")', set()),
        ("Rejection(problem.problem_code, problem.detail)", set()),
    ],
)  # fmt: skip
def test_codes_are_found_wherever_they_are_written(source: str, codes: set[str]) -> None:
    assert set(codes_in(source)) == codes
