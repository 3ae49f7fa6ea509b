/* Mel energies of eight frames at once, one in each lane: what SIMD likes, and every frame comes out the same
 * whatever its neighbours are. */
#ifndef VOICECORE_LOGMEL_H
#define VOICECORE_LOGMEL_H

#include <stdint.h>
#include <string.h>

#define VC_LANES 8
#define VC_MEL_WINDOW 400
#define VC_MEL_HOP 160
#define VC_MEL_BINS (VC_MEL_WINDOW / 2 + 1)
#define VC_MEL_POINTS (VC_MEL_WINDOW / 2)

/* One build for every x86-64 that uses AVX where there is some. Resolvers run too early for a sanitizer. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) \
    && !defined(__SANITIZE_ADDRESS__)
#define VC_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define VC_CLONES
#endif
#pragma GCC diagnostic ignored "-Wpsabi"

typedef float vc_f8 __attribute__((vector_size(32)));
typedef float vc_f8u __attribute__((vector_size(32), aligned(4), may_alias));
typedef int32_t vc_i8 __attribute__((vector_size(32)));
typedef struct {
    vc_f8 re, im;
} vc_c8;

/* What does not depend on the sound. `weight` holds the triangles of the mel filters one after the other. */
typedef struct {
    float hann[VC_MEL_WINDOW];
    float cos[VC_MEL_WINDOW], sin[VC_MEL_WINDOW]; /* e^(-2 pi i k / 400) */
    int bins;
    int first[128], width[128];
    float weight[2 * VC_MEL_BINS];
} vc_mel_tables;

#define VC_INLINE static inline __attribute__((always_inline))

VC_INLINE void vc_turn(vc_c8 *z, float c, float s)
{
    vc_f8 re = z->re * c - z->im * s;
    z->im = z->re * s + z->im * c;
    z->re = re;
}

/* Five points in place (Winograd's constants). */
VC_INLINE void vc_dft5(vc_c8 *a)
{
    const float c1 = 0.30901699437494745f, c2 = -0.8090169943749475f;
    const float s1 = 0.9510565162951535f, s2 = 0.5877852522924731f;
    vc_f8 pr = a[1].re + a[4].re, pi = a[1].im + a[4].im, mr = a[1].re - a[4].re, mi = a[1].im - a[4].im;
    vc_f8 qr = a[2].re + a[3].re, qi = a[2].im + a[3].im, nr = a[2].re - a[3].re, ni = a[2].im - a[3].im;
    vc_f8 ur = a[0].re + pr * c1 + qr * c2, ui = a[0].im + pi * c1 + qi * c2;
    vc_f8 vr = a[0].re + pr * c2 + qr * c1, vi = a[0].im + pi * c2 + qi * c1;
    vc_f8 xr = mi * s1 + ni * s2, xi = mr * s1 + nr * s2;
    vc_f8 yr = mi * s2 - ni * s1, yi = mr * s2 - nr * s1;
    a[0].re += pr + qr;
    a[0].im += pi + qi;
    a[1].re = ur + xr, a[1].im = ui - xi;
    a[4].re = ur - xr, a[4].im = ui + xi;
    a[2].re = vr + yr, a[2].im = vi - yi;
    a[3].re = vr - yr, a[3].im = vi + yi;
}

/* Four points in place. */
VC_INLINE void vc_dft4(vc_c8 *a, vc_c8 *b, vc_c8 *c, vc_c8 *d)
{
    vc_f8 pr = a->re + c->re, pi = a->im + c->im, mr = a->re - c->re, mi = a->im - c->im;
    vc_f8 qr = b->re + d->re, qi = b->im + d->im, nr = b->re - d->re, ni = b->im - d->im;
    a->re = pr + qr, a->im = pi + qi;
    c->re = pr - qr, c->im = pi - qi;
    b->re = mr + ni, b->im = mi - nr;
    d->re = mr - ni, d->im = mi + nr;
}

/* Eight points in place. */
VC_INLINE void vc_dft8(vc_c8 *a)
{
    const float h = 0.7071067811865476f;
    vc_dft4(a, a + 2, a + 4, a + 6);
    vc_dft4(a + 1, a + 3, a + 5, a + 7);
    vc_turn(a + 3, h, -h);
    vc_turn(a + 5, 0, -1);
    vc_turn(a + 7, -h, -h);
    vc_c8 even[4] = {a[0], a[2], a[4], a[6]}, odd[4] = {a[1], a[3], a[5], a[7]};
    for (int k = 0; k < 4; k++) {
        a[k].re = even[k].re + odd[k].re, a[k].im = even[k].im + odd[k].im;
        a[k + 4].re = even[k].re - odd[k].re, a[k + 4].im = even[k].im - odd[k].im;
    }
}

