"""Moves a call's audio between pjmedia's stream and two rings, without conference bridge or Python.

Each line has a clock of its own, which follows its packets: the caller's 20 ms are taken as soon as their
packet is there, and what the agent made of them is sent ``ANSWER_MS`` later, in the same tick. A packet that
comes late pushes the clock back by just as much (up to ``PATIENCE_MS``; then its place is concealed); the
clock creeps forward again while every packet of the last seconds was early. So the delay is that of the
line's own jitter, in ms and not in frames.
"""

from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.stdint cimport int16_t, int64_t, uint64_t, uintptr_t
from libc.string cimport memcpy, memmove, memset

import cython
import numpy as np

include "door.pxi"
include "line.pxi"

cdef extern from "pjmedia.h" nogil:
    enum:
        VC_AUDIO
    ctypedef struct vc_pjmedia:
        void *get_frame
        void *put_frame
        void *get_stat_jbuf
    int vc_pj_get(const vc_pjmedia *pj, void *port, int16_t *pcm, int samples)
    void vc_pj_put(const vc_pjmedia *pj, void *port, int16_t *pcm, int samples)
    int vc_pj_held(const vc_pjmedia *pj, void *stream, int word)

cdef enum:
    LINES = 64
    RECEIVE = 0
    TRANSMIT = 1
    FIRST = 8                 # ticks of the first window; each is twice as long as the one before,
    WINDOW = 128              # up to this: about 2.5 s

RECORD_BYTES = sizeof(vc_record)
ANSWER_MS = 5
"""How long the agent has to answer within the tick that it hears."""
PATIENCE_MS = 12
"""How long a tick waits for its packet."""

cdef int64_t MS = 1_000_000
cdef int64_t PERIOD = 20 * MS
cdef int64_t ANSWER = ANSWER_MS * MS
cdef int64_t PATIENCE = PATIENCE_MS * MS
cdef int64_t POLL = MS
cdef int64_t IDLE = PERIOD
cdef int64_t SPARE = MS       # how much before its turn the last packet of a window may come
cdef int64_t CREEP = MS // 10
cdef int64_t HURRY = MS       # creep of a line that is most of a packet behind
cdef int64_t NEVER = 1 << 62


@cython.final
cdef class FrameBridge:
    """Joins one call's stream to two rings. The methods are the media clock's, and a test's in its place.

    ``capture`` receives a record per tick (see ``RECORD_BYTES``), ``playout`` gives what to transmit.
    """

    cdef object _keep
    cdef line_t line

    def __init__(self, capture, playout):
        self._keep = (capture, playout)
        self.line.capture = <vc_ring *>PyCapsule_GetPointer(capture._pointer(), "voicecore.ring")
        self.line.playout = <vc_ring *>PyCapsule_GetPointer(playout._pointer(), "voicecore.ring")
        self.line.gain = vc_ramp_make(1, 1, 0)
        self.line.spare = self.line.spare_before = NEVER

    def transmit(self):
        """The next 20 ms of playout, int16 [320]: gain, 5 ms fade at a flush, zeros when there is none."""
        cdef cnp.ndarray out = pcm_out(TICK)
        take(&self.line)
        memcpy(cnp.PyArray_DATA(out), self.line.record.agent, BYTES)
        return out

    def receive(self, pcm):
        """Put what the caller sent (int16, at most 320, zeros follow) and what was sent into capture.

        Raises TypeError for anything but a contiguous int16 vector.
        """
        cdef Py_ssize_t n = 0
        cdef int16_t *samples = pcm_in(pcm, &n)
        n = min(n, <Py_ssize_t>TICK)
        memcpy(self.line.record.caller, samples, 2 * n)
        memset(self.line.record.caller + n, 0, BYTES - 2 * n)
        give(&self.line)

    def interval_histogram(self):
        """Time between ticks transmitted: int64 [256] by whole ms, the last bin for all longer."""
        out = np.empty(BINS, np.int64)
        cdef int64_t[::1] view = out
        memcpy(&view[0], self.line.intervals, sizeof(self.line.intervals))
        return out

    @property
    def longest_interval_ms(self):
        """The longest time between two ticks transmitted."""
        return self.line.longest_ns / 1e6


