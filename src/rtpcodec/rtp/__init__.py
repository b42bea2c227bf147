"""Packets and order. No sockets, no JSON."""
