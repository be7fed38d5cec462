package sqlitestore

import (
	"encoding/binary"
	"errors"

	"throughline/internal/delivery"
)

// stay is a period as it is stored: an issue's stays are contiguous, so each
// ends where the next one starts.
type stay struct {
	status   int64 // term
	start    delivery.Instant
	end      delivery.Instant // 0 for the last one
	inferred bool
}

// appendStay adds a stay to those before it, the last of which began at
// previous.
func appendStay(b []byte, s stay, previous delivery.Instant) []byte {
	status := uint64(s.status) << 1
	if s.inferred {
		status |= 1
	}
	return binary.AppendVarint(binary.AppendUvarint(b, status), ms(s.start-previous))
}

var errBadPeriods = errors.New("stored periods cannot be read")

// eachStay calls f for the stays that appendStay wrote.
func eachStay(b []byte, f func(stay)) error {
	var s stay
	for first := true; len(b) > 0; first = false {
		status, n := binary.Uvarint(b)
		if n <= 0 {
			return errBadPeriods
		}
		after, m := binary.Varint(b[n:])
		if m <= 0 {
			return errBadPeriods
		}
		start := s.start + delivery.Instant(after)
		if !first {
			s.end = start
			f(s)
		}
		s = stay{status: int64(status >> 1), start: start, inferred: status&1 != 0}
		if b = b[n+m:]; len(b) == 0 {
			f(s)
		}
	}
	return nil
}
