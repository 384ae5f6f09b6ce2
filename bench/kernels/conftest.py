"""The data that the kernels and their peers share."""

import pytest
import scipy.sparse as sp

from bench.kernels.data import interactions


@pytest.fixture(scope="session")
def shop() -> sp.csr_matrix:
    return interactions()
