# The door of every kernel: what comes in is checked once, in nanoseconds, and what goes out is made here.

cimport numpy as cnp
from libc.stdint cimport int16_t

cnp.import_array()

cdef Py_ssize_t LONG = 16_384  # samples from which letting go of the GIL gives more than it costs


cdef inline int16_t *pcm_in(object pcm, Py_ssize_t *n) except? NULL:
    """The samples of an int16 [n] array. Raises TypeError."""
    if not (cnp.PyArray_Check(pcm) and cnp.PyArray_TYPE(pcm) == cnp.NPY_INT16 and vector(pcm)):
        raise TypeError("needs a contiguous int16 array of one dimension")
    n[0] = cnp.PyArray_DIM(pcm, 0)
    return <int16_t *>cnp.PyArray_DATA(pcm)


cdef inline bint vector(cnp.ndarray array):
    return cnp.PyArray_NDIM(array) == 1 and cnp.PyArray_ISCARRAY_RO(array)


cdef inline cnp.ndarray pcm_out(Py_ssize_t n):
    """A fresh int16 [n] array, to be filled."""
    cdef cnp.npy_intp length = n
    return cnp.PyArray_EMPTY(1, &length, cnp.NPY_INT16, 0)
