"""Polyphase resampler between any two rates: streaming, stateful, int16 and float32."""

from typing import Final, TypeVar, final

import numpy as np
import numpy.typing as npt

ZEROS: Final[int]
BETA: Final[float]
MAX_FACTOR: Final[int]
Samples = TypeVar("Samples", npt.NDArray[np.int16], npt.NDArray[np.float32])

def design(up: int, down: int) -> npt.NDArray[np.float64]: ...

@final
class Resampler:
    """Changes the sample rate of one stream. ``dtype`` is int16 (exact integer arithmetic) or float32.

    n samples in, in chunks of any size, give ceil(n * target / source) out, ``delay_ms`` late (2.0 ms for
    8 <-> 16 kHz). Chunking never changes a sample. Raises ValueError for rates or dtypes that it cannot do,
    TypeError for a chunk that is not a contiguous vector of the dtype.
    """

    def __init__(self, source: int, target: int, dtype: npt.DTypeLike = ...) -> None: ...
    @property
    def source(self) -> int: ...
    @property
    def target(self) -> int: ...
    @property
    def delay_ms(self) -> float: ...
    def reset(self) -> None: ...
    def process(self, chunk: Samples) -> Samples: ...
    def flush(self) -> npt.NDArray[np.int16] | npt.NDArray[np.float32]: ...

def resample(pcm: Samples, source: int, target: int) -> Samples: ...
