package doraexport

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
)

// Rising is what is kept of a series so that it never falls.
type Rising struct {
	Value float64 // the most that was ever shown
	Seen  float64 // what the facts came to the last time
	Lost  float64 // by how much that has fallen, over all times
}

// State is what is kept of all series. Basis is what they were counted by, besides the
// facts: the store and whose everything is.
type State struct {
	Basis  string
	Series map[string]Rising
}

// raise takes in what the facts come to now. A fall on the same basis means that facts
// were corrected: what comes next is counted on from what was shown. On another one they
// were read anew, or are other teams' now: then nothing is shown less than before, and
// nothing twice.
func (s *State) raise(basis string, now map[string]float64) State {
	next := State{Basis: basis, Series: make(map[string]Rising, len(s.Series))}
	for at, was := range s.Series {
		value := now[at] // 0 when there is nothing any more
		r := Rising{Value: was.Value, Seen: value, Lost: was.Lost}
		if basis == s.Basis {
			r.Lost += max(0, was.Seen-value)
		} else if value+r.Lost < was.Value || value < was.Seen {
			r.Lost = 0
		}
		r.Value = max(r.Value, value+r.Lost)
		next.Series[at] = r
	}
	for at, value := range now {
		if _, ok := next.Series[at]; !ok {
			next.Series[at] = Rising{Value: value, Seen: value}
		}
	}
	return next
}

// basisOf is the digest of what counts depend on besides facts.
func basisOf(identity string, teams map[string]string) string {
	text, err := json.Marshal(teams)
	if err != nil { // texts only
		text = nil
	}
	return fmt.Sprintf("%x", sha256.Sum256(append([]byte(identity+"\n"), text...)))[:32]
}
