"""The command `rtpcodec info`.

command          options
show             files in order, tables, the end
audio_figures    figures of one audio file
capture_figures  figures of one packet capture
tones            tones of sound, as text and as JSON
tables           lines of the tables
as_json          the same as JSON
plot             pictures of level, loss and delay
"""
