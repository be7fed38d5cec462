package source

import (
	"strconv"

	"throughline/internal/delivery"
)

// Push reads bodies that programs send of their own accord. Its error is that of
// the whole body: joined *BodyError, each with the path of what is wrong. A body is
// read when it comes, to say at once what is wrong with it, and again when it is
// stored.
type Push func(body []byte) (Pushed, error)

// Pushed is what a body says.
type Pushed struct {
	Items []PushedItem
	// Listed says that the body was a list: each item is answered for itself.
	Listed bool
	// Key tells the body from every other one that says something else: one with
	// the same key is there already. "" when it may say something new.
	Key string
	// Fleeting says that nothing is kept of the body once it is stored.
	Fleeting bool
}

// PushedItem is one fact of a body.
type PushedItem struct {
	ID  string                // by which its sender knows it
	Add func(*delivery.Batch) // into what is to be stored; nil when it is wrong
	// Told is, as JSON, what a batch says that nothing but the item was added to.
	Told func(*delivery.Batch) any
	Err  error // joined *BodyError; nil when it can be stored
	// Connection is where it says that it belongs, "" when it does not, and Path
	// where it stands in the body.
	Connection, Path string
}

// To refuses the items that say that they belong to another connection than the one
// that the body came to.
func (p *Pushed) To(connection string) {
	for i := range p.Items {
		item := &p.Items[i]
		if item.Err == nil && item.Connection != "" && item.Connection != connection {
			item.Err = &BodyError{item.Path + ".connection", "is " + strconv.Quote(item.Connection) + ", and this goes to " + strconv.Quote(connection)}
		}
	}
}

// BodyError is what is wrong at a place of a body.
type BodyError struct {
	Path    string // JSON path: $.jobs[2].duration, $ for all of it
	Message string // a plain sentence
}

func (e *BodyError) Error() string { return e.Path + ": " + e.Message }
