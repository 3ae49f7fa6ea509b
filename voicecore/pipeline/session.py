"""One call, from the first media tick to the hang-up: performs what floor and dialogue decide."""

from __future__ import annotations

import asyncio
import logging
import math
from dataclasses import asdict, replace
from typing import Any

from voicecore.dialogue import Delivered, Event, Heard, NoInput, Pressed, Resumed, ToolFailed
from voicecore.dialogue.engine import TRANSFER
from voicecore.errors import VoicecoreError
from voicecore.pipeline.chronicle import Chronicle
from voicecore.pipeline.ears import Ears, Sound
from voicecore.pipeline.emergency import Rescue
from voicecore.pipeline.errands import Errands
from voicecore.pipeline.evidence import Evidence
from voicecore.pipeline.farewell import Farewell
from voicecore.pipeline.filler import Filler
from voicecore.pipeline.house import House
from voicecore.pipeline.keypad import Keypad
from voicecore.pipeline.listener import Listener
from voicecore.pipeline.mouth import Delivery, Mouth, Speech
from voicecore.pipeline.recording import Recorder
from voicecore.pipeline.replies import Replies, asked_for
from voicecore.pipeline.reply import Reply, ToolRun
from voicecore.pipeline.resume import Resume
from voicecore.pipeline.sounds import Sounds
from voicecore.pipeline.speculation import Pause, Shell, Speculation, weighty
from voicecore.ports import Call
from voicecore.turns import Act, Features
from voicecore.turns.floor import Event as FloorEvent
from voicecore.turns.floor import State as FloorState
from voicecore.turns.overlap import Judgement, Kind
from voicecore.types import RATE, TICK_MS, MediaFrame, Transcript

log = logging.getLogger(__name__)

_MAY_SPEAK = (FloorState.LISTENING, FloorState.THINKING, FloorState.SPEAKING, FloorState.DUCKING)


