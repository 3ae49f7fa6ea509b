"""Cuts a stream of any chunk sizes into frames of one size: 20 ms ticks, 256-sample VAD frames."""

import cython
import numpy as np

from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

include "door.pxi"


@cython.final
cdef class Framer:
    """Re-frames int16 or float32 samples without loss; chunking never changes a frame.

    Raises ValueError for a bad size or dtype, TypeError for a chunk that is not a contiguous vector of it.
    """

    cdef readonly Py_ssize_t frame
    cdef readonly Py_ssize_t pending  # samples waiting for the rest of their frame
    cdef readonly object dtype
    cdef int kind
    cdef Py_ssize_t width             # bytes of a sample
    cdef char *held

    def __cinit__(self, Py_ssize_t frame, dtype=np.int16):
        self.held = NULL
        self.dtype = np.dtype(dtype)
        if not 1 <= frame <= 1 << 20:
            raise ValueError("frame must be 1..2^20 samples")
        if self.dtype not in (np.int16, np.float32):
            raise ValueError("dtype must be int16 or float32")
        self.kind = self.dtype.num
        self.frame, self.pending, self.width = frame, 0, self.dtype.itemsize
        self.held = <char *>malloc(frame * self.width)
        if self.held == NULL:
            raise MemoryError

    def __dealloc__(self):
        free(self.held)

    def process(self, chunk):
        """The frames that ``chunk`` completes: [k, frame], k perhaps 0."""
        if not (cnp.PyArray_Check(chunk) and cnp.PyArray_TYPE(chunk) == self.kind and vector(chunk)):
            raise TypeError("needs a contiguous vector of the framer's dtype")
        cdef Py_ssize_t n = cnp.PyArray_DIM(chunk, 0)
        cdef cnp.ndarray out = self._empty((self.pending + n) // self.frame)
        self._cut(<const char *>cnp.PyArray_DATA(chunk), n, <char *>cnp.PyArray_DATA(out))
        return out

    def flush(self):
        """The last, incomplete frame padded with zeros: [1, frame], or [0, frame] when nothing is pending."""
        rest = self.frame - self.pending if self.pending else 0
        return self.process(np.zeros(rest, self.dtype))

    def reset(self):
        """Forget what is pending."""
        self.pending = 0

    cdef cnp.ndarray _empty(self, Py_ssize_t frames):
        cdef cnp.npy_intp[2] shape
        shape[0], shape[1] = frames, self.frame
        return cnp.PyArray_EMPTY(2, shape, self.kind, 0)

    cdef void _cut(self, const char *x, Py_ssize_t n, char *y) noexcept nogil:
        cdef Py_ssize_t head = self.pending * self.width, new = n * self.width, size = self.frame * self.width
        cdef Py_ssize_t body
        if head + new < size:
            memcpy(self.held + head, x, new)
            self.pending += n
            return
        memcpy(y, self.held, head)
        body = (head + new) // size * size - head
        memcpy(y + head, x, body)
        memcpy(self.held, x + body, new - body)
        self.pending = (new - body) // self.width
