"""Moves pjsua2 media frames to and from rings, 20 ms at 16 kHz, without touching a sample in Python."""

from cpython.object cimport PyObject
from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.stdint cimport int16_t, int64_t, uint8_t, uint64_t, uintptr_t
from libc.string cimport memcpy, memset
from libcpp.vector cimport vector

import cython
import numpy as np

cdef extern from "ring.h" nogil:
    ctypedef struct vc_header:
        pass
    ctypedef struct vc_ring:
        vc_header *head
        int event_fd
    bint vc_put(vc_ring *r, const void *src, uint64_t n)
    uint64_t vc_position(const vc_ring *r)
    uint64_t vc_peek(const vc_ring *r, uint64_t at, void *dst, uint64_t n)
    void vc_consume(vc_ring *r, uint64_t to, bint is_short)
    uint64_t vc_consumed(const vc_ring *r)
    float vc_gain(const vc_ring *r, int *ramp_ms)
    void vc_signal(vc_ring *r)

cdef extern from *:
    """
    #include <time.h>
    #include <vector>
    #define VC_TICK 320
    #define VC_FADE 80
    /* pj::MediaFrame of pjsua2 2.15 to 2.17; checked against the real class at first sight. */
    struct PjFrame { int type; std::vector<unsigned char> buf; unsigned size; };
    /* The head of a SWIG proxy's `this` (swigrun): the C++ pointer follows the object header. */
    struct SwigThis { PyObject_HEAD void *pointer; };
    struct vc_record { uint64_t tick_ns, played; int16_t caller[VC_TICK], agent[VC_TICK]; };
    static inline int64_t vc_now_ns(void) {
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return t.tv_sec * 1000000000LL + t.tv_nsec;
    }
    """
    enum:
        TICK "VC_TICK"
        FADE "VC_FADE"
    cppclass PjFrame:
        int type
        vector[uint8_t] buf
        unsigned size
    ctypedef struct SwigThis:
        void *pointer
    ctypedef struct vc_record:
        uint64_t tick_ns
        uint64_t played
        int16_t caller[320]
        int16_t agent[320]
    int64_t vc_now_ns() nogil

cdef extern from "gain.h" nogil:
    ctypedef struct vc_ramp:
        float goal
    vc_ramp vc_ramp_make(float start, float goal, int length)
    float vc_ramp_now(const vc_ramp *r)
    void vc_ramp_apply(vc_ramp *r, const int16_t *x, int16_t *y, int n)

cdef enum:
    AUDIO = 1
    BYTES = 2 * TICK
    BINS = 256

RECORD_BYTES = sizeof(vc_record)


