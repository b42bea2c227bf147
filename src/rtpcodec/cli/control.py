"""The commands `rtpcodec start`, `stop`, `dial`, `answer` and `hangup`: the carrier's HTTP interface from a shell."""

from __future__ import annotations

from typing import Annotated

import typer

from rtpcodec.carriers.telnyx import commands
from rtpcodec.cli import control_options as options
from rtpcodec.cli.control_options import AsJson, BaseUrl, CallId, CommandId, DryRun, Extra, State, Strict
from rtpcodec.cli.options import Codec, Mode, Rate


def start(
    call_control_id: CallId,
    stream_url: Annotated[
        str | None, typer.Argument(metavar="URL", help="WebSocket URL that the carrier connects to.")
    ] = None,
    base_url: BaseUrl = None,
    codec: Codec = "PCMU",
    rate: Rate = 0,
    receive_codec: options.ReceiveCodec = "default",
    mode: Mode = "rtp",
    tracks: options.Tracks = commands.INBOUND_TRACK,
    legs: options.Legs = "self",
    token: options.Token = None,
    parameter: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="Parameter in `start`; repeatable.")
    ] = None,
    enable_dialogflow: options.Dialogflow = None,
    analyze_sentiment: options.Sentiment = None,
    partial_automated_agent_reply: options.PartialReply = None,
    client_state: State = None,
    command_id: CommandId = None,
    extra_body: Extra = None,
    strict: Strict = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Have the carrier stream a live call to a WebSocket address."""
    from rtpcodec.client import command

    built = command.start_streaming(
        call_control_id,
        stream_url=stream_url,
        stream_auth_token=token,
        custom_parameters=options.pairs("--parameter", parameter),
        **options.plan_fields(codec, rate, receive_codec, mode, tracks, legs),
        **options.dialogflow_fields(enable_dialogflow, analyze_sentiment, partial_automated_agent_reply),
        **options.common_fields(client_state, command_id, extra_body, strict),
    )
    options.carry_out("stream requested", built, base_url, dry_run=dry_run, as_json=as_json)


def stop(
    call_control_id: CallId,
    base_url: BaseUrl = None,
    stream_id: Annotated[str | None, typer.Option(help="Stream to stop. Default: all streams of the call.")] = None,
    client_state: State = None,
    command_id: CommandId = None,
    extra_body: Extra = None,
    strict: Strict = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Have the carrier stop streaming a call."""
    from rtpcodec.client import command

    built = command.stop_streaming(
        call_control_id, stream_id=stream_id, **options.common_fields(client_state, command_id, extra_body, strict)
    )
    options.carry_out("stop requested", built, base_url, dry_run=dry_run, as_json=as_json)


def dial(
    to: Annotated[list[str], typer.Argument(metavar="TO...", help="Number or SIP address; several ring together.")],
    from_: Annotated[str, typer.Option("--from", help="The number that the callee sees.")],
    connection_id: Annotated[str, typer.Option(help="Id of the call-control application.")],
    stream_url: options.StreamUrl = None,
    base_url: BaseUrl = None,
    codec: Codec = "PCMU",
    rate: Rate = 0,
    receive_codec: options.ReceiveCodec = "default",
    mode: Mode = "rtp",
    tracks: options.Tracks = commands.INBOUND_TRACK,
    legs: options.Legs = "self",
    token: options.Token = None,
    stream_establish_before_call_originate: options.EstablishFirst = None,
    enable_dialogflow: options.Dialogflow = None,
    analyze_sentiment: options.Sentiment = None,
    partial_automated_agent_reply: options.PartialReply = None,
    preferred_codecs: options.PreferredCodecs = None,
    send_silence_when_idle: options.Silence = None,
    header: options.Headers = None,
    timeout_secs: options.Seconds = None,
    time_limit_secs: options.Seconds = None,
    webhook_url: options.WebhookUrl = None,
    client_state: State = None,
    command_id: CommandId = None,
    extra_body: Extra = None,
    strict: Strict = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Call a number, and stream the call if `--stream-url` is given."""
    from rtpcodec.client import command

    streams = stream_url is not None or enable_dialogflow
    built = command.dial(
        to=to[0] if len(to) == 1 else to,
        from_=from_,
        connection_id=connection_id,
        stream_url=stream_url,
        stream_auth_token=token if streams else None,
        stream_establish_before_call_originate=stream_establish_before_call_originate,
        **options.call_fields(header, preferred_codecs, send_silence_when_idle),
        timeout_secs=timeout_secs,
        time_limit_secs=time_limit_secs,
        webhook_url=webhook_url,
        **(options.plan_fields(codec, rate, receive_codec, mode, tracks, legs) if streams else {}),
        **options.dialogflow_fields(enable_dialogflow, analyze_sentiment, partial_automated_agent_reply),
        **options.common_fields(client_state, command_id, extra_body, strict),
    )
    options.carry_out("dialing", built, base_url, dry_run=dry_run, as_json=as_json)


def answer(
    call_control_id: CallId,
    stream_url: options.StreamUrl = None,
    base_url: BaseUrl = None,
    codec: Codec = "PCMU",
    rate: Rate = 0,
    receive_codec: options.ReceiveCodec = "default",
    mode: Mode = "rtp",
    tracks: options.Tracks = commands.INBOUND_TRACK,
    legs: options.Legs = "self",
    token: options.Token = None,
    preferred_codecs: options.PreferredCodecs = None,
    send_silence_when_idle: options.Silence = None,
    header: options.Headers = None,
    webhook_url: options.WebhookUrl = None,
    client_state: State = None,
    command_id: CommandId = None,
    extra_body: Extra = None,
    strict: Strict = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Answer a call, and stream it if `--stream-url` is given."""
    from rtpcodec.client import command

    built = command.answer(
        call_control_id,
        stream_url=stream_url,
        stream_auth_token=token if stream_url is not None else None,
        **options.call_fields(header, preferred_codecs, send_silence_when_idle),
        webhook_url=webhook_url,
        **(options.plan_fields(codec, rate, receive_codec, mode, tracks, legs) if stream_url is not None else {}),
        **options.common_fields(client_state, command_id, extra_body, strict),
    )
    options.carry_out("answer requested", built, base_url, dry_run=dry_run, as_json=as_json)


def hangup(
    call_control_id: CallId,
    base_url: BaseUrl = None,
    reason: Annotated[
        str | None, typer.Option(help="Text of the SIP header Reason, if the call was not answered.")
    ] = None,
    header: options.Headers = None,
    client_state: State = None,
    command_id: CommandId = None,
    extra_body: Extra = None,
    strict: Strict = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """End a call."""
    from rtpcodec.client import command

    built = command.hangup(
        call_control_id,
        reason=reason,
        custom_headers=options.pairs("--header", header),
        **options.common_fields(client_state, command_id, extra_body, strict),
    )
    options.carry_out("hangup requested", built, base_url, dry_run=dry_run, as_json=as_json)
