"""Makes inner values of an ONNX model outputs, without the onnx package."""

from __future__ import annotations

from collections.abc import Iterable

_GRAPH = 7
"""Field of ModelProto."""
_OUTPUT = 12
"""Field of GraphProto, a repeated ValueInfoProto {1: name, 2: TypeProto {1: Tensor {1: element type}}}."""
_FLOAT = 1


def tapped(model: bytes, values: Iterable[str]) -> bytes:
    """``model``, a serialised ModelProto, with the float tensors called ``values`` as further outputs.

    Concatenated protobuf messages merge: embedded messages field by field, repeated fields in order
    (protobuf's encoding guide, "Last One Wins"), so an appended graph that holds only outputs adds them.
    """
    return model + b"".join(_field(_GRAPH, _field(_OUTPUT, _value_info(name))) for name in values)


def _value_info(name: str) -> bytes:
    tensor = bytes((1 << 3, _FLOAT))
    return _field(1, name.encode()) + _field(2, _field(1, tensor))


def _field(number: int, content: bytes) -> bytes:
    """A length-delimited field."""
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
