"""Observers of a stream beside its reader. Each is a sink, and costs nothing unless it is used.

parts     the observers of one session, made on demand
sinks     the sinks of one session, behind one check
privacy   private sections, in which nothing is kept
track_names  check of arguments that name a track
heard_signal  what the caller heard, for any number of readers
heard_levels  the level of what was heard
heard_times   when sent audio was heard: runs, cuts, the media time
echo_order    where a run lies among inbound chunks, without jitter
sent_log      what was sent: payloads, PCM, levels
sent_decoder  decoder of our own payloads
voice, voice_settings, pre_roll    voice activity of the caller, distinguished from echoes
tones, tone_settings  keys, call progress tones and beeps in the audio
turns     how long callers wait for an answer; turn_times: the values
"""
