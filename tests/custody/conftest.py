"""A box with a few calls of two callers in it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.store.test_sql import ENGINES, INFO, OUTCOME, TOOL, TURN
from voicecore.audit import Signer
from voicecore.config import Appliance, AuditSettings, StoreSettings, VaultSettings
from voicecore.custody import SEALED, open_audit, open_keys
from voicecore.pipeline.recording import BATCH, Recorder
from voicecore.store import SqlStore
from voicecore.types import TICK, MediaFrame, TurnTrace
from voicecore.vault import FileMasters, SealedAudio, SecretVault

ANNA, BOB = "+4930123456", "+4930999999"
CALLS = {"call-1": ANNA, "call-2": BOB, "call-3": ANNA}
PLANTED = (b"four eight two", b"postcode", b"482716", b"30123456", b"4111111111111111", b"look_up_invoice")


@pytest.fixture
def appliance(tmp_path: Path) -> Appliance:
    """Its keys are not in the folder of its data."""
    data = tmp_path / "data"
    (data / "recordings").mkdir(parents=True)
    keys = tmp_path / "keys"
    keys.mkdir()
    made = Appliance(
        agent=tmp_path,
        store=StoreSettings(url=f"sqlite:///{data}/calls.db", recordings=data / "recordings"),
        audit=AuditSettings(
            file=data / "audit.db", signing_key=keys / "audit.key", export=(f"file://{tmp_path}/checkpoints",)
        ),
        vault=VaultSettings(file=data / "keys.db", master_key=keys / "master.key"),
    )
    assert made.audit
    Signer.create(made.audit.signing_key)
    FileMasters.create(keys / "master.key")
    return made


@pytest.fixture
def filled(appliance: Appliance) -> Iterator[Appliance]:
    assert appliance.vault
    assert appliance.audit
    keys = open_keys(appliance.vault)
    store, secrets = SqlStore(appliance.store.url, keys=keys), SecretVault(keys)
    audit = open_audit(appliance.audit, "billing 1")
    for call, number in CALLS.items():
        store.begin_call(replace(INFO, id=call, remote_uri=f"sip:{number}@pbx"), "billing", ENGINES)
        recorder = Recorder(appliance.store.recordings / f"{call}.wav{SEALED}", SealedAudio.of(keys, call))
        for nth in range(BATCH + 5):
            recorder.write(
                MediaFrame(np.full(TICK, 7, np.int16), np.full(TICK, 9, np.int16), nth * TICK, nth)
            )
        for nth in range(30):
            store.add_turn(call, TurnTrace(**{**{f: getattr(TURN, f) for f in TURN.__slots__}, "index": nth}))
        store.add_tool(call, TOOL)
        secrets.put(call, "[CARD_1]", "4111111111111111", 3600)
        audit.note(call, "turn", 1.0, {"heard": "my card is [CARD_1]", "decided": "pay"})
        store.end_call(call, OUTCOME, str(recorder.close()))
    audit.close()
    yield appliance
    secrets.close()
    store.close()
    keys.close()
