"""Dashboard, alerts and the documented table against what real processes export: `up` with two API processes and a
worker.
"""

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import promql_parser
import pytest
import yaml
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.parser import text_string_to_metric_families

from recomengine.infra.metric_files import PREFIX
from tests.support.apps import SECRET, Servers, bearer
from tests.support.histograms import consistent
from tests.support.processes import (
    COMMAND,
    PATIENCE_S,
    Up,
    environment,
    free_port,
    make_tenant,
    reachable_dir,
    start_up,
    stop,
    wait_until,
)

ROOT = Path(__file__).parents[2]
BY_PROMETHEUS = {"up"}
"""Made by Prometheus itself."""
ADDED = {"job", "instance", "le"}
PASSWORD, ADDRESS = "Vv7-unguessable-horse", "ann.nobody@example.com"


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    up = start_up(reachable_dir(tmp_path_factory, "observed"), "--processes", "2", LOG_LEVEL="debug")
    yield up
    stop(up)


@pytest.fixture(scope="module")
def shop(up: Up) -> dict[str, Any]:
    return make_tenant(up.data_dir)


def scrape(up: Up) -> str:
    """On a connection of its own, so that either process may answer."""
    key = json.loads((up.data_dir / "secrets.json").read_text(encoding="utf-8"))["internal_api_key"]
    answer = httpx.get(f"{up.url}/internal/metrics", headers=bearer(key), timeout=PATIENCE_S)
    assert answer.status_code == 200
    return answer.text


def samples(text: str) -> dict[str, float]:
    """Every sample, by name and the values of its labels."""
    return {
        " ".join([sample.name, *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(text) for sample in family.samples
    }  # fmt: skip


def exported(text: str) -> dict[str, str]:
    return dict(line.split()[2:4] for line in text.splitlines() if line.startswith("# TYPE "))


def serving_counts(up: Up) -> list[float]:
    """How many requests for recommendations each process has counted in its own file."""
    (directory,) = up.data_dir.glob(f"{PREFIX}*")
    files = [MmapedDict.read_all_values_from_file(str(file)) for file in sorted(directory.glob("counter_*.db"))]
    counts = [
        sum(value for key, value, *_ in file if "http_requests_total" in key and "/api/v1/recommendations" in key)
        for file in files
    ]
    return [count for count in counts if count]


def ask(up: Up, shop: dict[str, Any], times: int) -> None:
    for _ in range(times):
        answer = httpx.get(
            f"{up.url}/api/v1/recommendations?userId=ann", headers=bearer(shop["keys"]["read"]), timeout=PATIENCE_S
        )
        assert answer.status_code == 200


ANSWERED = "http_requests_total GET /api/v1/recommendations 200"


def test_a_scrape_tells_of_all_processes_and_survives_their_death(up: Up, shop: dict[str, Any]) -> None:
    sent = 0
    while len(serving_counts(up)) < 2:  # until both have served
        ask(up, shop, 10)
        sent += 10
        assert sent < 2000
    assert {samples(scrape(up))[ANSWERED] for _ in range(10)} == {sent}
    text = scrape(up)
    histograms = [
        family for family in text_string_to_metric_families(text) if family.type == "histogram" and family.samples
    ]
    assert len(histograms) == 5
    assert all(consistent(histogram) for histogram in histograms)
    wait_until(lambda: samples(scrape(up)).get("recomengine_processes worker") == 1)
    assert samples(scrape(up))["recomengine_processes serve"] == 2
    assert samples(scrape(up))["process_resident_memory_bytes serve"] > 50_000_000

    killed = up.processes("recomengine serve")
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: len(up.processes("recomengine serve") - killed) == 2 and up.ready())
    ask(up, shop, 10)
    assert samples(scrape(up))[ANSWERED] == sent + 10
    wait_until(lambda: samples(scrape(up)).get("recomengine_processes serve") == 2)


def test_processes_of_serve_count_together_too(servers: Servers, tmp_path: Path) -> None:
    port = free_port()
    given = {
        "DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url, "DATA_DIR": str(tmp_path),
        "LOG_LEVEL": "error", "JWT_SECRET": SECRET, "API_KEY_HMAC_SECRET": SECRET, "INTERNAL_API_KEY": SECRET,
    }  # fmt: skip
    process = subprocess.Popen([*COMMAND, "serve", "--port", str(port), "--processes", "2"], env=environment(given))

    def processes() -> float | None:
        try:
            answer = httpx.get(f"http://127.0.0.1:{port}/internal/metrics", headers=bearer(SECRET), timeout=PATIENCE_S)
        except httpx.TransportError:
            return None
        return samples(answer.text).get("recomengine_processes serve")

    try:
        wait_until(lambda: processes() == 2)
        assert len(list(tmp_path.glob(f"{PREFIX}*"))) == 1
    finally:
        process.terminate()
        assert process.wait(PATIENCE_S) == 0
    assert list(tmp_path.glob(f"{PREFIX}*")) == []


def test_no_secret_is_in_the_logs_of_real_processes_or_of_their_servers(up: Up, shop: dict[str, Any]) -> None:
    person = {"email": ADDRESS, "password": PASSWORD}
    with httpx.Client(base_url=up.url, timeout=PATIENCE_S) as client:
        for _ in range(2):  # the second time the address is taken
            signed_up = client.post("/api/v1/auth/signup", json=person)
        client.post("/api/v1/auth/login", json=person | {"password": PASSWORD * 2})
        client.get(f"/api/v1/recommendations?key={shop['keys']['readWrite']}&password={PASSWORD}&email={ADDRESS}")
        client.post(
            "/api/v1/auth/forgot-password",
            content=f'{{"email": "{ADDRESS}"',
            headers={"Content-Type": "application/json"},
        )
        client.get(
            f"/{PASSWORD}",
            auth=("ann", PASSWORD),
            headers={"Cookie": f"refresh_token={PASSWORD}", "X-API-Key": shop["keys"]["read"]},
        )
    assert signed_up.status_code in (201, 409, 422)
    logged = up.log.read_text(encoding="utf-8") + (up.data_dir / "servers.log").read_text(encoding="utf-8")
    assert '"path": "/api/v1/auth/signup"' in logged
    secrets = [PASSWORD, ADDRESS, *json.loads((up.data_dir / "secrets.json").read_text(encoding="utf-8")).values()]
    secrets += [part for key in shop["keys"].values() for part in key.split("_")[3:]]
    assert [secret for secret in secrets if secret in logged] == []


def expressions() -> list[tuple[str, str]]:
    """Every PromQL expression of the dashboard and the alerts, by where it stands."""
    dashboard = json.loads((ROOT / "deploy/grafana/recomengine.json").read_text(encoding="utf-8"))
    alerts = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text(encoding="utf-8"))
    found = [(panel["title"], target["expr"]) for panel in dashboard["panels"] for target in panel["targets"]]
    found += [
        (variable["name"], variable["query"]["query"].split("(")[1].split(",")[0])
        for variable in dashboard["templating"]["list"][1:]
    ]
    return found + [(rule["alert"], rule["expr"]) for group in alerts["groups"] for rule in group["rules"]]


