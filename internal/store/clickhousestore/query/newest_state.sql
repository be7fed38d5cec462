SELECT max(written) FROM state
