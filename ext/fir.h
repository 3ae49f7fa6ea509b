/* Inner products for filters and correlations, written so that gcc turns them into SIMD at baseline x86-64. */
#ifndef VOICECORE_FIR_H
#define VOICECORE_FIR_H

#include <stdint.h>

/* Exact as long as the sum stays below 2^31: the caller's scaling sees to that. */
static inline int32_t vc_dot16(const int16_t *a, const int16_t *b, int n)
{
    int32_t sum = 0;
    for (int i = 0; i < n; i++)
        sum += (int32_t)a[i] * b[i];
    return sum;
}

/* n a multiple of 8. Eight partial sums, always added in the same order: chunking never changes a result. */
typedef float vc_f4 __attribute__((vector_size(16), aligned(4), may_alias));
static inline float vc_dotf(const float *a, const float *b, int n)
{
    vc_f4 s = {0}, t = {0};
    for (int i = 0; i < n; i += 8) {
        s += *(const vc_f4 *)(a + i) * *(const vc_f4 *)(b + i);
        t += *(const vc_f4 *)(a + i + 4) * *(const vc_f4 *)(b + i + 4);
    }
    s += t;
    return (s[0] + s[2]) + (s[1] + s[3]);
}

static inline int16_t vc_saturate(int32_t v)
{
    return (int16_t)(v > 32767 ? 32767 : v < -32768 ? -32768 : v);
}

#endif
