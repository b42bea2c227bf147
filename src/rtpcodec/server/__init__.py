"""The WebSocket endpoint that carriers dial. No protocol rules: those are in stream."""
