"""Polyphase resampler between any two rates: streaming, stateful, int16 and float32.

A Kaiser-windowed sinc (Kaiser 1974; Crochiere and Rabiner, Multirate Digital Signal Processing, 1983, 4.3),
cut at half the lower rate, which for 8 <-> 16 kHz makes it a half-band filter: every other output of the
interpolator is then a plain copy.
"""

import math

import cython
import numpy as np

from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memmove, memset
from libc.stdint cimport int32_t

include "door.pxi"

cdef extern from "fir.h" nogil:
    int32_t vc_dot16(const int16_t *a, const int16_t *b, int n)
    float vc_dotf(const float *a, const float *b, int n)
    int16_t vc_saturate(int32_t v)

ctypedef fused sample_t:
    int16_t
    float

ZEROS = 16
"""Zero crossings of the sinc on each side, at the lower rate; the delay is ``ZEROS / lower rate``."""
BETA = 6.5
"""Kaiser's beta. Pass-band to 0.43 of the lower rate within 0.01 dB, stop-band from 0.571 of it 60 dB."""
MAX_FACTOR = 1024
cdef enum:
    BLOCK = 4096


def design(int up, int down):
    """The prototype low-pass for up/down in lowest terms, at ``up`` times the source rate: float64, odd."""
    half = ZEROS * max(up, down)
    t = np.arange(-half, half + 1) / max(up, down)
    return np.sinc(t) * np.kaiser(2 * half + 1, BETA)


