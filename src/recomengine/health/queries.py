"""SQL of the metrics: what concerns all tenants, through a function that returns a number and nothing else."""

from recomengine.infra.database import Pool

RUNNING_EXPERIMENTS = "SELECT running_experiments()"


async def running_experiments(pool: Pool) -> int:
    return int(await pool.fetchval(RUNNING_EXPERIMENTS))
