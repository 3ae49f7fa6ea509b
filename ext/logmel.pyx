"""Whisper's log-mel spectrogram of an utterance as it comes in, and the model's input at any moment of it."""

import cython
import numpy as np

from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memmove, memset

include "door.pxi"

cdef extern from "logmel.h" nogil:
    enum:
        VC_LANES
        VC_MEL_WINDOW
        VC_MEL_HOP
        VC_MEL_BINS

    ctypedef struct vc_mel_tables:
        float hann[VC_MEL_WINDOW]
        float cos[VC_MEL_WINDOW]
        float sin[VC_MEL_WINDOW]
        int bins
        int first[128]
        int width[128]
        float weight[2 * VC_MEL_BINS]

    void vc_mel_frames(const vc_mel_tables *t, const float *x, const int *at, float *out, long stride)

cdef enum:
    RATE = 16_000
    HALF = 200                   # of the window: a frame's middle lies at a multiple of the hop
    BLOCK = 5_360                # samples of the line: 32 frames
    CAPACITY = 3_000             # frames held: 30 s
    TAIL = 3                     # frames that the latest samples reach into, silence following
    STRIDE = 3_024               # floats of one bin, with room for the tail's lanes

cdef float RANGE = 8.0           # log10: what is 80 dB below the loudest is floor
cdef vc_mel_tables[2] TABLES


def filters(int bins):
    """Triangles of unit area, evenly spaced on Slaney's mel scale up to 8 kHz: float64 [bins, 201]."""
    knee_hz, knee_mel, step = 1000.0, 15.0, np.log(6.4) / 27
    mels = np.linspace(0, knee_mel + np.log(RATE / 2 / knee_hz) / step, bins + 2)
    edges = np.where(mels < knee_mel, mels * 200 / 3, knee_hz * np.exp(step * (mels - knee_mel)))[:, None]
    hz = np.linspace(0, RATE / 2, VC_MEL_BINS)
    rise = (hz - edges[:-2]) / (edges[1:-1] - edges[:-2])
    fall = (edges[2:] - hz) / (edges[2:] - edges[1:-1])
    return np.maximum(np.minimum(rise, fall), 0) * 2 / (edges[2:] - edges[:-2])


cdef int fill(vc_mel_tables *t, int bins) except -1:
    """Hann over full scale, e^(-2 pi i k / 400), and the filters without their zeros."""
    cdef int bin, k, n = 0
    hann = np.hanning(VC_MEL_WINDOW + 1)[:-1] / 32768
    turn = np.exp(-2j * np.pi * np.arange(VC_MEL_WINDOW) / VC_MEL_WINDOW)
    for k in range(VC_MEL_WINDOW):
        t.hann[k], t.cos[k], t.sin[k] = hann[k], turn[k].real, turn[k].imag
    t.bins = bins
    for bin, triangle in enumerate(filters(bins)):
        inside = np.flatnonzero(triangle)
        t.first[bin] = inside[0] if len(inside) else 0
        t.width[bin] = len(inside)
        for k in inside:
            t.weight[n] = triangle[k]
            n += 1
    return n


fill(&TABLES[0], 80)
fill(&TABLES[1], 128)


