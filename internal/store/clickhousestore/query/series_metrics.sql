SELECT metric, id FROM series FINAL
