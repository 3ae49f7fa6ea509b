"""Lock-free byte ring between two processes: memfd for the bytes, eventfd for the wake-up."""

import cython
import fcntl
import math
import os

from cpython.buffer cimport PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.pycapsule cimport PyCapsule_New
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from posix.mman cimport MAP_FAILED, MAP_SHARED, PROT_READ, PROT_WRITE, mmap, munmap
from posix.unistd cimport close, read

cdef extern from "ring.h" nogil:
    enum:
        VC_RING_HEADER
    ctypedef struct vc_header:
        pass
    ctypedef struct vc_ring:
        vc_header *head
        uint8_t *data
        uint64_t capacity
        int event_fd
    void vc_format(vc_header *h, uint64_t capacity)
    bint vc_check(const vc_header *h, uint64_t size)
    void vc_reset(vc_header *h)
    uint64_t vc_write(vc_ring *r, const void *src, uint64_t n)
    bint vc_put(vc_ring *r, const void *src, uint64_t n)
    void vc_flush(vc_ring *r)
    void vc_set_gain(vc_ring *r, float gain, uint32_t ramp_ms)
    void vc_signal(vc_ring *r)
    void vc_set_streaming(vc_ring *r, bint on)
    uint64_t vc_room(const vc_ring *r)
    uint64_t vc_position(const vc_ring *r)
    uint64_t vc_readable(const vc_ring *r, uint64_t at)
    uint64_t vc_read(vc_ring *r, void *dst, uint64_t n)
    uint64_t vc_written(const vc_ring *r)
    uint64_t vc_consumed(const vc_ring *r)
    uint64_t vc_overruns(const vc_ring *r)
    uint64_t vc_underruns(const vc_ring *r)
    bint vc_streaming(const vc_ring *r)

MAX_CAPACITY = 1 << 30
MAX_GAIN = 8.0
SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL


