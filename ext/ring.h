/* Lock-free single-producer single-consumer byte ring in shared memory, for C and C++.
 *
 * Positions are byte counts since the ring was made; they never wrap (u64). The producer publishes
 * data by a release store of `written`, the consumer frees room by a release store of `consumed`.
 * A flush is the producer saying "skip to here": nothing is overwritten until the consumer has
 * moved on, so a consumer may still fade out over what it was about to play.
 * Each side's words lie on a cache line of their own.
 */
#ifndef VOICECORE_RING_H
#define VOICECORE_RING_H

#include <stdint.h>
#include <string.h>
#include <unistd.h>

#ifdef __cplusplus
#include <atomic>
#define VC_ATOMIC(T) std::atomic<T>
#define VC_LOAD(p, order) (p)->load(std::memory_order_##order)
#define VC_STORE(p, v, order) (p)->store((v), std::memory_order_##order)
#else
#include <stdatomic.h>
#define VC_ATOMIC(T) _Atomic(T)
#define VC_LOAD(p, order) atomic_load_explicit((p), memory_order_##order)
#define VC_STORE(p, v, order) atomic_store_explicit((p), (v), memory_order_##order)
#endif

#define VC_RING_MAGIC 0x676e697265636f76ull /* "vocering" */
#define VC_RING_VERSION 1u
#define VC_RING_HEADER 4096u
#define VC_GAIN_ONE 0x3f80000000000000ull /* 1.0f, ramp 0 */

typedef struct {
    uint64_t magic;
    uint32_t version;
    uint32_t header_bytes;
    uint64_t capacity; /* a power of two */
    char line0[64 - 24];
    VC_ATOMIC(uint64_t) written; /* producer's line */
    VC_ATOMIC(uint64_t) skip_to;
    VC_ATOMIC(uint64_t) overruns;
    VC_ATOMIC(uint64_t) gain; /* float32 bits << 32 | ramp in ms */
    VC_ATOMIC(uint64_t) streaming;
    char line1[64 - 40];
    VC_ATOMIC(uint64_t) consumed; /* consumer's line */
    VC_ATOMIC(uint64_t) underruns;
    char line2[64 - 16];
} vc_header;

typedef struct {
    vc_header *head; /* NULL once closed */
    uint8_t *data;
    uint64_t capacity; /* our own copy: a peer cannot change it under us */
    int event_fd;
} vc_ring;

static inline void vc_format(vc_header *h, uint64_t capacity)
{
    h->magic = VC_RING_MAGIC;
    h->version = VC_RING_VERSION;
    h->header_bytes = VC_RING_HEADER;
    h->capacity = capacity;
}

/* Is this a ring of ours, exactly `size` bytes long with its header? */
static inline int vc_check(const vc_header *h, uint64_t size)
{
    return h->magic == VC_RING_MAGIC && h->version == VC_RING_VERSION && h->header_bytes == VC_RING_HEADER
        && h->capacity != 0 && (h->capacity & (h->capacity - 1)) == 0 && h->capacity + VC_RING_HEADER == size;
}

static inline void vc_reset(vc_header *h)
{
    VC_STORE(&h->written, 0, relaxed);
    VC_STORE(&h->skip_to, 0, relaxed);
    VC_STORE(&h->overruns, 0, relaxed);
    VC_STORE(&h->gain, VC_GAIN_ONE, relaxed);
    VC_STORE(&h->streaming, 0, relaxed);
    VC_STORE(&h->underruns, 0, relaxed);
    VC_STORE(&h->consumed, 0, release);
}

static inline uint64_t vc_min(uint64_t a, uint64_t b) { return a < b ? a : b; }

/* ---- producer ---- */

static inline uint64_t vc_room(const vc_ring *r)
{
    uint64_t used = VC_LOAD(&r->head->written, relaxed) - VC_LOAD(&r->head->consumed, acquire);
    return used > r->capacity ? 0 : r->capacity - used;
}

