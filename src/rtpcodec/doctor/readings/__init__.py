"""What one call shows of a carrier: a reading for each uncertain point of docs/carrier.md."""
