"""What a voice does from frame to frame: spectrum, loudness and pitch, for models of how things are said."""

import cython
import numpy as np

from libc.math cimport exp, log, log2, log10, sqrt
from libc.stdint cimport int16_t, int32_t, int64_t
from libc.string cimport memcpy, memmove, memset

include "door.pxi"

cdef extern from "fir.h" nogil:
    float vc_dotf(const float *a, const float *b, int n)
    int32_t vc_dot16(const int16_t *a, const int16_t *b, int n)

cdef enum:
    RATE = 8_000
    HOP = 160
    HELD = 320                   # samples kept: 40 ms, for the pitch
    POINTS = 256                 # of the spectrum's window: 32 ms
    HALF = 128
    STAGES = 7
    BANDS = 20
    FEATURES = 24
    SHORTEST = 19                # lags, one further out each way than 400..70 Hz
    LONGEST = 115
    SPAN = 200                   # samples compared at each lag
    LOW = 4                      # bins of 31.25 Hz: 125 Hz ...
    HIGH = 122                   # ... to 3.8 kHz

PROSODY = FEATURES
"""Features of a frame."""
# A peak at a shorter lag is the pitch if it is this share of the highest: a period fits twice as well.
cdef double OCTAVE = 0.85
cdef double VOICED = 0.45        # periodicity from which the pitch means something
cdef double SILENCE = 1e-10      # -100 dBFS
cdef float[POINTS] WINDOW
cdef float[BANDS * HALF] MEL
cdef float[HALF] COS
cdef float[HALF] SIN
cdef int16_t[HALF] REVERSED


def _tables():
    """Hann window over full scale, mel triangles [20, 128] over the bins, e^(-i pi k / 128), bit reversal."""
    n = np.arange(POINTS)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * (n + 0.5) / POINTS)
    # A one-sided power spectrum that sums to the mean square.
    window = hann * np.sqrt(2 / POINTS / (hann ** 2).sum()) / 32768
    mel = np.linspace(1127 * np.log1p(100 / 700), 1127 * np.log1p(3800 / 700), BANDS + 2)
    hz = 700 * np.expm1(mel / 1127)[:, None]
    bins = np.arange(HALF) * RATE / POINTS
    rise, fall = (bins - hz[:-2]) / (hz[1:-1] - hz[:-2]), (hz[2:] - bins) / (hz[2:] - hz[1:-1])
    turn = np.exp(-1j * np.pi * np.arange(HALF) / HALF)
    bits = np.array([int(f"{k:07b}"[::-1], 2) for k in range(HALF)], np.int16)
    triangles = np.clip(np.minimum(rise, fall), 0, None)
    return [np.ascontiguousarray(t, np.float32) for t in (window, triangles, turn.real, turn.imag)] + [bits]


cdef cnp.ndarray _window, _mel, _cos, _sin, _bits
_window, _mel, _cos, _sin, _bits = _tables()
memcpy(WINDOW, cnp.PyArray_DATA(_window), sizeof(WINDOW))
memcpy(MEL, cnp.PyArray_DATA(_mel), sizeof(MEL))
memcpy(COS, cnp.PyArray_DATA(_cos), sizeof(COS))
memcpy(SIN, cnp.PyArray_DATA(_sin), sizeof(SIN))
memcpy(REVERSED, cnp.PyArray_DATA(_bits), sizeof(REVERSED))


