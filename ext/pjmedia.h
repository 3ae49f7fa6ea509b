/* The little of pjmedia's C interface that the media clock calls, by addresses found at run time. */
#ifndef VOICECORE_PJMEDIA_H
#define VOICECORE_PJMEDIA_H

#include <stddef.h>
#include <stdint.h>

enum { VC_NONE = 0, VC_AUDIO = 1 }; /* pjmedia_frame_type */

/* pjmedia_frame (frame.h), unchanged since pjproject 1.0 */
typedef struct {
    int type;
    void *buf;
    size_t size;
    uint64_t timestamp;
    uint32_t bit_info;
} vc_pjframe;

typedef struct {
    void *get_frame, *put_frame, *get_stat_jbuf;
} vc_pjmedia;

typedef int (*vc_port_call)(void *port, vc_pjframe *frame);
typedef int (*vc_state_call)(void *stream, unsigned *state);

/* Reads a frame; whether it is audio (else pcm is left as it is). */
static inline int vc_pj_get(const vc_pjmedia *pj, void *port, int16_t *pcm, int samples)
{
    vc_pjframe f = {VC_NONE, pcm, samples * sizeof *pcm, 0, 0};
    return ((vc_port_call)pj->get_frame)(port, &f) == 0 && f.type == VC_AUDIO;
}

/* Sends a frame; NULL for none, which lets the stream keep its time and send digits. */
static inline void vc_pj_put(const vc_pjmedia *pj, void *port, int16_t *pcm, int samples)
{
    vc_pjframe f = {pcm ? VC_AUDIO : VC_NONE, pcm, pcm ? samples * sizeof *pcm : 0, 0, 0};
    ((vc_port_call)pj->put_frame)(port, &f);
}

/* How many codec frames the stream's jitter buffer holds. */
static inline int vc_pj_held(const vc_pjmedia *pj, void *stream, int word)
{
    unsigned state[32] = {0};
    return ((vc_state_call)pj->get_stat_jbuf)(stream, state) == 0 ? (int)state[word] : 0;
}

#endif