static inline uint64_t vc_write(vc_ring *r, const void *src, uint64_t n)
{
    uint64_t at = VC_LOAD(&r->head->written, relaxed), from = at & (r->capacity - 1), first;
    n = vc_min(n, vc_room(r));
    first = vc_min(n, r->capacity - from);
    memcpy(r->data + from, src, first);
    memcpy(r->data, (const uint8_t *)src + first, n - first);
    VC_STORE(&r->head->written, at + n, release);
    return n;
}

static inline int vc_put(vc_ring *r, const void *src, uint64_t n)
{
    if (vc_room(r) < n) {
        VC_STORE(&r->head->overruns, VC_LOAD(&r->head->overruns, relaxed) + 1, relaxed);
        return 0;
    }
    return vc_write(r, src, n) == n;
}

static inline void vc_flush(vc_ring *r)
{
    VC_STORE(&r->head->skip_to, VC_LOAD(&r->head->written, relaxed), release);
}

static inline void vc_set_gain(vc_ring *r, float gain, uint32_t ramp_ms)
{
    uint32_t bits;
    memcpy(&bits, &gain, 4);
    VC_STORE(&r->head->gain, (uint64_t)bits << 32 | ramp_ms, release);
}

/* Wake whoever polls the eventfd. It never blocks: a full counter is awake enough. */
static inline void vc_signal(vc_ring *r)
{
    uint64_t one = 1;
    if (write(r->event_fd, &one, sizeof one) < 0)
        return;
}

/* ---- consumer ---- */

/* Where reading goes on: past what was flushed. `skip_to` is read before `written`, so never beyond it. */
static inline uint64_t vc_position(const vc_ring *r)
{
    uint64_t at = VC_LOAD(&r->head->consumed, relaxed), skip = VC_LOAD(&r->head->skip_to, acquire);
    return skip > at ? skip : at;
}

static inline uint64_t vc_readable(const vc_ring *r, uint64_t at)
{
    uint64_t held = VC_LOAD(&r->head->written, acquire) - at;
    return held > r->capacity ? 0 : held;
}

/* Copy up to n bytes from position `at` without consuming them. */
static inline uint64_t vc_peek(const vc_ring *r, uint64_t at, void *dst, uint64_t n)
{
    uint64_t from = at & (r->capacity - 1), first;
    n = vc_min(n, vc_readable(r, at));
    first = vc_min(n, r->capacity - from);
    memcpy(dst, r->data + from, first);
    memcpy((uint8_t *)dst + first, r->data, n - first);
    return n;
}

/* Everything before `to` may be overwritten now; a read that came `is_short` under streaming is an underrun. */
static inline void vc_consume(vc_ring *r, uint64_t to, int is_short)
{
    if (is_short && VC_LOAD(&r->head->streaming, relaxed))
        VC_STORE(&r->head->underruns, VC_LOAD(&r->head->underruns, relaxed) + 1, relaxed);
    VC_STORE(&r->head->consumed, to, release);
}

/* The gain asked for, and over how many ms to go there. */
static inline float vc_gain(const vc_ring *r, int *ramp_ms)
{
    uint64_t both = VC_LOAD(&r->head->gain, acquire);
    uint32_t bits = (uint32_t)(both >> 32);
    float gain;
    memcpy(&gain, &bits, 4);
    *ramp_ms = (int)(both & 0xffff);
    return gain;
}

static inline uint64_t vc_read(vc_ring *r, void *dst, uint64_t n)
{
    uint64_t at = vc_position(r), got = vc_peek(r, at, dst, n);
    vc_consume(r, at + got, got < n);
    return got;
}

/* ---- for people and tests ---- */

static inline uint64_t vc_written(const vc_ring *r) { return VC_LOAD(&r->head->written, acquire); }
static inline uint64_t vc_consumed(const vc_ring *r) { return VC_LOAD(&r->head->consumed, acquire); }
static inline uint64_t vc_overruns(const vc_ring *r) { return VC_LOAD(&r->head->overruns, relaxed); }
static inline uint64_t vc_underruns(const vc_ring *r) { return VC_LOAD(&r->head->underruns, relaxed); }
static inline int vc_streaming(const vc_ring *r) { return VC_LOAD(&r->head->streaming, relaxed) != 0; }
static inline void vc_set_streaming(vc_ring *r, int on) { VC_STORE(&r->head->streaming, on != 0, relaxed); }

#endif
