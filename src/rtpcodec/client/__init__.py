"""Commands to the carrier as values, and one thin shell each for blocking and async code. No media."""
