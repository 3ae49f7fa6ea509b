"""How loud a stream is, frame by frame, and how loud it is when nobody speaks."""

import cython

from libc.math cimport INFINITY, log10
from libc.stdint cimport int64_t

include "door.pxi"

cdef enum:
    SUBWINDOWS = 8
    SUBWINDOW = 10  # frames

SILENCE_DBFS = -100.0
"""What digital silence reads."""
# Of frame power at the noise floor; far above it there is none (Martin's equation 7).
cdef double SMOOTHING = 0.85


cdef double dbfs(double power) noexcept nogil:
    """dB relative to a full-scale square wave (a full-scale sine is -3.01), for a mean square of int16."""
    return max(10 * log10(power / 1073741824.0), -100.0) if power > 0 else -100.0


@cython.final
cdef class LevelMeter:
    """RMS per frame and the noise floor under it, both in dBFS.

    The floor follows Martin, "Noise power spectral density estimation based on optimal smoothing and minimum
    statistics" (IEEE TSAP 9(5), 2001) in one broad band: the least smoothed power of the last 8 x 10 frames
    (1.6 s of 20 ms frames). Averaging over a frame makes his bias factor small, so it is left out: the
    floor reads steady noise within 0.5 dB, and within 1 dB two seconds after the noise has changed.
    Frames of digital silence (a gap in the stream) leave the floor alone. Chunking never changes a reading.
    """

    cdef readonly Py_ssize_t frame
    cdef readonly double rms_dbfs
    cdef readonly double floor_dbfs
    cdef Py_ssize_t pending
    cdef int64_t energy                # of the pending samples
    cdef double smoothed               # mean square
    cdef double floor                  # mean square, 0 before the first frame
    cdef double least                  # in the current subwindow
    cdef double[SUBWINDOWS] minima     # of the subwindows before
    cdef int frames, subwindow

    def __cinit__(self, Py_ssize_t frame=320):
        if not 1 <= frame <= 1 << 20:
            raise ValueError("frame must be 1..2^20 samples")
        self.frame = frame
        self.reset()

    def reset(self):
        """Forget everything heard, for a new stream."""
        cdef int i
        self.pending = self.energy = self.frames = self.subwindow = 0
        self.rms_dbfs = self.floor_dbfs = SILENCE_DBFS
        self.smoothed, self.floor, self.least = 0, 0, INFINITY
        for i in range(SUBWINDOWS):
            self.minima[i] = INFINITY

    def process(self, pcm):
        """int16 [n] in; float32 [k, 2] out: RMS and floor in dBFS after each frame that it completed."""
        cdef Py_ssize_t n = 0
        cdef const int16_t *x = pcm_in(pcm, &n)
        cdef cnp.npy_intp[2] shape
        shape[0], shape[1] = (self.pending + n) // self.frame, 2
        cdef cnp.ndarray out = cnp.PyArray_EMPTY(2, shape, cnp.NPY_FLOAT32, 0)
        self._measure(x, n, <float *>cnp.PyArray_DATA(out))
        return out

    cdef void _measure(self, const int16_t *x, Py_ssize_t n, float *y) noexcept nogil:
        cdef Py_ssize_t i, m
        cdef int64_t energy
        while n > 0:
            m = min(n, self.frame - self.pending)
            energy = 0
            for i in range(m):
                energy += <int>x[i] * x[i]
            self.energy += energy
            self.pending += m
            x += m
            n -= m
            if self.pending == self.frame:
                self._close_frame()
                y[0], y[1] = <float>self.rms_dbfs, <float>self.floor_dbfs
                y += 2

    @cython.cdivision(True)
    cdef void _close_frame(self) noexcept nogil:
        cdef double power = <double>self.energy / <double>self.frame
        self.energy = self.pending = 0
        self.rms_dbfs = dbfs(power)
        if power > 0:
            self._track(power)

    @cython.cdivision(True)
    cdef void _track(self, double power) noexcept nogil:
        cdef int i
        cdef double excess = self.smoothed / self.floor - 1 if self.floor > 0 else 0
        cdef double keep = SMOOTHING / (1 + excess * excess) if self.floor > 0 else 0
        self.smoothed = keep * self.smoothed + (1 - keep) * power
        self.least = self.floor = min(self.least, self.smoothed)
        for i in range(SUBWINDOWS):
            self.floor = min(self.floor, self.minima[i])
        self.floor_dbfs = dbfs(self.floor)
        self.frames += 1
        if self.frames == SUBWINDOW:
            self.minima[self.subwindow] = self.least
            self.subwindow = (self.subwindow + 1) % SUBWINDOWS
            self.frames, self.least = 0, INFINITY
