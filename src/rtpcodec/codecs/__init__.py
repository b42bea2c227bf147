"""Payload to PCM and back, one file a codec. No packets, no sequence numbers, no time."""
