"""The carrier's side, faithful and seeded. Never imported by server or client."""
