"""The caller behind the PBX: ``python -m benchmarks.egress.caller URI SCRIPT WAV``"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from benchmarks.egress.stage import PBX
from models import engines as engine_table
from sip.remote import SipEndpoint
from voicecore.config import SipSettings, data_dir
from voicecore.demo import EXAMPLE
from voicecore.simulation import load_script, run_caller


async def _call(uri: str, name: str, record: Path) -> dict[str, object]:
    script = load_script(EXAMPLE / "callers" / f"{name}.yaml")
    tts = engine_table.load("tts", "espeak", data_dir(), voice=script.voice, rate=script.speed)
    settings = SipSettings(address=PBX, port=0, rtp_port=27_000, codecs=("G722",), user="caller")
    endpoint = SipEndpoint(settings)
    await endpoint.start()
    try:
        result = await run_caller(endpoint, uri, script, tts, None, record)
    finally:
        await endpoint.stop()
    return {"outcome": result.outcome, "seconds": round(result.seconds, 1)}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_call(sys.argv[1], sys.argv[2], Path(sys.argv[3])))))
