/* Half-band filter between 8 and 16 kHz, 20 ms at a time: 1.5 ms late, flat within 0.05 dB to 3.4 kHz, images of
 * what lies below that 52 dB down. (Resampler is steeper and 2 ms late: this one is for the live path.)
 */
#ifndef VOICECORE_HALFBAND_H
#define VOICECORE_HALFBAND_H

#include "fir.h"

#include <string.h>

enum {
    VC_HALF = 24,    /* taps of the odd phase: 12 zero crossings a side, 1.5 ms at 8 kHz */
    VC_BLOCK = 960 /* samples at 8 kHz in one call, at most */
};

typedef struct {
    int16_t past[VC_HALF];
} vc_upsampler;

typedef struct {
    int16_t even[VC_HALF], odd[VC_HALF];
} vc_downsampler;

/* sinc(k + 1/2) under a Kaiser window (beta 5), Q14, summing to 16,384. */
static const int16_t VC_HALF_TAPS[VC_HALF] = {
    -26, 57, -103, 171, -266, 397, -580, 839, -1229, 1893, -3360, 10399,
    10399, -3360, 1893, -1229, 839, -580, 397, -266, 171, -103, 57, -26,
};

/* n samples at 8 kHz to 2n at 16 kHz */
static inline void vc_upsample(vc_upsampler *s, const int16_t *x, int16_t *y, int n)
{
    int16_t line[VC_HALF + VC_BLOCK];
    memcpy(line, s->past, sizeof s->past);
    memcpy(line + VC_HALF, x, n * sizeof *x);
    for (int i = 0; i < n; i++) {
        y[2 * i] = line[i + VC_HALF / 2];
        y[2 * i + 1] = vc_saturate((vc_dot16(line + i + 1, VC_HALF_TAPS, VC_HALF) + 8192) >> 14);
    }
    memcpy(s->past, line + n, sizeof s->past);
}

/* 2n samples at 16 kHz to n at 8 kHz */
static inline void vc_downsample(vc_downsampler *s, const int16_t *x, int16_t *y, int n)
{
    int16_t even[VC_HALF + VC_BLOCK], odd[VC_HALF + VC_BLOCK];
    memcpy(even, s->even, sizeof s->even);
    memcpy(odd, s->odd, sizeof s->odd);
    for (int i = 0; i < n; i++) {
        even[VC_HALF + i] = x[2 * i];
        odd[VC_HALF + i] = x[2 * i + 1];
    }
    for (int i = 0; i < n; i++) {
        int32_t side = vc_dot16(odd + i + 1, VC_HALF_TAPS, VC_HALF);
        y[i] = vc_saturate((side + even[i + 1 + VC_HALF / 2] * 16384 + 16384) >> 15);
    }
    memcpy(s->even, even + n, sizeof s->even);
    memcpy(s->odd, odd + n, sizeof s->odd);
}

#endif
