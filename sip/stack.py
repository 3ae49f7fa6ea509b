"""The one place that imports pjsua2, and how to reach the C library under it."""

from __future__ import annotations

import ctypes
from typing import Any

import pjsua2
from pjsua2 import _pjsua2

pj: Any = pjsua2


def library() -> ctypes.CDLL:
    """pjproject's C functions, as linked into the Python extension that is loaded already."""
    return ctypes.CDLL(_pjsua2.__file__)


def reason(error: Exception) -> str:
    """One line for a pj.Error, without addresses or names of callers."""
    title = str(getattr(error, "title", ""))
    return f"{title}: {error.reason}" if hasattr(error, "reason") else repr(error)