/* One pass of Stockham's transform: `n` points left to split by `r`, `s` of them side by side. */
#define VC_PASS(r, n, s, x, y, dft)                                                                     \
    for (int p = 0; p < (n) / (r); p++)                                                                 \
        for (int q = 0; q < (s); q++) {                                                                 \
            vc_c8 a[r];                                                                                 \
            for (int k = 0; k < (r); k++)                                                               \
                a[k] = (x)[q + (s) * (p + k * ((n) / (r)))];                                            \
            dft(a);                                                                                     \
            (y)[q + (s) * (r) * p] = a[0];                                                              \
            for (int k = 1; k < (r); k++) {                                                             \
                int turn = VC_MEL_WINDOW / (n) * p * k;                                                 \
                vc_turn(a + k, t->cos[turn], t->sin[turn]);                                             \
                (y)[q + (s) * ((r) * p + k)] = a[k];                                                    \
            }                                                                                           \
        }

/* log10 of numbers >= 1e-10, to 3e-8: x = m 2^e with m in sqrt(1/2)..sqrt(2), and the series of artanh. */
VC_INLINE void vc_log10(vc_f8 *x)
{
    vc_i8 bits = (vc_i8)*x, e = (bits - 0x3f3504f3) >> 23;
    vc_f8 m = (vc_f8)(bits - (e << 23)), s = (m - 1) / (m + 1), z = s * s;
    vc_f8 series = ((z * (1 / 7.f) + 1 / 5.f) * z + 1 / 3.f) * z * s + s;
    *x = __builtin_convertvector(e, vc_f8) * 0.30102999566398120f + series * 0.86858896380650366f;
}

/* log10 of the mel energies of the frames that begin at x[at[0..7]], to out[bin * stride + 0..7]. */
VC_CLONES static void vc_mel_frames(
    const vc_mel_tables *t, const float *x, const int at[VC_LANES], float *out, long stride)
{
    vc_c8 z[VC_MEL_POINTS], w[VC_MEL_POINTS];
    vc_f8 power[VC_MEL_BINS];
    for (int k = 0; k < VC_MEL_POINTS; k++)
        for (int lane = 0; lane < VC_LANES; lane++) {
            z[k].re[lane] = x[at[lane] + 2 * k] * t->hann[2 * k];
            z[k].im[lane] = x[at[lane] + 2 * k + 1] * t->hann[2 * k + 1];
        }
    VC_PASS(5, 200, 1, z, w, vc_dft5)
    VC_PASS(5, 40, 5, w, z, vc_dft5)
    VC_PASS(8, 8, 25, z, w, vc_dft8)
    power[0] = (w[0].re + w[0].im) * (w[0].re + w[0].im);
    power[VC_MEL_POINTS] = (w[0].re - w[0].im) * (w[0].re - w[0].im);
    for (int k = 1; k <= VC_MEL_POINTS / 2; k++) {
        vc_c8 a = w[k], b = w[VC_MEL_POINTS - k];
        vc_c8 even = {(a.re + b.re) * 0.5f, (a.im - b.im) * 0.5f}, odd = {(a.im + b.im) * 0.5f, (b.re - a.re) * 0.5f};
        vc_turn(&odd, t->cos[k], t->sin[k]);
        vc_f8 re = even.re + odd.re, im = even.im + odd.im;
        power[k] = re * re + im * im;
        re = even.re - odd.re, im = even.im - odd.im;
        power[VC_MEL_POINTS - k] = re * re + im * im;
    }
    const float *weight = t->weight;
    for (int bin = 0; bin < t->bins; bin++) {
        vc_f8 sum = {0};
        for (int k = 0; k < t->width[bin]; k++)
            sum += power[t->first[bin] + k] * *weight++;
        vc_i8 enough = sum > 1e-10f, least = (vc_i8)(sum * 0 + 1e-10f);
        sum = (vc_f8)((enough & (vc_i8)sum) | (~enough & least));
        vc_log10(&sum);
        *(vc_f8u *)(out + bin * stride) = sum;
    }
}

#endif