@cython.final
cdef class MediaClock:
    """The thread that serves all lines of a process; it never takes the GIL.

    Made with the addresses of pjmedia_port_get_frame, pjmedia_port_put_frame and
    pjmedia_stream_get_stat_jbuf.
    """

    cdef pthread_mutex_t lock
    cdef vc_pjmedia pj
    cdef line_t *lines[LINES]
    cdef list _bridges
    cdef bint stopping

    def __cinit__(self):
        pthread_mutex_init(&self.lock, NULL)

    def __dealloc__(self):
        pthread_mutex_destroy(&self.lock)

    def __init__(self, get_frame, put_frame, get_stat_jbuf):
        self.pj.get_frame = <void *><uintptr_t>get_frame
        self.pj.put_frame = <void *><uintptr_t>put_frame
        self.pj.get_stat_jbuf = <void *><uintptr_t>get_stat_jbuf
        self._bridges = []

    def run(self):
        """Serve until ``stop``: the body of a thread that pjlib knows."""
        with nogil:
            self._serve()

    def stop(self):
        """Let ``run`` return, within a tick."""
        self.stopping = True

    def add(self, FrameBridge bridge):
        """Let it tick from now on. Raises ValueError when there are too many lines."""
        if len(self._bridges) == LINES:
            raise ValueError(f"a media clock serves {LINES} lines")
        self._bridges.append(bridge)
        with nogil:
            pthread_mutex_lock(&self.lock)
            bridge.line.stage = TRANSMIT
            bridge.line.due = vc_now_ns() + ANSWER
            bridge.line.next_due = bridge.line.due + PERIOD - ANSWER
            self.lines[self._find(NULL)] = &bridge.line
            pthread_mutex_unlock(&self.lock)

    def remove(self, FrameBridge bridge):
        """No tick after this returns."""
        self._bridges.remove(bridge)
        with nogil:
            pthread_mutex_lock(&self.lock)
            self.lines[self._find(&bridge.line)] = NULL
            pthread_mutex_unlock(&self.lock)

    def attach(self, FrameBridge bridge, port, stream, int size_word, int rate, int frame_us):
        """Carry the audio of this pjmedia_port and its pjmedia_stream (addresses) from now on.

        ``size_word`` is where pjmedia_jb_state has the size; the codec's frames are 10 ms long. Raises
        ValueError for a rate or a packet length that cannot be done.
        """
        cdef bint known = rate in (8_000, 16_000) and 0 <= size_word < 32
        if not known or not 10_000 <= frame_us <= 120_000 or frame_us % 10_000:
            raise ValueError(f"cannot bridge {rate} Hz in frames of {frame_us} us")
        cdef line_t *line = &bridge.line
        cdef void *to_port = <void *><uintptr_t>port
        cdef void *to_stream = <void *><uintptr_t>stream
        with nogil:
            pthread_mutex_lock(&self.lock)
            line.port, line.stream, line.size_word = to_port, to_stream, size_word
            line.factor = 16_000 // rate
            line.frame = rate // 100 * (frame_us // 10_000)
            line.needed = frame_us // 10_000
            line.held = line.queued = 0
            line.started = False
            line.spare = line.spare_before = NEVER
            line.ticks, line.window = 0, FIRST
            memset(&line.up, 0, sizeof(line.up))
            memset(&line.down, 0, sizeof(line.down))
            pthread_mutex_unlock(&self.lock)

    def detach(self, FrameBridge bridge):
        """The stream is not touched after this returns."""
        with nogil:
            pthread_mutex_lock(&self.lock)
            bridge.line.port = bridge.line.stream = NULL
            pthread_mutex_unlock(&self.lock)

    def flow(self, FrameBridge bridge, bint on):
        """On hold (``on`` False) the caller's side is silence, and playout waits."""
        with nogil:
            pthread_mutex_lock(&self.lock)
            bridge.line.flowing = on
            bridge.line.last_ns = 0
            pthread_mutex_unlock(&self.lock)

    cdef int _find(self, line_t *line) noexcept nogil:
        """Where ``line`` is; the caller knows that it is somewhere."""
        cdef int i = 0
        while self.lines[i] != line:
            i += 1
        return i

    cdef void _serve(self) noexcept nogil:
        cdef int64_t until
        cdef int i
        while not self.stopping:
            pthread_mutex_lock(&self.lock)
            until = vc_now_ns() + IDLE
            for i in range(LINES):
                if self.lines[i] != NULL:
                    until = min(until, step(&self.pj, self.lines[i], vc_now_ns()))
            pthread_mutex_unlock(&self.lock)
            vc_sleep_until(until)


