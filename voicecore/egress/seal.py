"""Takes internet sockets from this process and its children for good: seccomp (prctl(2), seccomp(2)).

For processes that need none, such as engines: what native code in them tries fails with EACCES before there
is a socket. Local sockets go on working. A filter sees which family a socket is of, not whom it reaches.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct

from voicecore.errors import VoicecoreError

_PR_SET_NO_NEW_PRIVS, _SET_FILTER, _ALL_THREADS = 38, 1, 1
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_NR, _ARCH, _FAMILY = 0, 4, 16
"""Offsets in struct seccomp_data: the call, its architecture, the low half of its first argument."""
_AF_UNIX, _AF_NETLINK = 1, 16
_X32 = 0x40000000
_IO_URING = 425
"""io_uring_setup(2): it could make sockets unseen."""
_MACHINES = {"x86_64": (0xC000003E, 41, 317), "aarch64": (0xC00000B7, 198, 277)}
"""AUDIT_ARCH_*, and the numbers of socket(2) and seccomp(2)."""


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def _filter(machine: str) -> bytes:
    """The BPF program; each jump counts the instructions that it skips."""
    arch, make_socket, _ = _MACHINES[machine]
    refuse = _ERRNO | errno.EACCES
    program = (
        (_LOAD, 0, 0, _ARCH),
        (_EQUAL, 1, 0, arch),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NR),
        (_AT_LEAST, 6, 0, _X32),
        (_EQUAL, 5, 0, _IO_URING),
        (_EQUAL, 0, 3, make_socket),
        (_LOAD, 0, 0, _FAMILY),
        (_EQUAL, 1, 0, _AF_UNIX),
        (_EQUAL, 0, 1, _AF_NETLINK),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, refuse),
    )
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)


def seal_sockets() -> None:
    """From here on no thread of this process, and no child, can make a socket that is not local.

    Raises VoicecoreError("no-seccomp") where kernel or machine do not know it.
    """
    machine = platform.machine()
    if machine not in _MACHINES:
        raise VoicecoreError("no-seccomp", f"no filter for {machine}")
    libc = ctypes.CDLL(None, use_errno=True)
    code = _filter(machine)
    program = _Program(len(code) // 8, code)
    failed = libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.syscall(
        _MACHINES[machine][2], _SET_FILTER, _ALL_THREADS, ctypes.byref(program)
    )
    if failed:
        raise VoicecoreError("no-seccomp", f"the kernel refuses: errno {ctypes.get_errno()}")
