"""The script as it is served, in Node, for what needs no browser: node --test over the files beside this one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from recomengine.experiments.assignment import bucket

FOLDER = Path(__file__).parent
NODE = Path(sys.executable).with_name("node")
USERS = ["u1", "42", "anon_2891336453-120-3000000001-9", "user with blanks", "Zoë", "顾客", "🛒", "a" * 128, "é" * 128]
EXPERIMENTS = ["exp-1", "9f1c2b6e-0f7a-4a51-9c7e-0c1b2d3e4f50", "实验", ""]


@pytest.mark.parametrize("name", ["assignment", "queue", "shopper"])
def test_the_script_does_what_its_tests_in_node_say(name: str, tmp_path: Path) -> None:
    cases = [
        {"userId": user, "experimentId": experiment, "bucket": bucket(user, experiment)}
        for user in USERS
        for experiment in EXPERIMENTS
    ]
    file = tmp_path / "cases.json"
    file.write_text(json.dumps({"cases": cases}))
    ran = subprocess.run(
        [NODE, "--test", FOLDER / f"{name}.test.mjs"],
        env={**os.environ, "RECO_CASES": str(file)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
