"""Support at work."""

import pytest

from canopee_api.testing import Office
from canopee_api.testing_logs import Support


@pytest.fixture
async def support(office: Office) -> Support:
    """With a collection that needs no approval."""
    await office.publish_pipeline("product_logs", approval="none")
    return Support(office)