@cython.final
cdef class Resampler:
    """Changes the sample rate of one stream. ``dtype`` is int16 (exact integer arithmetic) or float32.

    n samples in, in chunks of any size, give ceil(n * target / source) out, ``delay_ms`` late (2.0 ms for
    8 <-> 16 kHz). Chunking never changes a sample. Raises ValueError for rates or dtypes that it cannot do,
    TypeError for a chunk that is not a contiguous vector of the dtype.
    """

    cdef readonly int source, target
    cdef int up, down, taps, shift, kind
    cdef int centre           # phase 0 is a plain copy of this tap, or -1
    cdef int phase            # of the next output
    cdef Py_ssize_t ahead     # index of the newest sample that the next output needs
    cdef void *table          # [up][taps], newest sample last
    cdef void *line           # taps - 1 old samples, then up to BLOCK new ones

    def __cinit__(self):
        self.table = self.line = NULL

    def __init__(self, int source, int target, dtype=np.int16):
        divisor = math.gcd(source, target)
        if source <= 0 or target <= 0 or max(source, target) // divisor > MAX_FACTOR:
            raise ValueError(f"cannot resample from {source} to {target} Hz")
        if np.dtype(dtype) not in (np.int16, np.float32):
            raise ValueError("dtype must be int16 or float32")
        if self.table != NULL:
            raise RuntimeError("a resampler is made once")
        self.kind = cnp.NPY_INT16 if np.dtype(dtype) == np.int16 else cnp.NPY_FLOAT32
        self.source, self.target = source, target
        self.up, self.down = target // divisor, source // divisor
        self._load(self._phases(design(self.up, self.down)))
        self.reset()

    def __dealloc__(self):
        free(self.table)
        free(self.line)

    def _phases(self, prototype):
        """float64 [up, taps]: the filter of each output phase, gain 1 at DC, reversed, padded to 8."""
        taps = (-(-len(prototype) // self.up) + 7) // 8 * 8
        phases = np.zeros((self.up, taps))
        for p in range(self.up):
            phase = prototype[p::self.up]
            phases[p, taps - len(phase):] = phase[::-1] / phase.sum()
        self.centre = -1
        if np.sort(np.abs(phases[0]))[-2] < 1e-9:
            self.centre = np.argmax(phases[0])
            phases[0] = 0
        return phases

    def _load(self, phases):
        """Keep the filters as int16, with the most fraction bits whose sums fit 32, or as float32."""
        if self.kind == cnp.NPY_INT16:
            peak, total = max(np.abs(phases).max(), 0.5), np.abs(phases).sum(1).max()
            self.shift = 15
            room = min(32_766 / peak, (2 ** 31 - 2 ** 22) / (total * 32_768 + 0.5))
            while 2 ** self.shift > room:
                self.shift -= 1
            table = np.rint(phases * 2 ** self.shift).astype(np.int16)
            for row in table[1 if self.centre >= 0 else 0:]:
                row[np.abs(row).argmax()] += 2 ** self.shift - row.sum(dtype=np.int32)
        else:
            table = phases.astype(np.float32)
        self.taps = table.shape[1]
        self.table = malloc(table.nbytes)
        self.line = malloc(4 * (self.taps + BLOCK))
        if self.table == NULL or self.line == NULL:
            raise MemoryError
        memcpy(self.table, cnp.PyArray_DATA(table), table.nbytes)

    @property
    def delay_ms(self):
        """How much later the sound comes out than it went in."""
        return 1000 * ZEROS / min(self.source, self.target)

    def reset(self):
        """Forget the past, for a new stream."""
        memset(self.line, 0, 4 * (self.taps + BLOCK))
        self.phase = 0
        self.ahead = 0

    def process(self, chunk):
        """The samples that ``chunk`` makes ready: an array of the stream's dtype, perhaps empty."""
        if not (cnp.PyArray_Check(chunk) and cnp.PyArray_TYPE(chunk) == self.kind and vector(chunk)):
            raise TypeError("needs a contiguous vector of the resampler's dtype")
        cdef Py_ssize_t n = cnp.PyArray_DIM(chunk, 0)
        cdef cnp.npy_intp ready = 0
        if n > self.ahead:
            ready = -(-((n - self.ahead) * self.up - self.phase) // self.down)
        cdef cnp.ndarray out = cnp.PyArray_EMPTY(1, &ready, self.kind, 0)
        cdef void *x = cnp.PyArray_DATA(chunk)
        cdef void *y = cnp.PyArray_DATA(out)
        if n < LONG:
            self._run(x, n, y)
        else:
            with nogil:
                self._run(x, n, y)
        return out

    def flush(self):
        """What is still inside, as if silence followed; then starts afresh."""
        dtype = np.int16 if self.kind == cnp.NPY_INT16 else np.float32
        tail = self.process(np.zeros(-(-ZEROS * self.source // min(self.source, self.target)), dtype))
        self.reset()
        return tail

    cdef void _run(self, const void *x, Py_ssize_t n, void *y) noexcept nogil:
        if self.kind == cnp.NPY_INT16:
            self._blocks[int16_t](<const int16_t *>x, n, <int16_t *>y)
        else:
            self._blocks[float](<const float *>x, n, <float *>y)

    cdef void _blocks(self, const sample_t *x, Py_ssize_t n, sample_t *y) noexcept nogil:
        cdef sample_t *line = <sample_t *>self.line
        cdef Py_ssize_t m
        while n > 0:
            m = min(n, <Py_ssize_t>BLOCK)
            memcpy(line + self.taps - 1, x, m * sizeof(sample_t))
            y = self._block(line, m, y)
            memmove(line, line + m, (self.taps - 1) * sizeof(sample_t))
            x += m
            n -= m

    @cython.cdivision(True)
    cdef sample_t *_block(self, const sample_t *line, Py_ssize_t n, sample_t *y) noexcept nogil:
        """All outputs whose newest sample is among n new ones; returns where the next output goes."""
        cdef const sample_t *table = <const sample_t *>self.table
        cdef Py_ssize_t i = self.ahead
        cdef int32_t v
        cdef int phase = self.phase, taps = self.taps, step = self.down // self.up, rest = self.down % self.up
        while i < n:
            if phase == 0 and self.centre >= 0:
                y[0] = line[i + self.centre]
            elif sample_t is int16_t:
                v = vc_dot16(line + i, table + phase * taps, taps)
                y[0] = vc_saturate((v + (1 << self.shift >> 1)) >> self.shift)
            else:
                y[0] = vc_dotf(line + i, table + phase * taps, taps)
            y += 1
            i += step
            phase += rest
            if phase >= self.up:
                phase -= self.up
                i += 1
        self.phase = phase
        self.ahead = i - n
        return y


def resample(pcm, int source, int target):
    """A whole recording at another rate, in time with the original: ceil(n * target / source) samples.

    int16 or float32 [n], same dtype back.
    """
    stream = Resampler(source, target, pcm.dtype)
    both = np.concatenate([stream.process(pcm), stream.flush()])
    late = round(stream.delay_ms * target / 1000)
    return both[late:late - (-len(pcm) * target // source)]
