package delivery

// Person is somebody known to a source. Its identity is (connection, ID), and ID
// is what a Ref to the person holds.
type Person struct {
	ID    string
	Login string
	Email string // "" when the source does not tell it
	Name  string // for display
}
