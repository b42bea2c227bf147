"""Commands: from an HTTP request to its effect and its answer.

http_server  the HTTP interface, by aiohttp; imported when needed
memory_server  the HTTP interface in memory, on a virtual clock
handler     CommandHandler: from a request to its answer, both as values: key, path, body, state; no I/O
actions     the effect of each command on its call; conferring: on its conference
bodies      bodies of commands as values
texml       TeXML and TwiML documents as steps
twilio_streams  streams that Twilio has
members     the members of commands: types, values, and the errors of wrong ones
error_answers  how the carrier refuses: statuses, codes, bodies
faults      CommandFault: late, lost and broken answers
"""
