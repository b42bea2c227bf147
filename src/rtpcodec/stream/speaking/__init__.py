"""The speaking half of a session in mode rtp: replies in, texts for the carrier out, with the truth about what was heard.

send_queue    audio that waits, as it was played
line          the audio of one reply: PCM of any rate and payloads, at the codec's rate when it is taken
spans         which sent positions carry which content of a reply
reply         one reply: its audio, its state, and how much of it was heard
order         the replies in the order of their speaking
sent_audio    sent audio that may have to be sent again
parts         the parts of one stream that its modules share
far_end       model of the far end's play-out: the only place that turns positions into time
echoes        marks on their way, and cuts: what the carrier's echoes prove
own_marks     when a mark of our own is due
gate          whether the far end takes audio, or only our buffers do
beds          background sound; idle_sound: what is sent while no reply speaks
releasing     takes audio that is due, encodes and paces it
stopping      interruption and pause
resolving     when a reply was heard
chain         the send chain of a session: all of the above
"""
