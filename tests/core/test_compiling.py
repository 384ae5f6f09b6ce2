"""What makes the compiler run again."""

import json
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "src" / "recomengine" / "_core"


@pytest.fixture(scope="module")
def reads() -> dict[str, set[str]]:
    """The headers that setup.py says each module is compiled with."""
    program = (
        "import json, setuptools; from distutils.core import run_setup;"
        "made = run_setup('setup.py', stop_after='init').ext_modules;"
        "print(json.dumps({each.name.rpartition('.')[2]: each.depends for each in made}))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str]] = json.loads(done.stdout.splitlines()[-1])
    return {name: {Path(file).name for file in files if file.endswith(".h")} for name, files in found.items()}


@pytest.mark.parametrize("module", sorted(source.stem for source in CORE.glob("*.pyx")))
def test_a_module_is_compiled_again_for_the_headers_that_the_compiler_reads_for_it_and_no_others(
    module: str, reads: dict[str, set[str]]
) -> None:
    command = [*shlex.split(sysconfig.get_config_var("CC") or "cc"), f"-I{CORE}", "-MM"]
    include = f"-I{sysconfig.get_path('include')}"
    said = subprocess.run(
        [*command, include, str(CORE / f"{module}.c")], capture_output=True, text=True, check=True
    ).stdout.split()
    assert reads[module] == {file.name for name in said if (file := Path(name)).parent == CORE and file.suffix == ".h"}
