"""Faults name themselves: sure signs that a stream is not what it says, each as one Diagnosis (docs/diagnosis.md).

kinds       the kinds that the payloads and the plan give, with their remedies
_watch_states  the fast path: what each chunk of an ordinary stream passes, in native code
_readings   statistics of payloads, read in each codec of samples: one call per chunk
bandwidth   whether speech has a band above 4 kHz
arrival     the rate of audio against its arrival
track       the verdicts on one track
plan_check  what `start` and the tracks say against the plan
watch       the sink of a session: when it looks, and what it reports
"""
