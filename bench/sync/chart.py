"""The chart for the README."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any


def write(measured: Mapping[str, Any], path: Path) -> None:
    """Draw it."""
