"""Requests that fail before anybody is charged for them: no credential or a bad one, or a body that cannot be read.

They count against the client's network, and only once they have failed, so that good ones cost nothing more. A network
of which too many failed is kept in mind until its count has room again. Meanwhile the database is not asked for its
keys, and its bodies are not read to look for one. Keys that the process knows anyway pass: a shop goes on though others
fail beside it.
"""

import math
import time
from collections import OrderedDict

from starlette.requests import HTTPConnection

from recomengine.web.limits import Limits, client_network, too_many_failures
from recomengine.web.problems import Problem, RateLimited

MAX_NETWORKS = 10_000


class Failures:
    def __init__(self) -> None:
        self._until: OrderedDict[str, float] = OrderedDict()

    def wait_s(self, request: HTTPConnection) -> int:
        """For how long the client's network is refused; 0 where it is not."""
        if not self._until:
            return 0
        network = client_network(request)
        left = self._until.get(network, 0.0) - time.monotonic()
        if left <= 0:
            self._until.pop(network, None)
        return max(0, math.ceil(left))

    def check(self, request: HTTPConnection) -> None:
        if wait_s := self.wait_s(request):
            raise too_many_failures(wait_s)

    async def charge(self, request: HTTPConnection, problem: Problem, limits: Limits) -> Problem:
        """What to answer: the problem, or that too many requests failed."""
        if "charged" in request.scope or not 400 <= problem.status < 500 or isinstance(problem, RateLimited):
            return problem
        try:
            await limits.charge_failure(request)
        except RateLimited as refused:
            self._refuse(client_network(request), float(refused.headers["Retry-After"]))
            return refused
        return problem

    def _refuse(self, network: str, wait_s: float) -> None:
        self._until[network] = time.monotonic() + wait_s
        if len(self._until) > MAX_NETWORKS:
            self._until.popitem(last=False)
