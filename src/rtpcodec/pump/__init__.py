"""Drives a machine over a WebSocket, and a clock on which an hour of call takes seconds.

socket         what a pump needs of a WebSocket, and what a WebSocket reports to
"""
