"""Adds and scales PCM without wrapping round: saturating mix, and gain that never clicks."""

import math

import cython

include "door.pxi"

cdef extern from "fir.h" nogil:
    int16_t vc_saturate(int v)

cdef extern from "gain.h" nogil:
    ctypedef struct vc_ramp:
        float goal
    vc_ramp vc_ramp_make(float start, float goal, int length)
    float vc_ramp_now(const vc_ramp *r)
    void vc_ramp_apply(vc_ramp *r, const int16_t *x, int16_t *y, int n)

MAX_GAIN = 8.0
MAX_RAMP = 1 << 20
MAX_CHUNK = 1 << 30


cdef void add(const int16_t *a, const int16_t *b, int16_t *y, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        y[i] = vc_saturate(<int>a[i] + b[i])


def mix(a, b):
    """a + b, saturated: int16 [n] each. Raises TypeError, ValueError (lengths differ)."""
    cdef Py_ssize_t n = 0, m = 0
    cdef const int16_t *x = pcm_in(a, &n)
    cdef const int16_t *z = pcm_in(b, &m)
    if n != m:
        raise ValueError(f"cannot mix {n} samples with {m}")
    cdef cnp.ndarray out = pcm_out(n)
    cdef int16_t *y = <int16_t *>cnp.PyArray_DATA(out)
    if n < LONG:
        add(x, z, y, n)
    else:
        with nogil:
            add(x, z, y, n)
    return out


@cython.final
cdef class Gain:
    """A volume control for one stream, moved in straight ramps; results are rounded and saturated.

    Chunking never changes a sample.
    """

    cdef vc_ramp ramp

    def __cinit__(self, float gain=1.0):
        self._set(gain, 0)

    cdef int _set(self, float gain, Py_ssize_t samples) except -1:
        if not (math.isfinite(gain) and 0 <= gain <= MAX_GAIN):
            raise ValueError(f"gain must be 0..{MAX_GAIN}")
        if not 0 <= samples <= MAX_RAMP:
            raise ValueError(f"a ramp must have 0..{MAX_RAMP} samples")
        self.ramp = vc_ramp_make(vc_ramp_now(&self.ramp), gain, samples)
        return 0

    @property
    def now(self):
        """The gain reached."""
        return vc_ramp_now(&self.ramp)

    def to(self, float gain, Py_ssize_t samples=0):
        """Go from where it is to ``gain`` (0..8) over so many samples. Raises ValueError."""
        self._set(gain, samples)

    def process(self, pcm):
        """int16 [n], scaled."""
        cdef Py_ssize_t n = 0
        cdef const int16_t *x = pcm_in(pcm, &n)
        if n > MAX_CHUNK:
            raise ValueError(f"a chunk must have at most {MAX_CHUNK} samples")
        cdef cnp.ndarray out = pcm_out(n)
        cdef int16_t *y = <int16_t *>cnp.PyArray_DATA(out)
        if n < LONG:
            vc_ramp_apply(&self.ramp, x, y, n)
        else:
            with nogil:
                vc_ramp_apply(&self.ramp, x, y, n)
        return out
