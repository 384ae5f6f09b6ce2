"""What the image leaves out of the packages: nothing that the program loads, at work with each of them."""

import subprocess
import sys
from pathlib import Path

import pytest

from scripts.slim import UNUSED, main, unused

AT_WORK = """
import importlib, pkgutil, sys, tempfile
from pathlib import Path
for name in ("_azurefs", "_gcsfs", "_hdfs", "_s3fs"):
    sys.modules[f"pyarrow.{name}"] = None  # pyarrow does without those that are missing
import numpy, obstore, opentelemetry.exporter.otlp.proto.http.trace_exporter, uvicorn, zstandard
import recomengine
from recomengine.archive.parquet import SCHEMA
import pyarrow.parquet as pq
from scipy.special import bdtr, chdtrc, ndtr, ndtri, stdtr, stdtrit
for module in pkgutil.walk_packages(recomengine.__path__, "recomengine."):
    if not module.name.endswith("__main__") and not module.name.startswith("recomengine.site."):
        importlib.import_module(module.name)
zstandard.ZstdDecompressor().decompress(zstandard.ZstdCompressor().compress(b"a"))
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "events.parquet"
    pq.write_table(SCHEMA.empty_table(), path, compression="zstd")
    pq.read_table(path)
numpy.linalg.inv(numpy.eye(2)), numpy.random.default_rng(1).random()
bdtr(1, 2, 0.5), chdtrc(1, 2.0), ndtr(0.5), ndtri(0.5), stdtr(3, 0.5), stdtrit(3, 0.5)
modules = {file for module in list(sys.modules.values()) if (file := getattr(module, "__file__", None))}
maps = Path("/proc/self/maps")
lines = maps.read_text().splitlines() if maps.exists() else ()
mapped = {line.split(maxsplit=5)[5] for line in lines if "/" in line}
print(*sorted(modules | mapped), sep="\\n")
"""
"""A child that loads all of the program, calls what it calls of the packages, and names the files it holds."""


def test_nothing_that_the_image_leaves_out_is_loaded() -> None:
    child = subprocess.run([sys.executable, "-c", AT_WORK], capture_output=True, text=True, check=False)
    assert child.returncode == 0, child.stderr
    loaded = {Path(line) for line in child.stdout.splitlines()}
    packages = next(path.parents[1] for path in loaded if path.parts[-2:] == ("msgspec", "__init__.py"))
    left_out = set(unused(packages))

    assert {packages / "scipy" / "special" / "__init__.py", packages / "pyarrow" / "__init__.py"} <= loaded
    assert [path for path in loaded if left_out & {path, *path.parents}] == []


def test_each_pattern_finds_something_and_what_it_finds_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for pattern in UNUSED:
        file = tmp_path / pattern.replace("**", "package/deep").replace("*", "x")
        if file.suffix:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
        else:
            file.mkdir(parents=True)
            (file / "inside.py").touch()
    kept = tmp_path / "package" / "module.py"
    kept.touch()
    monkeypatch.setattr(sys, "argv", ["slim.py", str(tmp_path)])

    main()

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [kept]