cdef int64_t step(const vc_pjmedia *pj, line_t *line, int64_t now) noexcept nogil:
    """Do what is due on a line; when to look again."""
    if line.stage == TRANSMIT:
        if now < line.due:
            return line.due
        transmit(pj, line)
        line.stage = RECEIVE
        line.due = line.next_due
        line.ready_ns = 0
        return min(line.due, now + POLL)
    if line.port != NULL:
        if line.ready_ns == 0 and vc_pj_held(pj, line.stream, line.size_word) >= line.needed:
            line.ready_ns = now
            if not line.started:
                line.due = now + SPARE
                line.started = True
        if line.ready_ns == 0 and line.started and now < line.due + PATIENCE:
            return now + POLL
    if now < line.due:
        return line.due if line.ready_ns or line.port == NULL else min(line.due, now + POLL)
    hear(pj, line)
    line.next_due = follow(line, now)
    line.stage = TRANSMIT
    line.due = now + ANSWER
    return line.due


cdef int64_t follow(line_t *line, int64_t now) noexcept nogil:
    """When the next tick is due, by how this one's packet came."""
    cdef int64_t spare, creep
    if line.ready_ns == 0:
        return max(line.due + PERIOD, now + ANSWER)
    spare = line.due - line.ready_ns
    if spare < 0:
        line.due = line.ready_ns
    line.spare = min(line.spare, spare)
    line.ticks += 1
    if line.ticks >= line.window:
        line.spare_before, line.spare, line.ticks = line.spare, NEVER, 0
        line.window = min(2 * line.window, <int>WINDOW)
    creep = min(line.spare, line.spare_before) - SPARE
    creep = max(0, min(creep, HURRY if line.window < WINDOW or creep > 3 * PERIOD // 4 else CREEP))
    if line.spare != NEVER:
        line.spare -= creep
    if line.spare_before != NEVER:
        line.spare_before -= creep
    return line.due + PERIOD - creep


cdef void hear(const vc_pjmedia *pj, line_t *line) noexcept nogil:
    """A tick from the stream into capture."""
    cdef int16_t raw[LONGEST]
    cdef int16_t *to
    while line.port != NULL and line.held < TICK:
        if not vc_pj_get(pj, line.port, raw, line.frame):
            memset(raw, 0, sizeof(raw))
        to = line.heard + line.held
        if line.factor == 1:
            memcpy(to, raw, 2 * line.frame)
        else:
            vc_upsample(&line.up, raw, to, line.frame)
        line.held += line.factor * line.frame
    if line.port != NULL and line.flowing:
        memcpy(line.record.caller, line.heard, BYTES)
    else:
        memset(line.record.caller, 0, BYTES)
    line.held = max(0, line.held - TICK)
    memmove(line.heard, line.heard + TICK, 2 * line.held)
    give(line)


cdef void transmit(const vc_pjmedia *pj, line_t *line) noexcept nogil:
    """A tick of playout to the stream; on hold none, and playout waits."""
    if line.flowing:
        take(line)
        if line.port == NULL:
            return
        if line.factor == 1:
            memcpy(line.said + line.queued, line.record.agent, BYTES)
        else:
            vc_downsample(&line.down, line.record.agent, line.said + line.queued, TICK // 2)
    elif line.port == NULL:
        return
    line.queued += TICK // line.factor
    while line.queued >= line.frame:
        vc_pj_put(pj, line.port, line.said if line.flowing else NULL, line.frame)
        line.queued -= line.frame
        memmove(line.said, line.said + line.frame, 2 * line.queued)