@cython.final
cdef class FrameBridge:
    """Joins one pjsua2 audio port to two rings; both methods belong in the port's callbacks.

    ``capture`` receives a record per media tick (see ``RECORD_BYTES``), ``playout`` gives what to transmit.
    Neither method blocks, allocates once warm, or releases the GIL. Used by one thread.
    """

    cdef object _keep
    cdef vc_ring *capture
    cdef vc_ring *playout
    cdef object _frame_class
    cdef vc_record record
    cdef bint answered        # record.agent is of this media tick
    cdef bint sounding        # the last tick ended in speech of ours
    cdef vc_ramp gain
    cdef int64_t last_ns, longest_ns
    cdef int64_t intervals[BINS]

    def __init__(self, capture, playout):
        self._keep = (capture, playout)
        self.capture = <vc_ring *>PyCapsule_GetPointer(capture._pointer(), "voicecore.ring")
        self.playout = <vc_ring *>PyCapsule_GetPointer(playout._pointer(), "voicecore.ring")
        self.reset()

    def on_requested(self, frame):
        """Fill a pjsua2 MediaFrame with the next 20 ms of playout: gain, 5 ms fade at a flush, zeros."""
        cdef PjFrame *f = self._frame(frame)
        self._count()
        if self.playout.head == NULL:
            memset(self.record.agent, 0, BYTES)
        else:
            self._next()
        self.answered = True
        if f.buf.size() != BYTES:
            f.buf.resize(BYTES)
        memcpy(f.buf.data(), self.record.agent, BYTES)
        f.size = BYTES
        f.type = AUDIO

    def on_received(self, frame):
        """Put what the caller sent, and what we sent in this tick, into capture; wake the reader."""
        cdef PjFrame *f = self._frame(frame)
        if self.capture.head == NULL:
            return
        cdef size_t n = 0
        if f.type == AUDIO and f.size:
            n = min(<size_t>f.size, f.buf.size(), <size_t>BYTES)
            memcpy(self.record.caller, f.buf.data(), n)
        memset(<uint8_t *>self.record.caller + n, 0, BYTES - n)
        if not self.answered:
            memset(self.record.agent, 0, BYTES)
        self.answered = False
        self.record.tick_ns = vc_now_ns()
        if self.playout.head != NULL:
            self.record.played = vc_consumed(self.playout) // 2
        vc_put(self.capture, &self.record, sizeof(vc_record))
        vc_signal(self.capture)

    def interval_histogram(self):
        """Time between ``on_requested`` calls: int64 [256] by whole ms, the last bin for all longer."""
        out = np.empty(BINS, np.int64)
        cdef int64_t[::1] view = out
        memcpy(&view[0], self.intervals, sizeof(self.intervals))
        return out

    @property
    def longest_interval_ms(self):
        """The longest time between two ``on_requested`` calls since ``reset``."""
        return self.longest_ns / 1e6

    def reset(self):
        """Start afresh for the next call: statistics, gain and fade state."""
        memset(self.intervals, 0, sizeof(self.intervals))
        memset(&self.record, 0, sizeof(vc_record))
        self.last_ns = self.longest_ns = 0
        self.answered = self.sounding = False
        self.gain = vc_ramp_make(1, 1, 0)

    cdef PjFrame *_frame(self, frame) except NULL:
        if type(frame) is not self._frame_class:
            self._meet(type(frame))
        return <PjFrame *>(<SwigThis *><PyObject *>frame.this).pointer

    cdef int _meet(self, cls) except -1:
        """Accept a frame class once its SWIG type and memory layout have been proved to be what we know."""
        probe = cls()
        if "pj::MediaFrame *" not in repr(getattr(probe, "this", None)):
            raise TypeError(f"a pjsua2 MediaFrame is needed, not {cls.__name__}")
        probe.type, probe.size = 0x5A17, 0x0C0FFEE0
        this = probe.this
        cdef PjFrame *f = <PjFrame *><uintptr_t>int(this)
        cdef bint known = (<SwigThis *><PyObject *>this).pointer == f
        if not known or f.type != 0x5A17 or f.size != 0x0C0FFEE0 or f.buf.size() != 0:
            raise RuntimeError("this pjsua2 lays out MediaFrame in a way the bridge does not know")
        self._frame_class = cls
        return 0

    @cython.cdivision(True)
    cdef void _count(self) noexcept nogil:
        cdef int64_t now = vc_now_ns(), gap = now - self.last_ns
        if self.last_ns:
            self.intervals[min(gap // 1_000_000, <int64_t>(BINS - 1))] += 1
            self.longest_ns = max(self.longest_ns, gap)
        self.last_ns = now

    @cython.cdivision(True)
    cdef void _next(self) noexcept nogil:
        """The next tick of playout into ``record.agent``."""
        cdef int16_t *out = self.record.agent
        cdef uint64_t at = vc_consumed(self.playout), skip = vc_position(self.playout)
        cdef int faded = 0, got
        cdef vc_ramp fade
        self._look_at_gain()
        if skip > at and self.sounding:
            faded = <int>(vc_peek(self.playout, at, out, min(skip - at, <uint64_t>(2 * FADE))) // 2)
            fade = vc_ramp_make(1, 0, faded)
            vc_ramp_apply(&fade, out, out, faded)
        got = <int>(vc_peek(self.playout, skip, out + faded, BYTES - 2 * faded) // 2)
        vc_consume(self.playout, skip + 2 * got, faded + got < TICK)
        memset(out + faded + got, 0, 2 * (TICK - faded - got))
        vc_ramp_apply(&self.gain, out, out, TICK)
        self.sounding = faded + got == TICK

    cdef void _look_at_gain(self) noexcept nogil:
        """Begin the ramp that the producer asked for, if it is a new one."""
        cdef int ramp_ms
        cdef float goal = vc_gain(self.playout, &ramp_ms)
        if goal != self.gain.goal:
            self.gain = vc_ramp_make(vc_ramp_now(&self.gain), goal, 16 * ramp_ms)
