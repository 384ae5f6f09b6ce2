"""Processes that count together: in files of one directory, whoever of them dies, and whichever is asked."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from bench.disk import Disk
from recomengine.infra import metric_files
from recomengine.infra.metric_files import PREFIX, STEP_S, VARIABLE, WINDOW_S, Place, Window, fresh_directory
from tests.support.processes import PATIENCE_S

COUNTER = """
import sys
from recomengine.infra import metrics
from tests.support.processes import PATIENCE_S
for line in sys.stdin:
    what, number = line.split()
    if what == "count":
        for _ in range(int(number)):
            metrics.count_request("GET", "/a", 500, 3.0)
            metrics.count_request("GET", "/b", 200, 30.0)
        metrics.MODELS_LOADED.set(int(number))
    if what == "spread":
        for path in range(int(number)):
            metrics.count_request("GET", f"/{path}", 200, float(path))
    if what == "settle":
        metrics.PLACE.settle()
    print(metrics.exposition([]).decode() if what == "show" else metrics.PLACE.number, flush=True, end="\\n.\\n")
"""


class Process:
    """A process that counts on request."""

    def __init__(self, directory: Path | None, prefix: Sequence[str] = ()) -> None:
        environment = {name: value for name, value in os.environ.items() if name != VARIABLE} | (
            {VARIABLE: str(directory)} if directory else {}
        )
        self.process = subprocess.Popen(
            [*prefix, sys.executable, "-c", COUNTER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=environment
        )  # fmt: skip

    def ask(self, what: str, number: int = 0) -> str:
        self.say(f"{what} {number}")
        return "".join(iter(self.heard, ".\n"))

    def say(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def heard(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"it ended with {self.process.wait(30)}"
        return line

    def shown(self) -> dict[str, float]:
        """Every sample that it shows, by name and labels."""
        families = text_string_to_metric_families(self.ask("show"))
        return {
            name + "".join(f" {value}" for value in labels.values()): value
            for each in families
            for name, labels, value, *_ in each.samples
        }

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.close()

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(PATIENCE_S)
        self.process.stdout.close()


@contextmanager
def processes(directory: Path | None, number: int, prefix: Sequence[str] = ()) -> Iterator[list[Process]]:
    started = [Process(directory, prefix) for _ in range(number)]
    try:
        yield started
    finally:
        for process in started:
            process.close()


def test_whichever_process_is_asked_the_figures_are_those_of_all(tmp_path: Path) -> None:
    with processes(tmp_path, 2) as (one, other):
        assert {one.ask("count", 3).strip(), other.ask("count", 4).strip()} == {"0", "1"}
        shown = one.shown()
        assert other.shown() == shown
    assert shown["http_requests_total GET /a 500"] == 7
    assert shown["http_request_duration_ms_count GET /b"] == 7
    assert shown["http_request_duration_ms_sum GET /b"] == 210
    assert [shown[f"http_request_duration_ms_bucket {bound} GET /b"] for bound in ("20.0", "50.0", "+Inf")] == [0, 7, 7]
    assert [shown[f"http_request_duration_seconds_bucket {bound} GET /b"] for bound in ("0.02", "0.05", "+Inf")] == [
        0,
        7,
        7,
    ]
    assert shown["http_request_duration_seconds_sum GET /b"] == pytest.approx(0.21)
    assert shown["models_loaded"] == 7
    assert shown["error_rate"] == 0.5


def test_what_a_killed_process_counted_stays_and_its_successor_goes_on(tmp_path: Path) -> None:
    with processes(tmp_path, 2) as (one, other):
        one.ask("count", 3)
        number = other.ask("count", 4)
        other.kill()
        shown = one.shown()
        assert (shown["http_requests_total GET /a 500"], shown["models_loaded"], shown["error_rate"]) == (7, 3, 0.5)
        with processes(tmp_path, 1) as (successor,):
            assert successor.ask("number") == number
            assert successor.shown()["models_loaded"] == 3
            successor.ask("count", 1)
            shown = one.shown()
        assert (shown["http_requests_total GET /a 500"], shown["models_loaded"], shown["error_rate"]) == (8, 4, 0.5)
    assert len(list(tmp_path.glob("counter_*.db"))) == 2


def test_a_process_alone_counts_in_memory(tmp_path: Path) -> None:
    with processes(None, 1) as (alone,):
        families = [each.name for each in text_string_to_metric_families(alone.ask("show"))]
    assert "http_requests" in families
    assert len(families) == len(set(families))
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_a_killed_starter_left_is_removed_and_one_in_use_is_not(tmp_path: Path) -> None:
    left = tmp_path / f"{PREFIX}left"
    left.mkdir()
    (left / "0.lock").touch()
    with fresh_directory(tmp_path) as one, fresh_directory(tmp_path) as other:
        assert sorted(tmp_path.iterdir()) == sorted([one, other])
    assert list(tmp_path.iterdir()) == []


def test_counts_stay_right_when_the_files_grow(tmp_path: Path) -> None:
    with processes(tmp_path, 2) as (one, other):
        one.ask("count", 1)
        one.ask("spread", 300)
        one.ask("count", 1)
        shown = other.shown()
    assert (
        max(file.stat().st_size for file in tmp_path.glob("histogram_*.db")) > 1 << 16
    )  # either may be the first process
    assert shown["http_requests_total GET /a 500"] == 2
    assert [shown[f"http_request_duration_ms_sum GET /{number}"] for number in range(300)] == list(range(300))


def test_a_disk_that_fills_up_kills_no_process_and_what_it_counts_meanwhile_is_in_the_files_once_there_is_room(
    tmp_path: Path,
) -> None:
    disk = Disk(tmp_path, 8)
    with processes(tmp_path, 1, disk.prefix) as (one,):
        one.ask("count", 1)
        disk.fill(one.process.pid)
        one.ask("spread", 300)
        one.ask("count", 1)
        one.ask("settle")
        full = one.shown()
        disk.empty(one.process.pid)
        one.ask("settle")
        one.ask("spread", 300)
        shown = one.shown()
    assert full["http_requests_total GET /a 500"] == 2
    assert "http_request_duration_ms_sum GET /299" not in full
    assert [shown[f"http_requests_total GET /{number} 200"] for number in range(300)] == [2] * 300
    assert [shown[f"http_request_duration_ms_sum GET /{number}"] for number in range(300)] == list(range(0, 600, 2))


def test_a_process_that_starts_on_a_full_disk_counts_for_itself_until_there_is_room(tmp_path: Path) -> None:
    disk = Disk(tmp_path, 8)
    with processes(tmp_path, 1, [*disk.prefix, "sh", "-c", 'echo mounted && read -r go && exec "$@"', "sh"]) as (one,):
        assert one.heard() == "mounted\n"
        disk.fill(one.process.pid)
        one.say("go")
        one.ask("count", 3)
        full = one.shown()
        disk.empty(one.process.pid)
        one.ask("settle")
        one.ask("count", 1)
        shown = one.shown()
    assert (full["http_requests_total GET /a 500"], full["models_loaded"], full["error_rate"]) == (3, 3, 0.5)
    assert (shown["http_requests_total GET /a 500"], shown["models_loaded"], shown["error_rate"]) == (4, 1, 0.5)
    assert shown["http_request_duration_ms_sum GET /b"] == 120


@given(st.lists(st.tuples(st.integers(0, 2 * WINDOW_S), st.sampled_from([0, 1]), st.integers(0, 3)), max_size=60))
def test_the_window_holds_the_counts_of_all_processes_in_the_last_five_minutes(
    counts: list[tuple[int, int, int]],
) -> None:
    now = 1_000_000.0
    told: list[tuple[int, int]] = []
    with pytest.MonkeyPatch.context() as patched, fresh_directory(Path(tempfile.gettempdir())) as directory:
        patched.setattr(metric_files.time, "monotonic", lambda: now)
        places = [Place(directory) for _ in range(2)]
        windows = [Window(place) for place in places]
        alone = Window(None)
        for pause, process, kind in counts:
            now += pause
            windows[process].count(kind)
            alone.count(kind)
            told.append((int(now) // STEP_S, kind))
        expected = {
            name: sum(1 for step, kind in told if kind == number and step > int(now) // STEP_S - WINDOW_S // STEP_S)
            for number, name in enumerate(Window.KINDS)
        }
        assert [window.totals() for window in (*windows, alone)] == [expected] * 3
        for place in places:
            os.close(place._lock)
