# One line: what its rings get and give, tick by tick, and the state of its clock. Included by bridge.pyx.

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

cdef extern from "gain.h" nogil:
    ctypedef struct vc_ramp:
        float goal
    vc_ramp vc_ramp_make(float start, float goal, int length)
    float vc_ramp_now(const vc_ramp *r)
    void vc_ramp_apply(vc_ramp *r, const int16_t *x, int16_t *y, int n)

cdef extern from "halfband.h" nogil:
    ctypedef struct vc_upsampler:
        pass
    ctypedef struct vc_downsampler:
        pass
    void vc_upsample(vc_upsampler *s, const int16_t *x, int16_t *y, int n)
    void vc_downsample(vc_downsampler *s, const int16_t *x, int16_t *y, int n)

cdef extern from *:
    """
    #include <pthread.h>
    #include <time.h>
    #define VC_TICK 320
    #define VC_FADE 80
    #define VC_LONGEST 1920 /* a port's frame: 120 ms at 16 kHz */
    typedef struct { uint64_t tick_ns, played; int16_t caller[VC_TICK], agent[VC_TICK]; } vc_record;
    static inline int64_t vc_now_ns(void) {
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return t.tv_sec * 1000000000LL + t.tv_nsec;
    }
    static inline void vc_sleep_until(int64_t ns) {
        struct timespec t = {ns / 1000000000LL, ns % 1000000000LL};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
    }
    """
    enum:
        TICK "VC_TICK"
        FADE "VC_FADE"
        LONGEST "VC_LONGEST"
    ctypedef struct vc_record:
        uint64_t tick_ns
        uint64_t played
        int16_t caller[320]
        int16_t agent[320]
    ctypedef struct pthread_mutex_t:
        pass
    int pthread_mutex_init(pthread_mutex_t *m, void *attributes)
    int pthread_mutex_lock(pthread_mutex_t *m) nogil
    int pthread_mutex_unlock(pthread_mutex_t *m) nogil
    int pthread_mutex_destroy(pthread_mutex_t *m)
    int64_t vc_now_ns() nogil
    void vc_sleep_until(int64_t ns) nogil

cdef enum:
    BYTES = 2 * TICK
    BINS = 256

cdef struct line_t:
    vc_ring *capture
    vc_ring *playout
    vc_record record
    bint answered             # record.agent is of this media tick
    bint sounding             # the last tick ended in speech of ours
    vc_ramp gain
    int64_t last_ns, longest_ns
    int64_t intervals[BINS]
    # the stream, if any
    void *port
    void *stream
    int size_word             # where pjmedia_jb_state has the buffer's size
    bint flowing              # not on hold
    int factor                # 16 kHz over the port's rate
    int frame                 # samples of a port's frame
    int needed                # codec frames that make one
    vc_upsampler up
    vc_downsampler down
    int16_t heard[LONGEST + TICK]
    int16_t said[LONGEST + TICK]
    int held, queued          # samples in them, at 16 kHz and at the port's rate
    # the clock
    int stage
    bint started
    int64_t due, next_due, ready_ns
    int64_t spare, spare_before  # least time between a packet and its turn, in this window and the last
    int ticks, window         # ticks in this window, and how many it will have


cdef void give(line_t *line) noexcept nogil:
    """The tick's record into capture; wake the reader."""
    if line.capture.head == NULL:
        return
    if not line.answered:
        memset(line.record.agent, 0, BYTES)
    line.answered = False
    line.record.tick_ns = vc_now_ns()
    if line.playout.head != NULL:
        line.record.played = vc_consumed(line.playout) // 2
    vc_put(line.capture, &line.record, sizeof(vc_record))
    vc_signal(line.capture)


cdef void take(line_t *line) noexcept nogil:
    """A tick of playout into ``record.agent``."""
    count(line)
    if line.playout.head == NULL:
        memset(line.record.agent, 0, BYTES)
    else:
        next_tick(line)
    line.answered = True


@cython.cdivision(True)
cdef void count(line_t *line) noexcept nogil:
    cdef int64_t now = vc_now_ns(), gap = now - line.last_ns
    if line.last_ns:
        line.intervals[min(gap // 1_000_000, <int64_t>(BINS - 1))] += 1
        line.longest_ns = max(line.longest_ns, gap)
    line.last_ns = now


@cython.cdivision(True)
cdef void next_tick(line_t *line) noexcept nogil:
    """The next tick of playout: gain, a fade over what was flushed, zeros behind the last sample."""
    cdef int16_t *out = line.record.agent
    cdef uint64_t at = vc_consumed(line.playout), skip = vc_position(line.playout)
    cdef int faded = 0, got
    cdef vc_ramp fade
    look_at_gain(line)
    if skip > at and line.sounding:
        faded = <int>(vc_peek(line.playout, at, out, min(skip - at, <uint64_t>(2 * FADE))) // 2)
        fade = vc_ramp_make(1, 0, faded)
        vc_ramp_apply(&fade, out, out, faded)
    got = <int>(vc_peek(line.playout, skip, out + faded, BYTES - 2 * faded) // 2)
    vc_consume(line.playout, skip + 2 * got, faded + got < TICK)
    memset(out + faded + got, 0, 2 * (TICK - faded - got))
    vc_ramp_apply(&line.gain, out, out, TICK)
    line.sounding = faded + got == TICK


cdef void look_at_gain(line_t *line) noexcept nogil:
    """Begin the ramp that the producer asked for, if it is a new one."""
    cdef int ramp_ms
    cdef float goal = vc_gain(line.playout, &ramp_ms)
    if goal != line.gain.goal:
        line.gain = vc_ramp_make(vc_ramp_now(&line.gain), goal, 16 * ramp_ms)
