"""`recomengine doctor`: what a running system needs, checked one by one."""

from recomengine.doctor import machine, postgresql, redis
from recomengine.doctor.check import Check
from recomengine.settings import Settings

__all__ = ["Check", "examine"]


async def examine(settings: Settings) -> list[Check]:
    return [
        machine.secrets(settings),
        machine.proxies(settings),
        *await postgresql.examine(settings),
        *await redis.examine(settings),
        await machine.model_store(settings),
        machine.disk(settings),
        await machine.mail(settings),
        machine.core(settings),
    ]
