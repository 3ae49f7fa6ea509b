"""llama.cpp behind ``Library``, by llama-cpp-python's low-level API; what would abort is refused."""

from __future__ import annotations

import ctypes
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import llama_cpp as llama
import numpy as np
import numpy.typing as npt

from models.llm_llama.library import CacheFull, Ids, Interrupted, Piece, Tokens
from models.llm_llama.settings import Placement
from voicecore.errors import EngineError
from voicecore.types import Floats

log = logging.getLogger(__name__)

_ERROR = 4
_CANDIDATES = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])
_PIECE = 256
"""Bytes of the longest token's text that is fetched at once."""


def _log(level: int, text: bytes, _: Any) -> None:
    """What it calls errors includes every step that was given up on request; ours are raised."""
    if level == _ERROR:
        log.info("llama.cpp: %s", text.decode(errors="replace").strip())


_LOG = llama.llama_log_callback(_log)


class LlamaLibrary:
    """``Library`` on one GGUF file. The cache is unified: partial copies abort in any other."""

    def __init__(self, file: Path, placement: Placement) -> None:
        """Raises EngineError with ``model-missing``, ``model-broken`` or ``device-missing``."""
        if not file.is_file():
            raise EngineError("model-missing", f"{file} is not there", file=str(file))
        llama.llama_log_set(_LOG, ctypes.c_void_p())
        llama.llama_backend_init()
        self._flag = ctypes.create_string_buffer(2)
        self._model = self._load(file, placement)
        self._vocab: Any = llama.llama_model_get_vocab(self._model)
        self.context = self._open(file, placement)
        self._memory: Any = llama.llama_get_memory(self.context)
        self.cells = llama.llama_n_ctx(self.context)
        self.sequences = placement.sequences
        self.batch = llama.llama_n_batch(self.context)
        self.vocabulary = llama.llama_vocab_n_tokens(self._vocab)
        self.shifts = bool(llama.llama_memory_can_shift(self._memory))
        self._chat_format = llama.llama_model_chat_template(self._model, None) or b"chatml"
        self._pieces: dict[int, bytes] = {}
        self._fill = _Batch(self.batch)

    @staticmethod
    def _load(file: Path, placement: Placement) -> Any:
        options = llama.llama_model_default_params()
        options.n_gpu_layers = placement.gpu_layers if placement.gpu_layers >= 0 else 10_000
        if placement.gpu_layers and not llama.llama_supports_gpu_offload():
            message = "this llama.cpp was built without CUDA"
            raise EngineError("device-missing", message, device=f"cuda:{placement.gpu}")
        options.split_mode, options.main_gpu = llama.LLAMA_SPLIT_MODE_NONE, placement.gpu
        model = llama.llama_model_load_from_file(str(file).encode(), options)
        if not model:
            raise EngineError("model-broken", f"{file} does not load", file=str(file))
        return model

    def _open(self, file: Path, placement: Placement) -> Any:
        """libc's ``strlen`` of our flag tells whether to abort: a Python callback, asked some hundred times
        a step by every compute thread, would wait for the interpreter's lock each time."""
        options = llama.llama_context_default_params()
        options.n_ctx = placement.cells
        options.n_batch = options.n_ubatch = placement.batch
        options.n_seq_max = options.n_outputs_max = placement.sequences
        options.n_threads = options.n_threads_batch = placement.threads
        options.kv_unified = options.no_perf = True
        options.abort_callback = ctypes.cast(ctypes.CDLL(None).strlen, llama.ggml_abort_callback)
        options.abort_callback_data = ctypes.addressof(self._flag)
        context = llama.llama_init_from_model(self._model, options)
        if not context:
            llama.llama_model_free(self._model)
            raise EngineError(
                "model-broken", f"{file}: no context of {placement.cells} tokens", file=str(file)
            )
        return context

    def decode(self, pieces: Sequence[Piece]) -> Floats:
        """See ``Library``; every count, id and position is checked first."""
        total = sum(len(piece.tokens) for piece in pieces)
        wanted = sum(piece.wanted for piece in pieces)
        if not 0 < total <= self.batch or wanted > self.sequences:
            raise EngineError("llm-misuse", f"{total} tokens, {wanted} results in a step of {self.batch}")
        for piece in pieces:
            self._check(piece.sequence)
            there = llama.llama_memory_seq_pos_max(self._memory, piece.sequence) + 1
            if piece.start != there or not piece.tokens:
                raise EngineError(
                    "llm-misuse", f"sequence {piece.sequence} goes on at {there}, not {piece.start}"
                )
        tokens = self._fill.fill(pieces)
        if not 0 <= tokens.min() <= tokens.max() < self.vocabulary:
            raise EngineError("llm-misuse", f"a token is outside the vocabulary of {self.vocabulary}")
        code = llama.llama_decode(self.context, self._fill.batch)
        if code == 1:
            raise CacheFull
        if code == 2:  # the documented code of an abort
            raise Interrupted
        if code:
            raise EngineError("llm-failed", f"llama_decode returned {code}", result=code)
        if not wanted:
            return np.empty((0, self.vocabulary), np.float32)
        address = ctypes.cast(llama.llama_get_logits(self.context), ctypes.c_void_p).value
        values = (ctypes.c_float * (wanted * self.vocabulary)).from_address(address or 0)
        return np.frombuffer(values, np.float32).reshape(wanted, self.vocabulary)

    def interrupt(self) -> None:
        self._flag[0] = b"x"

    def resume(self) -> None:
        self._flag[0] = b"\0"

    def _check(self, sequence: int) -> None:
        if not 0 <= sequence < self.sequences:
            raise EngineError("llm-misuse", f"no sequence {sequence}; there are {self.sequences}")

    def copy(self, source: int, target: int, length: int) -> None:
        self._check(source)
        self._check(target)
        llama.llama_memory_seq_cp(self._memory, source, target, 0, length)

    def cut(self, sequence: int, start: int) -> None:
        self._check(sequence)
        if not llama.llama_memory_seq_rm(self._memory, sequence, start, -1):
            raise EngineError("llm-misuse", "this model's memory cannot be cut")

    def drop(self, sequence: int, start: int, end: int) -> None:
        self._check(sequence)
        if not self.shifts or not 0 <= start < end:
            raise EngineError("llm-misuse", f"cannot drop {start}..{end}")
        llama.llama_memory_seq_rm(self._memory, sequence, start, end)
        llama.llama_memory_seq_add(self._memory, sequence, end, -1, start - end)

    def tokenize(self, text: str, special: bool) -> Tokens:
        data = text.encode()
        room = len(data) + 8
        tokens = (llama.llama_token * room)()
        count = llama.llama_tokenize(self._vocab, data, len(data), tokens, room, False, special)
        return tuple(tokens[:count])

    def piece(self, token: int) -> bytes:
        known = self._pieces.get(token)
        if known is None:
            text = ctypes.create_string_buffer(_PIECE)
            length = llama.llama_token_to_piece(self._vocab, token, text, _PIECE, 0, False)
            known = self._pieces[token] = text.raw[: max(length, 0)]
        return known

    def ends(self, token: int) -> bool:
        return bool(llama.llama_vocab_is_eog(self._vocab, token))

    def render(self, turns: Sequence[tuple[str, str]]) -> str:
        """Raises EngineError("llm-chat-format") for a format that llama.cpp does not know."""
        chat = (llama.llama_chat_message * len(turns))()
        for message, (role, text) in zip(chat, turns, strict=True):
            message.role, message.content = role.encode(), text.encode()
        room = 2048 + sum(2 * len(text.encode()) + 64 for _, text in turns)
        out = ctypes.create_string_buffer(room)
        size = llama.llama_chat_apply_template(self._chat_format, chat, len(turns), True, out, room)
        if not 0 < size <= room:
            raise EngineError("llm-chat-format", "llama.cpp does not know the model's chat format")
        begins = llama.llama_vocab_bos(self._vocab) if llama.llama_vocab_get_add_bos(self._vocab) else -1
        opening = llama.llama_vocab_get_text(self._vocab, begins).decode() if begins >= 0 else ""
        text = out.raw[:size].decode()
        return text if text.startswith(opening) else opening + text

    def constraint(self, grammar: str) -> LlamaConstraint:
        return LlamaConstraint(self._vocab, grammar)

    def close(self) -> None:
        """Frees the model; nothing of it may be used afterwards."""
        if self.context:
            llama.llama_free(self.context)
            llama.llama_model_free(self._model)
            self.context = None


