"""Packets and order, and how frames lie in payloads (`payloads/`). No sockets, no JSON."""