@cython.final
cdef class Ring:
    """Single-producer single-consumer byte ring in shared memory. Neither side ever blocks.

    One process (or thread) writes, one reads; each has a Ring of its own over the same memfd. Made by
    ``create`` or ``attach``. The copies are far shorter than handing the GIL over, so it is kept.
    """

    cdef vc_ring ring
    cdef int _memfd

    def __cinit__(self):
        self._memfd = self.ring.event_fd = -1
        self.ring.head = NULL

    def __init__(self):
        raise TypeError("use Ring.create or Ring.attach")

    @staticmethod
    def create(capacity):
        """A new ring of at least ``capacity`` bytes, rounded up to a power of two. ValueError, OSError."""
        if not 1 <= capacity <= MAX_CAPACITY:
            raise ValueError(f"capacity must be 1..{MAX_CAPACITY} bytes")
        cdef uint64_t rounded = 1 << max(6, (int(capacity) - 1).bit_length())
        cdef Ring self = Ring.__new__(Ring)
        self._memfd = os.memfd_create("voicecore-ring", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        self.ring.event_fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        os.ftruncate(self._memfd, VC_RING_HEADER + rounded)
        fcntl.fcntl(self._memfd, fcntl.F_ADD_SEALS, SEALS)
        self._map(rounded)
        vc_format(self.ring.head, rounded)
        vc_reset(self.ring.head)
        return self

    @staticmethod
    def attach(int memfd, int eventfd):
        """The other end of a ring. Both descriptors are duplicated; the caller keeps its own.

        Raises ValueError when the memory is not a ring of this version, OSError for a bad descriptor.
        """
        cdef Ring self = Ring.__new__(Ring)
        cdef uint64_t size = os.fstat(memfd).st_size
        self._memfd = fcntl.fcntl(memfd, fcntl.F_DUPFD_CLOEXEC, 0)
        self.ring.event_fd = fcntl.fcntl(eventfd, fcntl.F_DUPFD_CLOEXEC, 0)
        if size <= VC_RING_HEADER:
            raise ValueError("not a ring: too small")
        if not fcntl.fcntl(memfd, fcntl.F_GET_SEALS) & fcntl.F_SEAL_SHRINK:
            raise ValueError("not a ring: its memory could shrink under us")
        self._map(size - VC_RING_HEADER)
        if not vc_check(self.ring.head, size):
            raise ValueError("not a ring, or one of another version")
        return self

    cdef int _map(self, uint64_t capacity) except -1:
        cdef uint64_t size = VC_RING_HEADER + capacity
        cdef void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, self._memfd, 0)
        if base == MAP_FAILED:
            raise OSError("cannot map the ring's memory")
        self.ring.head = <vc_header *>base
        self.ring.data = <uint8_t *>base + VC_RING_HEADER
        self.ring.capacity = capacity
        return 0

    cdef inline int _open(self) except -1:
        if self.ring.head == NULL:
            raise ValueError("ring is closed")
        return 0

    # ---- producer ----

    def write(self, data):
        """Append what fits of a contiguous buffer; returns the bytes taken."""
        cdef Py_buffer view
        self._open()
        PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
        cdef uint64_t taken = vc_write(&self.ring, view.buf, view.len)
        PyBuffer_Release(&view)
        return taken

    def put(self, data):
        """Append all of a contiguous buffer or nothing; a refusal returns False and counts an overrun."""
        cdef Py_buffer view
        self._open()
        PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
        cdef bint done = vc_put(&self.ring, view.buf, view.len)
        PyBuffer_Release(&view)
        return done

    def flush(self):
        """Have the consumer skip everything written so far; its room is free at the consumer's next read."""
        self._open()
        vc_flush(&self.ring)

    def set_gain(self, float factor, int ramp_ms=40):
        """Ask the playout side to go to ``factor`` (0..8, 1 = as written) over ``ramp_ms`` (0..10,000)."""
        self._open()
        if not (math.isfinite(factor) and 0 <= factor <= MAX_GAIN and 0 <= ramp_ms <= 10_000):
            raise ValueError(f"gain must be 0..{MAX_GAIN} and ramp_ms 0..10000")
        vc_set_gain(&self.ring, factor, ramp_ms)

    def signal(self):
        """Wake whoever polls ``fileno()``."""
        self._open()
        vc_signal(&self.ring)

    @property
    def written(self):
        """Bytes written since the start (the producer's position)."""
        self._open()
        return vc_written(&self.ring)

    @property
    def writable(self):
        """Bytes that would fit now."""
        self._open()
        return vc_room(&self.ring)

    @property
    def overruns(self):
        """Records that ``put`` refused for want of room."""
        self._open()
        return vc_overruns(&self.ring)

    @property
    def streaming(self):
        """Set by the producer while it has speech in flight: then a short read is an underrun."""
        self._open()
        return vc_streaming(&self.ring)

    @streaming.setter
    def streaming(self, bint on):
        self._open()
        vc_set_streaming(&self.ring, on)

    # ---- consumer ----

    def read_into(self, buffer):
        """Fill a writable contiguous buffer from the oldest bytes; returns how many there were."""
        cdef Py_buffer view
        self._open()
        PyObject_GetBuffer(buffer, &view, PyBUF_WRITABLE)
        cdef uint64_t got = vc_read(&self.ring, view.buf, view.len)
        PyBuffer_Release(&view)
        return got

    def clear(self):
        """Take back the wake-ups so far: call it before reading, so that none is lost."""
        cdef uint64_t count = 0
        self._open()
        return count if read(self.ring.event_fd, &count, 8) == 8 else 0

    @property
    def consumed(self):
        """Bytes read or skipped since the start (the consumer's position)."""
        self._open()
        return vc_consumed(&self.ring)

    @property
    def readable(self):
        """Bytes that a read would find now, flushed ones left out."""
        self._open()
        return vc_readable(&self.ring, vc_position(&self.ring))

    @property
    def underruns(self):
        """Reads that came back short while ``streaming`` was set."""
        self._open()
        return vc_underruns(&self.ring)

    # ---- both ----

    def reset(self):
        """Back to the state of a new ring, for the next call. Only while neither side is in use."""
        self._open()
        vc_reset(self.ring.head)
        self.clear()

    def fileno(self):
        """The eventfd, for poll or an event loop."""
        self._open()
        return self.ring.event_fd

    @property
    def memfd(self):
        self._open()
        return self._memfd

    @property
    def eventfd(self):
        return self.fileno()

    @property
    def capacity(self):
        self._open()
        return self.ring.capacity

    @property
    def closed(self):
        return self.ring.head == NULL

    def close(self):
        """Unmap and close this side's descriptors; the other side lives on. Safe to call twice."""
        if self.ring.head != NULL:
            munmap(self.ring.head, VC_RING_HEADER + self.ring.capacity)
            self.ring.head = NULL
        if self._memfd >= 0:
            close(self._memfd)
        if self.ring.event_fd >= 0:
            close(self.ring.event_fd)
        self._memfd = self.ring.event_fd = -1

    def __dealloc__(self):
        self.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _pointer(self):
        """The C ring, for the frame bridge, which keeps a reference to this object."""
        return PyCapsule_New(&self.ring, "voicecore.ring", NULL)
