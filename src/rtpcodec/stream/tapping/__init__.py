"""Taps: the audio of any stage of a stream as a file, to find the cause of a click. No clock, no threads.

stages      the stages and their audio
tap_file    one file: its rate, its time axis, silence in private sections
received    taps of received audio
sent        taps of sent audio
heard_tap   the tap of the audio that the caller heard
tapping     makes and ends the taps of a session
"""
