"""Messages, their order, the two chains of a call. No sockets, no await, no threads, no reading of a clock."""
