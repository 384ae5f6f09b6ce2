"""The command line that the programs of this folder share, and the shops and protocols that it names."""

import argparse
from collections.abc import Sequence
from pathlib import Path


def parser_of(description: str, max_cases: int) -> argparse.ArgumentParser:
    """`DIR… [--only SHOP[:PROTOCOL]] [--max-cases N]`."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("dirs", nargs="+", type=Path, help="folders that hold one folder a shop")
    parser.add_argument("--only", help="SHOP or SHOP:PROTOCOL")
    parser.add_argument("--max-cases", type=int, default=max_cases, help="of each shop and protocol (%(default)s)")
    return parser


def shops_below(dirs: Sequence[Path]) -> list[Path]:
    return sorted(meta.parent for root in dirs for meta in root.glob("*/meta.json"))


def is_asked_for(only: str | None, shop: Path, protocol: str) -> bool:
    return only in (None, shop.name, f"{shop.name}:{protocol}")
