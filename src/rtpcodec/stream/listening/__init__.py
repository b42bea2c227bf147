"""What looks at a stream beside its reader: each part is a sink, and costs nothing where it is not wanted.

parts     those of one session, made when they are wanted
sinks     the sinks of one session, behind one check
privacy   private sections, in which nothing is kept
track_names  which tracks arguments may name
heard_signal  what the caller heard, for any number of readers
heard_levels  the level of what was heard
heard_times   when sent audio was heard: runs, cuts, the media time
echo_order    where a run lies among inbound chunks, without jitter
sent_log      what was sent: payloads, PCM, levels
sent_decoder  the decoder of what we send
voice, voice_settings, pre_roll    when the caller speaks, distinguished from echoes
tones, tone_settings  keys, call progress tones and beeps in the audio
turns     how long callers wait for an answer; turn_times: the values
"""
