/* A gain that moves to its goal along a line, sample by sample; used by the mixer and by playout. */
#ifndef VOICECORE_GAIN_H
#define VOICECORE_GAIN_H

#include <stdint.h>
#include <string.h>

typedef struct {
    float start, goal;
    int at, length; /* samples into the ramp, and of it */
} vc_ramp;

static inline vc_ramp vc_ramp_make(float start, float goal, int length)
{
    vc_ramp r = {start, goal, 0, length};
    return r;
}

static inline float vc_ramp_now(const vc_ramp *r)
{
    return r->at < r->length ? r->start + (r->goal - r->start) / r->length * r->at : r->goal;
}

/* start + step * (at + 1 + i), rounded to nearest, saturated. */
static inline void vc_scale(const int16_t *x, int16_t *y, int n, float start, float step, int at)
{
    for (int i = 0; i < n; i++) {
        float v = x[i] * (start + step * (at + 1 + i));
        v = v > 32767.f ? 32767.f : v < -32768.f ? -32768.f : v;
        y[i] = (int16_t)(int)(v + (v < 0 ? -.5f : .5f));
    }
}

/* x to y (which may be x); the ramp reaches its goal with its last sample. */
static inline void vc_ramp_apply(vc_ramp *r, const int16_t *x, int16_t *y, int n)
{
    int m = r->length - r->at < n ? r->length - r->at : n;
    if (m > 0) {
        vc_scale(x, y, m, r->start, (r->goal - r->start) / r->length, r->at);
        r->at += m;
        x += m, y += m, n -= m;
    }
    if (r->goal != 1)
        vc_scale(x, y, n, r->goal, 0, 0);
    else if (x != y)
        memcpy(y, x, n * sizeof *x);
}

#endif
