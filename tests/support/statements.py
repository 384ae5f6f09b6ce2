"""Every SQL statement of the program, by the name of its constant."""

import importlib
import pkgutil
import re
from collections.abc import Iterator

import recomengine

STATEMENT = re.compile(r"^\s*(SELECT|INSERT|UPDATE|DELETE|WITH|MERGE)\b", re.IGNORECASE)


def sql_constants() -> Iterator[tuple[str, str]]:
    for module in pkgutil.walk_packages(recomengine.__path__, "recomengine."):
        if module.name.endswith(".queries"):
            for name, value in vars(importlib.import_module(module.name)).items():
                if name.isupper() and isinstance(value, str) and STATEMENT.match(value):
                    yield f"{module.name}.{name}", value


CONSTANTS = dict(sql_constants())