def selectors(expression: str) -> list[promql_parser.VectorSelector]:
    found: list[promql_parser.VectorSelector] = []

    def visit(node: Any) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node)
        for part in ("expr", "lhs", "rhs", "args", "vector_selector", "vs"):
            below = getattr(node, part, None)
            for each in below if isinstance(below, list) else [below] if below is not None else []:
                visit(each)

    visit(promql_parser.parse(expression))
    return found


def test_dashboard_and_alerts_ask_for_metrics_and_labels_that_a_server_exports(up: Up, shop: dict[str, Any]) -> None:
    ask(up, shop, 1)
    known, labels = exported(scrape(up)), documented_labels()
    asked = set()
    for where, expression in expressions():
        found = selectors(expression)
        assert found, f"{where}: no metric in {expression}"
        for selector in found:
            name = re.sub(r"_(bucket|count|sum)$", "", selector.name) if selector.name not in known else selector.name
            assert name in known or name in BY_PROMETHEUS, f"{where}: no server exports {selector.name}"
            used = {matcher.name for matcher in selector.matchers.matchers}
            assert used <= labels.get(name, set()) | ADDED, f"{where}: {selector.name} has no label {used}"
            asked.add(name)
    assert {name for name in known if name not in asked and name.replace("_ms", "_seconds") not in asked} == set(), (
        "exported and shown nowhere"
    )


def test_each_alert_says_what_to_do() -> None:
    alerts = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text(encoding="utf-8"))
    rules = [rule for group in alerts["groups"] for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"].keys() == {"summary", "action"}


ROW = re.compile(r"^\| (?P<names>`[^|]*`) \| (?P<type>counter|gauge|histogram) \|(?P<labels>[^|]*)\|", re.MULTILINE)


def documented() -> list[tuple[str, str, set[str]]]:
    text = (ROOT / "docs/observability.md").read_text(encoding="utf-8")
    return [
        (name, row["type"], set(re.findall(r"`(\w+)`", row["labels"])))
        for row in ROW.finditer(text)
        for name in re.findall(r"`(\w+)`", row["names"])
    ]


def documented_labels() -> dict[str, set[str]]:
    return {name: labels for name, _, labels in documented()}


def test_the_documented_table_is_what_a_server_exports(up: Up, shop: dict[str, Any]) -> None:
    ask(up, shop, 1)
    wait_until(lambda: "recomengine_processes serve" in samples(scrape(up)))
    text = scrape(up)
    assert {name: kind for name, kind, _ in documented()} == exported(text)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            name = next(
                name for name in (sample.name, family.name, f"{family.name}_total") if name in documented_labels()
            )
            assert sample.labels.keys() - {"le"} == documented_labels()[name]