@cython.final
cdef class Prosody:
    """Spectrum, level, periodicity, pitch and flatness of a stream at 8 kHz, a frame of 20 ms at a time.

    A frame looks back only: 32 ms for the spectrum (Hann, 20 mel triangles from 100 to 3800 Hz), 20 ms for
    the level, 40 ms for the pitch: the lag of the best normalised autocorrelation between 70 and 400 Hz,
    the shortest of nearly equal ones (after Boersma, IFA Proceedings 17, 1993), refined by a parabola.
    Nothing above 3.8 kHz counts, so that narrow and wide band lines give the same numbers.
    """

    cdef int16_t[HELD] held
    cdef float[HALF] power
    cdef float[HALF] re
    cdef float[HALF] im

    def __cinit__(self):
        self.reset()

    def reset(self):
        """Forget what was heard, for a new stream."""
        memset(self.held, 0, sizeof(self.held))

    def process(self, pcm):
        """int16 [160] at 8 kHz in; float32 [24] out.

        20 mel energies (dBFS, >= -100), level (dBFS), periodicity 0..1, log2(pitch / 100 Hz) (0 where nothing
        is voiced), spectral flatness 0..1 of 125..3800 Hz. Raises TypeError, ValueError.
        """
        cdef Py_ssize_t n = 0
        cdef const int16_t *x = pcm_in(pcm, &n)
        cdef cnp.npy_intp length = FEATURES
        if n != HOP:
            raise ValueError(f"a frame is {HOP} samples, not {n}")
        cdef cnp.ndarray out = cnp.PyArray_EMPTY(1, &length, cnp.NPY_FLOAT32, 0)
        cdef float *y = <float *>cnp.PyArray_DATA(out)
        with nogil:
            memmove(self.held, self.held + HOP, (HELD - HOP) * sizeof(int16_t))
            memcpy(self.held + HELD - HOP, x, HOP * sizeof(int16_t))
            self._transform()
            self._spectrum(y)
            y[BANDS] = level(x)
            pitch(self.held, y + BANDS + 1)
        return out

    cdef void _transform(self) noexcept nogil:
        """The real transform of 256 points as a complex one of 128: even samples real, odd ones imaginary."""
        cdef int i, k, at, half, step, other
        cdef float a, b, c, d
        cdef const int16_t *x = self.held + HELD - POINTS
        for i in range(HALF):
            k = REVERSED[i]
            self.re[i] = x[2 * k] * WINDOW[2 * k]
            self.im[i] = x[2 * k + 1] * WINDOW[2 * k + 1]
        for k in range(STAGES):
            half = 1 << k
            step = HALF >> k
            at = 0
            while at < HALF:
                for i in range(at, at + half):
                    other = i + half
                    a = COS[(i - at) * step] * self.re[other] - SIN[(i - at) * step] * self.im[other]
                    b = COS[(i - at) * step] * self.im[other] + SIN[(i - at) * step] * self.re[other]
                    self.re[other], self.im[other] = self.re[i] - a, self.im[i] - b
                    self.re[i] += a
                    self.im[i] += b
                at += 2 * half
        self.power[0] = 0  # no band reaches down to it
        for k in range(1, HALF):
            other = HALF - k
            a, b = (self.re[k] + self.re[other]) / 2, (self.im[k] - self.im[other]) / 2
            c, d = (self.im[k] + self.im[other]) / 2, (self.re[other] - self.re[k]) / 2
            a += COS[k] * c - SIN[k] * d
            b += COS[k] * d + SIN[k] * c
            self.power[k] = a * a + b * b

    @cython.cdivision(True)
    cdef void _spectrum(self, float *y) noexcept nogil:
        cdef int i
        cdef double mean = 0, logs = 0
        for i in range(BANDS):
            y[i] = <float>(10 * log10(max(<double>vc_dotf(MEL + i * HALF, self.power, HALF), SILENCE)))
        for i in range(LOW, HIGH):
            mean += self.power[i] + SILENCE / HALF
            logs += log(self.power[i] + SILENCE / HALF)
        y[BANDS + 3] = <float>(exp(logs / (HIGH - LOW)) / (mean / (HIGH - LOW)))


cdef float level(const int16_t *x) noexcept nogil:
    """RMS of a hop in dBFS."""
    cdef int i
    cdef double energy = 0
    for i in range(HOP):
        energy += <double>x[i] * x[i]
    return <float>(10 * log10(max(energy / HOP / 1073741824.0, SILENCE)))


@cython.cdivision(True)
cdef void pitch(const int16_t *held, float *y) noexcept nogil:
    """Periodicity and log2(pitch / 100 Hz) into ``y``."""
    cdef int lag
    cdef int16_t[HELD] x
    cdef double[LONGEST + 1] score
    cdef double best = 0, bend
    cdef int64_t now, then
    y[0] = y[1] = 0
    centre(held, x)
    now = vc_dot16(x + HELD - SPAN, x + HELD - SPAN, SPAN)
    then = vc_dot16(x + HELD - SPAN - SHORTEST, x + HELD - SPAN - SHORTEST, SPAN)
    for lag in range(SHORTEST, LONGEST + 1):
        score[lag] = vc_dot16(x + HELD - SPAN, x + HELD - SPAN - lag, SPAN)
        score[lag] = score[lag] / sqrt(<double>now * <double>then) if now > 0 and then > 0 else 0
        then += <int32_t>x[HELD - SPAN - lag - 1] * x[HELD - SPAN - lag - 1]
        then -= <int32_t>x[HELD - lag - 1] * x[HELD - lag - 1]
    for lag in range(SHORTEST + 1, LONGEST):
        if score[lag] > best and score[lag] > score[lag - 1] and score[lag] >= score[lag + 1]:
            best = score[lag]
    y[0] = <float>min(best, 1.0)
    if best < VOICED:
        return
    for lag in range(SHORTEST + 1, LONGEST):
        if score[lag] >= OCTAVE * best and score[lag] > score[lag - 1] and score[lag] >= score[lag + 1]:
            bend = score[lag - 1] - 2 * score[lag] + score[lag + 1]
            y[1] = <float>log2(RATE / 100.0 / (lag + (score[lag - 1] - score[lag + 1]) / (2 * bend)))
            return


@cython.cdivision(True)
cdef void centre(const int16_t *held, int16_t *x) noexcept nogil:
    """Without its mean, and small enough that ``SPAN`` products stay below 2^31."""
    cdef int i, shift = 0
    cdef int32_t sum = 0, mean, peak = 0
    for i in range(HELD):
        sum += held[i]
    mean = sum / HELD
    for i in range(HELD):
        peak = max(peak, held[i] - mean, mean - held[i])
    while peak >> shift > 3_000:
        shift += 1
    for i in range(HELD):
        x[i] = <int16_t>((held[i] - mean) >> shift)
