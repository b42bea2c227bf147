"""Taps: the audio of any stage of a stream as a file, to find the stage that has a click. No clock, no threads.

stages      the stages, and where each one takes its audio
tap_file    one file: its rate, its time axis, silence in private sections
received    taps of what is received
sent        taps of what is sent
heard_tap   the tap of what the caller heard
tapping     makes and ends the taps of a session
"""
