"""The search for faults: certain evidence that a stream is not as declared, each as one Diagnosis (docs/diagnosis.md).

kinds       the diagnoses about payloads, counters and the plan, with their remedies
_watch_states  the fast path: what each chunk of an ordinary stream passes, in native code
_readings   statistics of payloads, decoded in each sample codec: one call per chunk
bandwidth   whether speech has a band above 4 kHz
arrival     the rate of audio compared with its arrival
track       the diagnoses of one track
plan_check  `start`, tracks and mode of a stream compared with its plan
watch       the sink of a session: when it searches, and what it reports
"""
