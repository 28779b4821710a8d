"""Effort: how much of what could be tried is tried."""

from __future__ import annotations

import os

ALL = os.environ.get("WORKMAIL_ORG_TESTS") == "all"
"""Whether everything is tried: every call of every transition, thousands of generated
cases. `make test-all` sets it."""

TRIED = "tried"
"""Property of a test report: what was generated, how many of it."""
