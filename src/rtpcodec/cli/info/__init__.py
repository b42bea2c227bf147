"""The command `rtpcodec info`.

command          the options
show             reads the files and prints their figures in order
audio_figures    figures of one audio file
capture_figures  figures of one packet capture
tones            tones of one channel, as text and as JSON
tables           figures as lines of tables
as_json          figures as JSON
plot             pictures of level, loss and delay
"""