class Session:
    """One call. ``tick`` drives it; everything it starts ends with ``end``."""

    def __init__(self, call: Call, house: House, recorder: Recorder) -> None:
        self.call = call
        self.ears = Ears(house.engines.vad)
        self._ticks = 0
        self._house = house
        self._recorder = recorder
        self._floor = house.floor(house.turns, call)
        self._asr_lane = house.lanes.per_call(call.info.id)
        self._listener = Listener(house.engines.asr, self._asr_lane, self._on_partial)
        speech = (house.engines.tts, house.lanes.shared)
        self._mouth = Mouth(call, *speech, self._on_sound, self._on_queued, self._failed)
        self._keypad = Keypad()
        self._trust = trust = house.trust(call.info, lambda: self.now, recorder)
        self._chronicle = Chronicle(call.info, house.feed, house.store, house.lanes.store, trust)
        self._errands = Errands(self._failed)
        shell = Shell(lambda: self.now, self._errands.watch, self._draft_reply, self._screen)
        self._early = Speculation(self._listener, house.engines, house.lanes.shared, self._chronicle, shell)
        mind = house.mind()
        mind = replace(mind, tools=trust.guarding(mind.tools), trust=trust, now=lambda: self.now)
        self._filler = Filler(self._mouth, mind.dialogue)
        self._resume = Resume()
        self._sounds = Sounds(self.ears, house.engines.sounds, self._floor)
        self._replies = Replies(
            call.info.id, mind, self._mouth, self._say, self._on_tool, self._errands.watch
        )
        self._commit: asyncio.Task[None] | None = None
        self._in_turn = False
        self._evidence = Evidence(self._early, self._sounds, self._mouth)
        self._begun = 0.0
        """When the caller's turn began; seconds on the audio clock."""
        self._played = 0
        self._state = self._floor.state
        self._rescue: Rescue | None = None
        self._farewell = Farewell(call, self._chronicle)

    @property
    def now(self) -> float:
        """Seconds on the call's audio clock."""
        return self._ticks * TICK_MS / 1000

    # Driven from outside

    def start(self, codec: str, labels: dict[str, str]) -> None:
        """The call is answered and media flows: greet."""
        self._chronicle.started(codec, labels)
        self._replies.greet()
        self._filler.begin()

    def tick(self, frame: MediaFrame, sound: Sound) -> None:
        """One media tick: what was heard decides, then playout goes on."""
        self._ticks += 1
        self._recorder.write(frame)
        if self._rescue is not None:
            self._be_rescued(self._rescue, frame)
            return
        self._listener.tick(frame.caller)
        judgement = self._floor.judgement
        self._perform(self._floor.step(self._features(sound), self.now))
        if self._floor.judgement is not judgement:
            self._chronicle.judged(self._floor.judgement, self.now)
        self._note_played(frame.played)
        for delivery in self._mouth.tick(frame.played):
            self._delivered(delivery)
        if not self._mouth.busy:
            self._all_said()
        if (digits := self._keypad.tick(self.now)) is not None:
            self._keyed(digits)
        self._filler.approval(self._trust.people.deciding)
        if self._floor.state is not self._state:
            self._state = self._floor.state
            self._chronicle.floor(self._state.value, self.now)

    def key(self, digit: str) -> None:
        """A DTMF key: silences the agent at once, counts when the answer is whole."""
        self._chronicle.pressed(self.now)
        if self._rescue is not None or self._keypad.is_trailing(digit, self.now):
            return
        if self._floor.takes(FloorEvent.KEYED):
            self._perform(self._floor.on(FloorEvent.KEYED))
        digits = self._keypad.press(digit, self._replies.state.expectation, self.now)
        if digits is not None:
            self._keyed(digits)

    def transferred(self, code: int) -> None:
        """The far end's final answer to our REFER: leave the caller to it, or explain."""
        if self._rescue is not None:
            self._rescue.transferred(code)
        elif not self._farewell.taken(code):
            self._errands.watch(self._reply_to(ToolFailed(TRANSFER, f"sip-{code}")))

    def rescue(self, code: str) -> None:
        """The call can't go on: tell the caller so, and hand over to a person, unless one is being asked."""
        if self._rescue is not None or self._farewell.passed_on:
            return
        self._chronicle.failed(code, self.now)
        self._cancel_work()
        if self._house.emergency is None:
            self.call.hangup()
            return
        self._stop_playout()
        self._drop_turn()
        self._chronicle.begin_turn("failure", self.now)
        self._rescue = Rescue(self.call, self._mouth, self._house.emergency, self.now)

    def _be_rescued(self, rescue: Rescue, frame: MediaFrame) -> None:
        self._note_played(frame.played)
        for delivery in self._mouth.tick(frame.played):
            self._delivered(delivery)
        rescue.tick(self.now)

    def _cancel_work(self) -> None:
        self._filler.drop()
        self._errands.cancel()

    async def end(self, outcome: dict[str, Any]) -> None:
        """The call is over: stop all work, keep the record."""
        self._stop_playout()
        self._cancel_work()
        self._trust.people.leave()
        await self._errands.over()
        self._replies.wording.forget()
        self._listener.drop()
        self._asr_lane.close()
        recording = await asyncio.to_thread(self._recorder.close)
        outcome = {**outcome, "duration_s": round(self.now, 2)}
        outcome |= {"underruns": self.call.underruns, "early_work": asdict(self._early.tally)}
        outcome |= self._replies.state.outcome
        await self._chronicle.ended(outcome, str(recording) if recording else None, self.now)

    def _features(self, sound: Sound) -> Features:
        if self._floor.state not in (FloorState.SPEAKING, FloorState.DUCKING):
            return self._evidence.listening(sound)
        into_ms, left_ms = self._mouth.progress_ms(self._played)
        return self._evidence.speaking(sound, into_ms, math.inf if self._at_work else left_ms)

    # What the floor asks for

    def _perform(self, acts: list[Act]) -> None:
        for act in acts:
            match act:
                case Act.OPEN_TURN if not self._deciding:
                    self._evidence.begin_turn()
                    self._sounds.begin_turn()
                    self._begun = self._floor.onset
                    self._listener.open(self._replies.state.expectation, self.now, self._floor.onset)
                case Act.START_EARLY_WORK:
                    self._start_early_work()
                case Act.DISCARD_EARLY_WORK:
                    self._discard_early_work()
                case Act.COMMIT_TURN:
                    self._chronicle.committed(self._floor.wait, self.now)
                    self._filler.begin()
                    self._commit = self._errands.watch(self._committed())
                case Act.DUCK:
                    self._mouth.duck(self._house.turns.duck_gain)
                case Act.HUSH:
                    self._mouth.hush(self._played)
                case Act.UNDUCK:
                    self._mouth.duck(1.0)
                case Act.STOP_PLAYOUT:
                    self._stop_playout()
                    self._read_along()
                case Act.DROP_TURN if not self._deciding:
                    self._drop_turn()
                case Act.FILL:
                    self._fill()
                case Act.ASK_AGAIN:
                    self._chronicle.begin_turn("silence", self.now)
                    self._errands.watch(self._reply_to(NoInput()))

    def _start_early_work(self) -> None:
        if self._deciding:
            self._discard_early_work()
        if not self._in_turn:
            self._in_turn = True
            self._chronicle.begin_turn("speech", self._begun)
        self._chronicle.mark("speech_end", self._floor.last_voiced)
        self._chronicle.mark("soft_end", self.now)
        self._replies.taken = False
        self._sounds.end()
        expectation = self._replies.state.expectation
        self._early.start(Pause(expectation, self._begun, self._floor.last_voiced))

    async def _committed(self) -> None:
        sounds = self._sounds.turn
        await self._early.settled()
        reading = self._early.transcript
        cut_in = self._resume.pending
        judgement = self._floor.meant(sounds, weighty(reading), text=reading.text, cut_in=cut_in)
        draft = self._early.take() if judgement.kind is Kind.ANSWER else None
        if draft is None:
            self._not_for_us(judgement)
            return
        self._resume.forget()
        draft.bound = self._floor.told_to_wait
        self._trust.taken(self._chronicle.turn.index, self.now)
        slot = asked_for(self._replies.state)
        self._chronicle.said(self._early.transcript, draft.thread.state.intent, slot, self.now)
        self._replies.take(draft)
        if draft.bound:
            self._close_turn()

    def _not_for_us(self, judgement: Judgement) -> None:
        """Nothing was said to us: go on with what was cut off, or listen."""
        self._drop_turn()
        self._chronicle.judged(judgement, self.now)
        if not self._resume.pending:
            if judgement.kind is Kind.ASIDE:
                self._floor.patience_ms = self._house.turns.hold_ms
            if self._floor.takes(FloorEvent.NOTHING_TO_SAY):
                self._floor.on(FloorEvent.NOTHING_TO_SAY)
            return
        self._chronicle.resumed()
        self._replies.tell(Resumed())
        for speech in self._resume.take(self._mouth):
            self._say(speech)

    def _fill(self) -> None:
        """Say that the reply is late. The caller has been told that we have their turn: it is over."""
        if self._at_work:
            if self._replies.taken and self._replies.current is not None:
                self._replies.current.bound = True
            self._filler.say()

    @property
    def _deciding(self) -> bool:
        """Whether the committed turn has not become a reply yet."""
        return self._commit is not None and not self._commit.done() and not self._replies.taken

    @property
    def _at_work(self) -> bool:
        """Whether more is to come without the caller's doing."""
        return self._deciding or self._replies.running

    def _patience_ms(self) -> int:
        turns, state = self._house.turns, self._replies.state
        if state.ended:
            return turns.filler_again_ms
        return turns.hold_ms if state.holding else turns.no_input_ms

    def _discard_early_work(self) -> None:
        """The caller goes on: nothing of the reply happened. If it is bound, this is another turn."""
        self._cancel_early_work()
        withdrawn = self._replies.withdraw()
        if withdrawn and self._replies.taken:
            self._early.tally.undo_hit()
        if self._in_turn and withdrawn:
            self._listener.reopen()
            self._chronicle.turn.reopened += 1
        else:
            self._in_turn = False
            self._begun = self._floor.onset
            self._listener.open(self._replies.state.expectation, self.now, self._begun)

    def _cancel_early_work(self) -> None:
        if self._commit is not None and self._commit is not asyncio.current_task():
            self._commit.cancel()
        self._early.discard()

    def _drop_turn(self) -> None:
        self._cancel_early_work()
        self._close_turn()

    def _close_turn(self) -> None:
        self._listener.drop()
        self._in_turn = False
        self._early.forget()

    def _stop_playout(self) -> None:
        for delivery in self._mouth.stop(self._played):
            self._delivered(delivery)

    # Replies

    async def _draft_reply(self, event: Event) -> Reply:
        draft = await self._replies.draft(event)
        self._chronicle.mark("planned", self.now)
        return draft

    async def _screen(self, event: Heard) -> Event | None:
        instead = await self._trust.screen(event, self._replies.state, self.now)
        if self._trust.screened_ms:
            self._chronicle.cost("guard", self._trust.screened_ms)
        return instead

    async def _reply_to(self, event: Event) -> None:
        await self._replies.answer(event)
        self._chronicle.mark("planned", self.now)

    def _keyed(self, digits: str) -> None:
        self._drop_turn()
        if self._floor.takes(FloorEvent.KEYED):
            self._perform(self._floor.on(FloorEvent.KEYED))
        self._chronicle.begin_turn("dtmf", self.now)
        self._chronicle.keyed(digits, asked_for(self._replies.state), self.now)
        self._errands.watch(self._reply_to(Pressed(digits)))

    def _say(self, speech: Speech) -> None:
        if self._floor.state in _MAY_SPEAK:
            self._mouth.say(speech)
        else:
            self._mouth.drop(speech)
            known = speech.text[: speech.known]
            self._delivered(Delivery(speech.id, speech.text, known, complete=False, known=speech.known))

    def _all_said(self) -> None:
        reply = self._replies.current
        if reply is None:
            return
        over = FloorEvent.MORE_TO_COME if self._at_work else FloorEvent.DELIVERED
        if self._floor.takes(over):
            self._perform(self._floor.on(over))
            if over is FloorEvent.DELIVERED:
                self._floor.patience_ms = self._patience_ms()
                self._chronicle.listening(self._replies.state.expectation, self.now)
                self._replies.read_along("")
        if reply.running:
            return
        if self._floor.state is FloorState.THINKING and self._errands.idle:
            self._floor.on(FloorEvent.NOTHING_TO_SAY)
        self._farewell.take(reply, self.now)

    def _delivered(self, delivery: Delivery) -> None:
        if delivery.filler:
            return
        self._chronicle.delivered(delivery, self.now)
        self._resume.note(delivery)
        self._replies.tell(Delivered(delivery.id, delivery.heard, delivery.complete))

    # What engines and media report

    def _on_partial(self, partial: Transcript) -> None:
        self._evidence.take(partial)
        self._chronicle.partial(partial, self.now)
        self._read_along()

    def _read_along(self) -> None:
        """Not while we speak: until it is over, nobody knows how much of it will have been heard."""
        if self._evidence.settled and not self._mouth.busy:
            self._replies.read_along(self._evidence.settled)

    def _on_sound(self) -> None:
        self._chronicle.mark_once("tts_first", self.now)

    def _on_queued(self, speech: Speech) -> None:
        if self._rescue is not None:
            self._chronicle.queued(speech, self.now)
            return
        if self._floor.takes(FloorEvent.REPLY):
            self._floor.on(FloorEvent.REPLY)
            if not self._deciding:
                self._close_turn()
        self._floor.told_to_wait = speech.filler
        if not speech.filler:
            self._filler.begin()
        self._chronicle.queued(speech, self.now)

    def _on_tool(self, run: ToolRun) -> None:
        self._chronicle.tool(run, self.now)

    def _note_played(self, played: int) -> None:
        self._played = played
        for speech in self._mouth.begun(played):
            since = (played - (speech.start or 0)) / RATE
            first = "played" not in self._chronicle.turn.times
            self._chronicle.begun(speech, self.now - min(since, TICK_MS / 1000))
            if first:
                self._house.admission.note(self._chronicle.turn.times)

    def _failed(self, exc: BaseException) -> None:
        """Hand the call over instead of leaving the caller in silence."""
        if self._rescue is not None:
            return
        code = exc.code if isinstance(exc, VoicecoreError) else "internal"
        log.error("call failed: %s", code, exc_info=exc, extra={"call": self.call.info.id})
        self.rescue(code)
