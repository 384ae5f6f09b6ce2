"""The Chromium of the browser tests: unpacked, with its libraries and a font, so that it needs neither root nor any
package of the system.

    .venv/bin/python scripts/chromium.py PACKAGE TARGET

PACKAGE is `node_modules/@sparticuz/chromium`, which is left without its 67 MB archive; TARGET is made anew.
"""

import io
import shutil
import sys
import tarfile
from pathlib import Path
from xml.sax.saxutils import escape

import brotli

FONTS_CONF = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <dir>{folder}/fonts</dir>
  <cachedir>{folder}/fonts-cache</cachedir>
</fontconfig>
"""
"""Of its own font alone, so that a page looks the same on every machine; without a configuration pages crash."""
CHUNK_BYTES = 1 << 20


def main() -> None:
    package, target = (Path(word) for word in sys.argv[1:])
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    program = target / "chromium"
    unpack_program(package / "bin" / "chromium.br", program)
    program.chmod(0o755)
    for archive in ("al2023", "fonts"):
        unpack(package / "bin" / f"{archive}.tar.br", target)
    (target / "fonts.conf").write_text(FONTS_CONF.format(folder=escape(str(target.resolve()))), encoding="utf-8")
    (package / "bin" / "chromium.br").unlink()


def unpack_program(packed: Path, program: Path) -> None:
    """By pieces: it is 200 MB."""
    unpacking = brotli.Decompressor()
    with packed.open("rb") as source, program.open("wb") as target:
        while piece := source.read(CHUNK_BYTES):
            target.write(unpacking.process(piece))


def unpack(packed: Path, target: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(brotli.decompress(packed.read_bytes()))) as archive:
        if hasattr(tarfile, "data_filter"):  # not so in Python 3.11.2, which Debian 12 brings
            archive.extraction_filter = tarfile.data_filter
        archive.extractall(target)


if __name__ == "__main__":
    main()
