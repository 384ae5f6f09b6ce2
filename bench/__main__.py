"""`python -m bench [PART]…`: the parts named, all by default; results go to bench/results/."""

import json
import subprocess
import sys
from pathlib import Path

from bench import (
    analytics,
    bodies,
    capacity,
    chaos,
    client,
    dashboard,
    disk,
    experiments,
    hang,
    http,
    integration,
    jobs,
    limits,
    logins,
    promises,
    refresh,
    sdk,
)
from bench.results import RESULTS, write_result


def kernels() -> None:
    """pytest-benchmark over the kernels and their peers; the summary is kept without each round's time."""
    RESULTS.mkdir(exist_ok=True)
    raw = RESULTS / "kernels.raw.json"
    folder = str(Path(__file__).parent / "kernels")
    subprocess.run([sys.executable, "-m", "pytest", folder, "-q", "--benchmark-json", str(raw)], check=True)
    rows = json.loads(raw.read_text(encoding="utf-8"))["benchmarks"]
    raw.unlink()
    keep = ("min", "median", "mean", "stddev", "rounds")
    write_result(
        "kernels",
        {
            "benchmarks": [
                {
                    "name": row["name"],
                    "group": row["group"],
                    **{k: row["stats"][k] for k in keep},
                    "extra": row["extra_info"],
                }
                for row in rows
            ]
        },
    )


PARTS = {
    "kernels": kernels, "http": http.main, "chaos": chaos.main, "disk": disk.main, "refresh": refresh.main,
    "logins": logins.main, "limits": limits.main, "jobs": jobs.main, "experiments": experiments.main,
    "analytics": analytics.main, "integration": integration.main, "promises": promises.main, "hang": hang.main,
    "bodies": bodies.main, "capacity": capacity.main, "client": client.main, "sdk": sdk.main,
    "dashboard": dashboard.main,
}  # fmt: skip


def main() -> None:
    chosen = sys.argv[1:] or list(PARTS)
    unknown = set(chosen) - set(PARTS)
    if unknown:
        raise SystemExit(
            f"Unknown part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}. Shops are measured by `python "
            f"-m bench.quality`."
        )
    for name, part in PARTS.items():
        if name in chosen:
            part()


if __name__ == "__main__":
    main()
