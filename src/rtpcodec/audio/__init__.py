"""Sample rates, frame sizes, audio files. No codecs."""
