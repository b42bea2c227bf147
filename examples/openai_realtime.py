"""Connects a call with OpenAI's Realtime API: PCMU passes unchanged in both directions, unheard speech is truncated.

pip install 'rtpcodec[server]' websockets && OPENAI_API_KEY=... RTPCODEC_STREAM_TOKEN=... python openai_realtime.py
"""

import asyncio
import json
import os
from base64 import b64decode, b64encode
from collections import Counter
from contextlib import suppress

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

import rtpcodec
from rtpcodec import errors, events

PLAN = rtpcodec.StreamPlan(send_codec="PCMU", receive_codec="PCMU")
URL = os.environ.get("OPENAI_URL", "wss://api.openai.com/v1/realtime?model=gpt-realtime-2.1")
PCMU = {"format": {"type": "audio/pcmu"}}
SESSION = {"type": "realtime", "instructions": "Greet the caller.", "audio": {"input": PCMU, "output": PCMU}}


async def listen(call: rtpcodec.Call, model: ClientConnection, octets: Counter[str]) -> None:
    """Send the caller's audio, and how much the caller heard of each interrupted item."""
    with suppress(ConnectionClosed):  # `speak` reports it
        async for event in call.events():
            if isinstance(event, events.Audio):
                append = {"type": "input_audio_buffer.append", "audio": b64encode(event.payload).decode()}
                await model.send(json.dumps(append))
            elif isinstance(event, events.ReplyEnded) and event.state == "interrupted":
                # The last frame is padded, and the model refuses a position beyond the end of its item.
                end_ms = min(int(event.played_ms), octets[event.reply_id] // 8)
                cut = {"type": "conversation.item.truncate", "item_id": event.reply_id, "content_index": 0}
                await model.send(json.dumps({**cut, "audio_end_ms": end_ms}))
        await model.close()


async def speak(call: rtpcodec.Call, model: ClientConnection, octets: Counter[str]) -> None:
    """Play each item of the model as one reply, until the model hears the caller."""
    replies: dict[str, rtpcodec.Reply] = {}
    async for text in model:
        match json.loads(text):
            case {"type": "response.output_audio.delta", "item_id": item, "delta": delta}:
                replies[item] = replies.get(item) or call.reply(item)
                octets[item] += len(b64decode(delta))
                with suppress(errors.ReplyInterrupted):  # the delta was in transit
                    replies[item].play_payload(b64decode(delta))
            case {"type": "response.output_audio.done", "item_id": item} if item in replies:
                replies[item].end()
            case {"type": "input_audio_buffer.speech_started"}:
                call.interrupt()
            case {"type": "error", "error": error}:
                print(f"the model reports {error}")  # noqa: T201 -- an example


async def answer(call: rtpcodec.Call) -> None:
    """Have the model speak first. The handler ends with the call or with the model's session."""
    octets: Counter[str] = Counter()  # of each item, 8 per millisecond
    headers = {"Authorization": f"Bearer {os.environ['OPENAI_API_KEY']}"}
    async with connect(URL, additional_headers=headers) as model, asyncio.TaskGroup() as tasks:
        for message in ({"type": "session.update", "session": SESSION}, {"type": "response.create"}):
            await model.send(json.dumps(message))
        listening = tasks.create_task(listen(call, model, octets))
        await speak(call, model, octets)
        listening.cancel()


if __name__ == "__main__":
    token = os.environ["RTPCODEC_STREAM_TOKEN"]  # without a token, others could call the model at your expense
    rtpcodec.run(answer, plan=PLAN, port=8080, authorize=token, receive_pcm_hz=None)
