"""Compiles the kernels of src/recomengine/_core: -O3, OpenMP where the compiler has it, strict floating point. Builds
the browser SDK and the dashboard and packs the files for browsers into a wheel.

No -march: functions marked RECO_CLONES (see _core/clones.h) are compiled several times and chosen at run time, so one
wheel runs on every x86-64. Everything else about the package is in pyproject.toml.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy
from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py

sys.path.insert(0, "src")
from recomengine.site.build import build as build_site

CORE = Path("src/recomengine/_core")
NAMED = re.compile(r'(?:extern from|#include) "(\w+\.h)"|from recomengine\._core\.(\w+) cimport')
BROWSER_BUILDS = [Path("sdk/build.py"), Path("dashboard/build.py")]


def has_openmp(compiler: str) -> bool:
    """Whether a program with an OpenMP loop compiles and links."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "probe.c"
        source.write_text("#include <omp.h>\nint main(void) { return omp_get_max_threads() < 1; }\n")
        command = [*compiler.split(), "-fopenmp", str(source), "-o", str(Path(folder) / "probe")]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


def extensions() -> list[Extension]:
    flags = ["-O3", "-fno-math-errno", "-fno-trapping-math", "-Wno-unused-function"]
    openmp = ["-fopenmp"] if sys.platform != "win32" and has_openmp(os.environ.get("CC", "cc")) else []
    return [
        Extension(
            f"recomengine._core.{source.stem}",
            [str(source)],
            include_dirs=[numpy.get_include(), str(CORE)],
            define_macros=[("NPY_NO_DEPRECATED_API", "NPY_1_7_API_VERSION")],
            extra_compile_args=[*flags, *openmp],
            extra_link_args=openmp,
            depends=[__file__, *map(str, sorted(read_by(source)))],
        )
        for source in sorted(CORE.glob("*.pyx"))
    ]


def read_by(source: Path) -> set[Path]:
    """The headers and .pxd files that a module is compiled with: those that it names, and those that they name."""
    found, unread = set(), [source]
    while unread:
        names = NAMED.findall(unread.pop().read_text(encoding="utf-8"))
        named = {CORE / (header or f"{module}.pxd") for header, module in names}
        unread += (new := {file for file in named - found if file.exists()})  # the others are the compiler's
        found |= new
    return found


class BuildKernels(build_ext):
    """In a working tree the compiled files are kept, and only a module whose sources changed is compiled again."""

    def finalize_options(self) -> None:
        super().finalize_options()
        if self.editable_mode:
            self.build_lib = self.build_temp = "build/kernels"


class BuildWithSite(build_py):
    """For a wheel; in a working tree scripts/setup.py does it, and only when a file changed."""

    def run(self) -> None:
        if not self.editable_mode:
            for script in BROWSER_BUILDS:
                if script.exists():  # a source distribution holds what they build
                    subprocess.run([sys.executable, str(script)], check=True, env=os.environ | {"PYTHONPATH": "src"})
            build_site()
        super().run()


setup(
    cmdclass={"build_ext": BuildKernels, "build_py": BuildWithSite},
    ext_modules=cythonize(
        extensions(),
        compiler_directives={
            "language_level": 3, "boundscheck": False, "wraparound": False, "cdivision": True,
            "initializedcheck": False, "embedsignature": True, "freethreading_compatible": True,
        },
    )
)  # fmt: skip
