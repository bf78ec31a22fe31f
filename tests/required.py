"""What has to be there."""

import os


def tools_required() -> bool:
    """Whether a missing tool is a failure; otherwise the tests that need it are skipped."""
    return bool(os.environ.get("CI") or os.environ.get("MDM_REQUIRE_TOOLS"))
