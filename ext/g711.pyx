"""G.711 A-law and mu-law, both ways, 16-bit linear.

Encoding follows ITU-T G.191's ``alaw_compress`` and ``ulaw_compress``: a negative sample counts by its ones'
complement and the low bits (4 for A-law, 2 for mu-law) are cut, so a value on a decision level goes to the
interval above it in magnitude. Decoding gives the midpoint of the interval (G.711 tables 1 and 2).
"""

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport uint8_t

include "door.pxi"

cdef extern from *:
    """
    #define VC_BLOCK 256

    /* A small integer as a float carries its G.711 segment in the exponent and the step in the top four
       mantissa bits: one shift yields both, and each of the three loops vectorises. */
    static inline void vc_compress_block(const int16_t *x, uint8_t *y, int n, int alaw)
    {
        float f[VC_BLOCK];
        int32_t bits[VC_BLOCK];
        if (alaw) {
            for (int i = 0; i < n; i++)
                f[i] = (float)((x[i] ^ (x[i] >> 15)) >> 4);
            memcpy(bits, f, n * sizeof *f);
            for (int i = 0; i < n; i++) {
                int m = (x[i] ^ (x[i] >> 15)) >> 4, code = (bits[i] >> 19) - ((127 + 3) << 4);
                y[i] = (uint8_t)(0xd5 ^ (x[i] >> 15 & 0x80) ^ (m < 16 ? m : code));
            }
        } else {
            for (int i = 0; i < n; i++) {
                int m = ((x[i] ^ (x[i] >> 15)) >> 2) + 33;
                f[i] = (float)(m > 0x1fff ? 0x1fff : m);
            }
            memcpy(bits, f, n * sizeof *f);
            for (int i = 0; i < n; i++)
                y[i] = (uint8_t)(0xff ^ (x[i] >> 15 & 0x80) ^ ((bits[i] >> 19) - ((127 + 5) << 4)));
        }
    }
    static void vc_compress(const int16_t *x, uint8_t *y, Py_ssize_t n, int alaw)
    {
        for (Py_ssize_t i = 0; i < n; i += VC_BLOCK)
            vc_compress_block(x + i, y + i, (int)(n - i < VC_BLOCK ? n - i : VC_BLOCK), alaw);
    }
    static void vc_expand(const int16_t *table, const uint8_t *x, int16_t *y, Py_ssize_t n)
    {
        for (Py_ssize_t i = 0; i < n; i++)
            y[i] = table[x[i]];
    }
    """
    void vc_compress(const int16_t *x, uint8_t *y, Py_ssize_t n, bint alaw) noexcept nogil
    void vc_expand(const int16_t *table, const uint8_t *x, int16_t *y, Py_ssize_t n) noexcept nogil

cdef int16_t[256] ULAW
cdef int16_t[256] ALAW


cdef void fill_tables() noexcept:
    """The midpoints of the decision intervals (G.711 tables 1 and 2), scaled to 16 bits."""
    cdef int code, t, segment, step
    for code in range(256):
        t = ~code
        segment, step = (t >> 4) & 7, t & 15
        ULAW[code] = (((2 * step + 33) << segment) - 33) * (-4 if t & 0x80 else 4)
        t = code ^ 0x55
        segment, step = (t >> 4) & 7, t & 15
        ALAW[code] = ((2 * step + (33 if segment else 1)) << max(segment - 1, 0)) * (8 if t & 0x80 else -8)


fill_tables()


cdef bytes compress(object pcm, bint alaw):
    cdef Py_ssize_t n = 0
    cdef const int16_t *x = pcm_in(pcm, &n)
    cdef bytes out = PyBytes_FromStringAndSize(NULL, n)
    cdef uint8_t *y = <uint8_t *>PyBytes_AS_STRING(out)
    if n < LONG:
        vc_compress(x, y, n, alaw)
    else:
        with nogil:
            vc_compress(x, y, n, alaw)
    return out


cdef cnp.ndarray expand(object octets, const int16_t *table):
    cdef Py_buffer view
    PyObject_GetBuffer(octets, &view, PyBUF_SIMPLE)
    cdef cnp.ndarray out = pcm_out(view.len)
    cdef int16_t *y = <int16_t *>cnp.PyArray_DATA(out)
    if view.len < LONG:
        vc_expand(table, <const uint8_t *>view.buf, y, view.len)
    else:
        with nogil:
            vc_expand(table, <const uint8_t *>view.buf, y, view.len)
    PyBuffer_Release(&view)
    return out


def ulaw_encode(pcm):
    """mu-law octets of int16 [n]."""
    return compress(pcm, False)


def alaw_encode(pcm):
    """A-law octets of int16 [n]."""
    return compress(pcm, True)


def ulaw_decode(octets):
    """int16 [n] of mu-law octets, in any contiguous buffer."""
    return expand(octets, ULAW)


def alaw_decode(octets):
    """int16 [n] of A-law octets, in any contiguous buffer."""
    return expand(octets, ALAW)