@cython.final
cdef class LogMel:
    """log10 of the mel energies of one utterance: windows of 25 ms (Hann) every 10 ms, 80 or 128 bins.

    What Whisper's own preparation makes (Radford et al., 2022: 30 s of sound, silence after it, mirrored
    before its first sample; Slaney's mel filters; at most 80 dB below the loudest; scaled to about -1..1),
    within 1e-4 (4e-4 where noise is 70 dB under a pure tone: float32 ends there for Whisper too), but each
    frame is computed once, when its last sample is there. Holds at most 30 s.
    """

    cdef readonly int bins
    cdef readonly int frames
    """Complete ones that are held."""
    cdef const vc_mel_tables *tables
    cdef float *log              # [bins][STRIDE]
    cdef float[BLOCK] line       # from the first sample of the next frame's window
    cdef int held                # samples in the line
    cdef bint mirrored           # the utterance's beginning is in front of it

    def __cinit__(self, int bins=80):
        if bins not in (80, 128):
            raise ValueError(f"there are filters for 80 or 128 bins, not {bins}")
        self.bins = bins
        self.tables = &TABLES[0] if bins == 80 else &TABLES[1]
        self.log = <float *>malloc(bins * STRIDE * sizeof(float))
        if self.log == NULL:
            raise MemoryError
        self.reset()

    def __dealloc__(self):
        free(self.log)

    def reset(self):
        """Forget what was heard, for a new utterance."""
        memset(self.line, 0, sizeof(self.line))
        self.held = HALF
        self.frames = 0
        self.mirrored = False

    def process(self, pcm):
        """Hear int16 [n] at 16 kHz; the number of complete frames held.

        Raises TypeError; ValueError, having heard nothing, when that is more than 30 s.
        """
        cdef Py_ssize_t n = 0
        cdef const int16_t *x = pcm_in(pcm, &n)
        if self.frames * VC_MEL_HOP + self.held - HALF + n > CAPACITY * VC_MEL_HOP:
            raise ValueError("more than 30 s; drop() makes room")
        with nogil:
            self._hear(x, n)
        return self.frames

    def window(self, int frames):
        """Whisper's input for the sound held, silence following: float32 [bins, frames].

        The sound heard so far is the same to the model whatever number of frames it is put into. Raises
        ValueError when it does not fit, or 30 s are not enough.
        """
        cdef cnp.npy_intp[2] shape
        cdef int heard = self.frames * VC_MEL_HOP + self.held - HALF, sound
        if not max(1, -(-heard // VC_MEL_HOP)) <= frames <= CAPACITY:
            raise ValueError(f"{heard} samples do not go into a window of {frames} frames")
        shape[0], shape[1] = self.bins, frames
        cdef cnp.ndarray out = cnp.PyArray_EMPTY(2, shape, cnp.NPY_FLOAT32, 0)
        cdef float *y = <float *>cnp.PyArray_DATA(out)
        with nogil:
            sound = min(self._end(), frames)
            self._scale(y, frames, sound)
        return out

    def drop(self, int frames):
        """Forget the oldest frames. Raises ValueError when fewer are held."""
        cdef int bin
        if not 0 <= frames <= self.frames:
            raise ValueError(f"cannot drop {frames} of {self.frames} frames")
        self.frames -= frames
        for bin in range(self.bins):
            memmove(self.log + bin * STRIDE, self.log + bin * STRIDE + frames, self.frames * sizeof(float))

    cdef void _hear(self, const int16_t *x, Py_ssize_t n) noexcept nogil:
        cdef int i, taken, ready
        while n > 0:
            taken = <int>min(n, <Py_ssize_t>(BLOCK - self.held))
            for i in range(taken):
                self.line[self.held + i] = x[i]
            self.held += taken
            x += taken
            n -= taken
            if not self.mirrored:
                if self.held <= 2 * HALF:
                    continue  # the mirror needs one sample more than the first frame
                self._mirror()
            if self.held < VC_MEL_WINDOW:
                continue
            ready = (self.held - VC_MEL_WINDOW) // VC_MEL_HOP + 1
            self._transform(self.line, ready, self.frames)
            self.frames += ready
            self.held -= ready * VC_MEL_HOP
            memmove(self.line, self.line + ready * VC_MEL_HOP, self.held * sizeof(float))

    cdef void _mirror(self) noexcept nogil:
        cdef int i
        for i in range(HALF):
            self.line[i] = self.line[2 * HALF - i]
        self.mirrored = True

    cdef void _transform(self, const float *x, int count, int frame) noexcept nogil:
        """``count`` frames of the line into the spectrogram from ``frame`` on; idle lanes repeat the last."""
        cdef int done = 0, lane
        cdef int[VC_LANES] at
        while done < count:
            for lane in range(VC_LANES):
                at[lane] = min(done + lane, count - 1) * VC_MEL_HOP
            vc_mel_frames(self.tables, x, at, self.log + frame + done, STRIDE)
            done += VC_LANES

    cdef int _end(self) noexcept nogil:
        """Put after the complete frames those that the latest samples reach into; the number of both."""
        cdef float[(TAIL - 1) * VC_MEL_HOP + VC_MEL_WINDOW] x
        cdef int i, tail = (self.held + VC_MEL_HOP - 1) // VC_MEL_HOP
        if self.held == HALF and self.frames == 0:
            return 0
        memset(x, 0, sizeof(x))
        memcpy(x, self.line, self.held * sizeof(float))
        if not self.mirrored:
            for i in range(HALF):
                x[i] = x[2 * HALF - i]
        self._transform(x, tail, self.frames)
        return self.frames + tail

    cdef void _scale(self, float *y, int frames, int sound) noexcept nogil:
        cdef int bin, i
        cdef const float *row
        cdef float top = -10.0, least
        for bin in range(self.bins):
            row = self.log + bin * STRIDE
            for i in range(sound):
                top = max(top, row[i])
        least = max(top - RANGE, <float>-10.0)
        for bin in range(self.bins):
            row = self.log + bin * STRIDE
            for i in range(sound):
                y[i] = (max(row[i], least) + 4) / 4
            for i in range(sound, frames):
                y[i] = (least + 4) / 4
            y += frames
