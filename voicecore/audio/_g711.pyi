"""G.711 A-law and mu-law, both ways, 16-bit linear.

Encoding follows ITU-T G.191's ``alaw_compress`` and ``ulaw_compress``: a negative sample counts by its ones'
complement and the low bits (4 for A-law, 2 for mu-law) are cut, so a value on a decision level goes to the
interval above it in magnitude. Decoding gives the midpoint of the interval (G.711 tables 1 and 2).
"""

from voicecore.audio._ring import Bytes
from voicecore.types import Pcm

def ulaw_encode(pcm: Pcm) -> bytes: ...
def alaw_encode(pcm: Pcm) -> bytes: ...
def ulaw_decode(octets: Bytes) -> Pcm: ...
def alaw_decode(octets: Bytes) -> Pcm: ...
