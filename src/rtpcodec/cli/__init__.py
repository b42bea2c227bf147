"""Arguments, printing, exit codes. No logic.

app               `main`: finds the module of a command
commands          the commands and their modules
options           options that several commands share
control           start, stop, dial, answer, hangup; control_options: their options; control_output: what they print
serve             the endpoint; workers: in several processes
simulate, ring    calls of the simulator; simulated_calls: runs them
replay            runs a capture again
codecs            the list of codecs; codec_table: its columns
inputs            files, folders and patterns; file_options: options of the commands for files
runs              a run over many files; progress_bar: its progress; printing: names on a terminal
info/             `rtpcodec info`
transcode/        `rtpcodec transcode`
decode/           `rtpcodec decode`
demo/             `rtpcodec demo`
doctor/           `rtpcodec doctor`
"""
