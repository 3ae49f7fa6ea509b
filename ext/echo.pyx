"""Finds our own voice in what the caller's line sends back: normalised cross-correlation over delays."""

import cython
import numpy as np

from libc.math cimport exp, sqrt
from libc.stdint cimport int32_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memmove, memset

include "door.pxi"

cdef extern from "fir.h" nogil:
    int32_t vc_dot16(const int16_t *a, const int16_t *b, int n)

cdef enum:
    RATE = 16_000
    FACTOR = 4
    SLOW = 4_000                 # Hz, where correlating is cheap
    BLOCK = 80                   # samples at SLOW: 20 ms
    FAST_BLOCK = BLOCK * FACTOR
    TAPS = 40
    LIMIT = 5_000                # so that 80 products stay below 2^31
    FINE = 4                     # bits that the slow signals drop

# Mean square of a slow signal (its unit is 16 int16 steps) below which there is nothing to compare.
cdef double QUIET = 1.0
cdef int16_t[TAPS] FILTER


def _design():
    """Low-pass at 1.7 kHz and pre-emphasis 1 - 0.9 z^-1 at the slow rate, as 14-bit taps."""
    t = np.arange(36) - 17.5
    low = np.sinc(2 * 1700 / RATE * t) * np.kaiser(36, 5.0)
    low /= low.sum()
    both = np.concatenate([low, np.zeros(FACTOR)]) - 0.9 * np.concatenate([np.zeros(FACTOR), low])
    return np.rint(both[::-1] * 2 ** 14).astype(np.int16)


cdef cnp.ndarray _taps = _design()
memcpy(FILTER, cnp.PyArray_DATA(_taps), sizeof(FILTER))

ctypedef struct Branch:
    int16_t[TAPS - FACTOR + FAST_BLOCK] fast  # history, then the block being filled


