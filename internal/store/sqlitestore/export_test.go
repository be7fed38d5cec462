package sqlitestore

// HoldNothing makes the store read issues from its file for each question, as it does
// when there are many.
func (s *Store) HoldNothing() { s.held.disable() }
