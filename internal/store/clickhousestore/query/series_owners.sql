SELECT id, token FROM series FINAL
