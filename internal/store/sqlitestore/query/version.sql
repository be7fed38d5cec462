SELECT version FROM state
