"""`python -m recomengine.site.build`: every file of static/ goes into built/, with a brotli and a gzip form beside it.

Set-up and the making of a wheel run it, so brotli is needed there and nowhere else. Other builders put their bundles
into built/ first; those are compressed here as well.
"""

import gzip
import shutil
from pathlib import Path

import brotli

SITE = Path(__file__).parent
COMPRESSED = {".br", ".gz"}
SMALLEST_GAIN = 0.95
"""A form that is not clearly smaller is not kept: pictures and fonts are compressed already."""


def build(site: Path = SITE) -> None:
    built = site / "built"
    for bundle in (site / "static").iterdir():
        shutil.rmtree(built / bundle.name, ignore_errors=True)
        shutil.copytree(bundle, built / bundle.name)
    for file in sorted(built.rglob("*")):
        if file.is_file() and file.suffix not in COMPRESSED:
            _compress(file)


def _compress(file: Path) -> None:
    plain = file.read_bytes()
    for suffix, packed in ((".br", brotli.compress(plain)), (".gz", gzip.compress(plain, 9, mtime=0))):
        form = file.with_name(file.name + suffix)
        form.unlink(missing_ok=True)
        if len(packed) < SMALLEST_GAIN * len(plain):
            form.write_bytes(packed)


if __name__ == "__main__":
    build()