class _Batch:
    """llama.cpp's batch over numpy arrays: token, position, sequence and "wanted" per row."""

    def __init__(self, size: int) -> None:
        self._token = np.zeros(size, np.int32)
        self._position = np.zeros(size, np.int32)
        self._sequence = np.zeros(size, np.int32)
        self._counts = np.ones(size, np.int32)
        self._wanted = np.zeros(size, np.int8)
        first = self._sequence.ctypes.data
        self._rows = np.arange(first, first + 4 * size, 4, dtype=np.uintp)
        batch = self.batch = llama.llama_batch()
        batch.token = _pointer(self._token, llama.llama_token)
        batch.pos = _pointer(self._position, llama.llama_pos)
        batch.n_seq_id = _pointer(self._counts, ctypes.c_int32)
        batch.seq_id = _pointer(self._rows, ctypes.POINTER(llama.llama_seq_id))
        batch.logits = _pointer(self._wanted, ctypes.c_int8)

    def fill(self, pieces: Sequence[Piece]) -> Ids:
        """Lay out the step; returns its tokens."""
        at = 0
        for piece in pieces:
            end = at + len(piece.tokens)
            self._token[at:end] = piece.tokens
            self._position[at:end] = range(piece.start, piece.start + end - at)
            self._sequence[at:end] = piece.sequence
            self._wanted[at:end] = 0
            self._wanted[end - 1] = piece.wanted
            at = end
        self.batch.n_tokens = at
        return self._token[:at]


def _pointer(array: npt.NDArray[Any], kind: Any) -> Any:
    return ctypes.cast(array.ctypes.data, ctypes.POINTER(kind))


class LlamaConstraint:
    """``Constraint`` by llama.cpp's grammar sampler, asked about a few candidates at a time."""

    def __init__(self, vocab: Any, grammar: str) -> None:
        self._sampler: Any = grammar and llama.llama_sampler_init_grammar(vocab, grammar.encode(), b"root")
        if not self._sampler:
            raise EngineError("bad-grammar", "llama.cpp does not take the grammar", grammar=grammar)

    def allowed(self, ids: Ids) -> npt.NDArray[np.bool_]:
        table = np.zeros(len(ids), _CANDIDATES)
        table["id"] = ids
        data = ctypes.cast(table.ctypes.data, ctypes.POINTER(llama.llama_token_data))
        candidates = llama.llama_token_data_array(data, len(ids), -1, False)
        llama.llama_sampler_apply(self._sampler, ctypes.byref(candidates))
        return np.asarray(table["logit"] == 0)

    def accept(self, token: int) -> None:
        """Raises EngineError("llm-misuse") where llama.cpp would abort."""
        if not self.allowed(np.array([token], np.int32))[0]:
            raise EngineError("llm-misuse", "the grammar does not allow this token")
        llama.llama_sampler_accept(self._sampler, token)

    def close(self) -> None:
        if self._sampler:
            llama.llama_sampler_free(self._sampler)
            self._sampler = None