@cython.final
cdef class EchoCorrelator:
    """How much of the caller's signal is what we transmitted a while before, and how long before.

    Both signals are taken to 4 kHz and pre-emphasised; per 20 ms block the cross-correlation at every lag is
    updated with an exponential window and divided by the energies under the same window (the normalised
    cross-correlation of Benesty, Morgan and Cho, IEEE TSAP 8(2), 2000, searched over lags). The peak is
    scaled by sqrt(1 - 1/blocks), blocks being how many the caller's energy is spread over: one block proves
    nothing. On recorded prompts over a telephone line strangers stay below 0.25 and echoes at -20 dB above
    0.9; 0.4 is a good threshold.
    Chunking never changes a result. Raises ValueError, TypeError.
    """

    cdef readonly double correlation  # 0..1
    cdef readonly double delay_ms
    cdef int lags
    cdef float decay
    cdef Py_ssize_t pending
    cdef Branch caller_in, sent_in
    cdef int16_t[BLOCK] caller
    cdef int16_t *sent                # lags - 1 old samples, then the block
    cdef float *cross                 # per lag
    cdef float *energy                # of what was sent, per lag
    cdef double caller_energy, caller_energy2

    def __cinit__(self, int max_delay_ms=500, int window_ms=300):
        self.sent = NULL
        self.cross = self.energy = NULL
        if not (20 <= max_delay_ms <= 2000 and 40 <= window_ms <= 10_000):
            raise ValueError("max_delay_ms must be 20..2000 and window_ms 40..10000")
        self.lags = SLOW * max_delay_ms // 1000 + 1
        self.decay = exp(-20.0 / window_ms)
        self.sent = <int16_t *>calloc(self.lags - 1 + BLOCK, sizeof(int16_t))
        self.cross = <float *>calloc(self.lags, sizeof(float))
        self.energy = <float *>calloc(self.lags, sizeof(float))
        if self.sent == NULL or self.cross == NULL or self.energy == NULL:
            raise MemoryError
        self.reset()

    def __dealloc__(self):
        free(self.sent)
        free(self.cross)
        free(self.energy)

    def reset(self):
        """Forget both signals, for a new call."""
        memset(self.sent, 0, (self.lags - 1 + BLOCK) * sizeof(int16_t))
        memset(self.cross, 0, self.lags * sizeof(float))
        memset(self.energy, 0, self.lags * sizeof(float))
        memset(&self.caller_in, 0, sizeof(Branch))
        memset(&self.sent_in, 0, sizeof(Branch))
        self.caller_energy = self.caller_energy2 = 0
        self.correlation = self.delay_ms = 0
        self.pending = 0

    def process(self, caller, sent):
        """int16 [n] each, of the same ticks, at 16 kHz. Returns (correlation 0..1, delay in ms) so far."""
        cdef Py_ssize_t n = 0, m = 0
        cdef const int16_t *x = pcm_in(caller, &n)
        cdef const int16_t *y = pcm_in(sent, &m)
        if n != m:
            raise ValueError(f"caller has {n} samples, sent has {m}")
        if n < LONG:
            self._feed(x, y, n)
        else:
            with nogil:
                self._feed(x, y, n)
        return self.correlation, self.delay_ms

    cdef void _feed(self, const int16_t *x, const int16_t *y, Py_ssize_t n) noexcept nogil:
        cdef Py_ssize_t m, at
        while n > 0:
            m = min(n, FAST_BLOCK - self.pending)
            at = TAPS - FACTOR + self.pending
            memcpy(self.caller_in.fast + at, x, m * sizeof(int16_t))
            memcpy(self.sent_in.fast + at, y, m * sizeof(int16_t))
            self.pending += m
            x += m
            y += m
            n -= m
            if self.pending == FAST_BLOCK:
                self.pending = 0
                slow_down(&self.caller_in, self.caller)
                slow_down(&self.sent_in, self.sent + self.lags - 1)
                self._correlate()
                memmove(self.sent, self.sent + BLOCK, (self.lags - 1) * sizeof(int16_t))

    cdef void _correlate(self) noexcept nogil:
        """Bring every lag up to date with one block, and find the peak."""
        cdef int lag, best = 0
        cdef const int16_t *y = self.sent + self.lags - 1
        cdef float decay = self.decay, peak = 0, score
        cdef float quiet = <float>(QUIET * BLOCK / (1 - decay))
        cdef double fresh = vc_dot16(self.caller, self.caller, BLOCK), blocks
        cdef int32_t block_energy = vc_dot16(y, y, BLOCK)
        self.caller_energy = decay * self.caller_energy + fresh
        self.caller_energy2 = decay * decay * self.caller_energy2 + fresh * fresh
        for lag in range(self.lags):
            self.cross[lag] = decay * self.cross[lag] + vc_dot16(self.caller, y, BLOCK)
            self.energy[lag] = decay * self.energy[lag] + block_energy
            if self.energy[lag] > quiet:
                score = self.cross[lag] * self.cross[lag] / self.energy[lag]
                if score > peak:
                    peak, best = score, lag
            y -= 1
            if lag + 1 < self.lags:
                block_energy += <int32_t>y[0] * y[0] - <int32_t>y[BLOCK] * y[BLOCK]
        self.correlation = self.delay_ms = 0
        if peak > 0 and self.caller_energy > quiet:
            blocks = self.caller_energy * self.caller_energy / self.caller_energy2
            self.correlation = min(sqrt(peak / self.caller_energy * max(1 - 1 / blocks, 0.0)), 1.0)
            self.delay_ms = 1000.0 * best / SLOW


cdef void slow_down(Branch *branch, int16_t *out) noexcept nogil:
    """One block to the slow rate, pre-emphasised; keeps the history that the next block needs."""
    cdef int i
    cdef int32_t v
    for i in range(BLOCK):
        v = vc_dot16(branch.fast + FACTOR * i, FILTER, TAPS) >> (14 + FINE)
        out[i] = <int16_t>max(min(v, LIMIT), -LIMIT)
    memmove(branch.fast, branch.fast + FAST_BLOCK, (TAPS - FACTOR) * sizeof(int16_t))
