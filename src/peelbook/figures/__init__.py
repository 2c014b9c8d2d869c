"""One module per chart kind; each takes values and returns a `Chart`."""
