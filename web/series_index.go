package web

import (
	"context"
	"fmt"
	"sync"
	"time"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/source"
)

// seriesIndex knows which series there are, and how many of them each token brought.
// The zero value is ready.
type seriesIndex struct {
	mu     sync.Mutex
	read   time.Time // when it was last read from the store
	known  map[int64]struct{}
	tokens map[string]int
}

// indexKept is how long the index holds: series that were retired make room then.
const indexKept = time.Hour

// refresh reads the index anew when it is old. While the store is away, what is known
// has to do.
func (x *seriesIndex) refresh(ctx context.Context, store delivery.Store, now time.Time) error {
	if x.known != nil && now.Sub(x.read) < indexKept {
		return nil
	}
	known, tokens := map[int64]struct{}{}, map[string]int{}
	for o, err := range store.SeriesOwners(ctx) {
		if err != nil {
			if x.known == nil {
				x.known, x.tokens = map[int64]struct{}{}, map[string]int{}
			}
			return err
		}
		known[o.ID] = struct{}{}
		tokens[o.Token]++
	}
	x.known, x.tokens, x.read = known, tokens, now
	return nil
}

// admit lets in the series of a token, as long as it has brought fewer than max; false
// stands for those that are one too many.
func (x *seriesIndex) admit(ids []int64, token string, most int) (in []bool, all bool) {
	in, all = make([]bool, len(ids)), true
	for i, id := range ids {
		if _, met := x.known[id]; met {
			in[i] = true
			continue
		}
		if x.tokens[token] >= most {
			all = false
			continue
		}
		x.known[id] = struct{}{}
		x.tokens[token]++
		in[i] = true
	}
	return in, all
}

// admit refuses points of more series than a token may bring, and of hours that no
// point can be added to.
func (s *Server) admit(ctx context.Context, body *source.PointsBody, c control.Connection) error {
	p := &body.Points
	if len(p.At) == 0 {
		return nil
	}
	most, err := s.cfg.Points.MaxSeries(c.Settings)
	if err != nil {
		return err
	}
	ids := seriesIDs(p)
	s.series.mu.Lock()
	if err := s.series.refresh(ctx, s.store, s.now()); err != nil {
		s.log.Warn("which series there are cannot be read, the limit of tokens may be passed", "error", err)
	}
	in, all := s.series.admit(ids, p.Token, most)
	s.series.mu.Unlock()
	if !all {
		message := fmt.Sprintf("the token %s has brought %d series, which is its limit: send fewer different tags, or raise max_series of the connection %s", tokenWord(p.Token), most, c.Name)
		refusePoints(body, func(i int) string {
			if in[p.Of[i]] {
				return ""
			}
			return message
		})
	}
	if !all {
		ids = seriesIDs(p)
	}
	sealed, err := s.sealedPoints(ctx, p, ids)
	if err != nil {
		// They are kept; the store looks again when it takes them.
		s.log.Warn("which hours are sealed cannot be read", "error", err)
	}
	if len(sealed) > 0 {
		refusePoints(body, func(i int) string {
			if sealed[delivery.SeriesHour{Series: ids[p.Of[i]], Hour: p.At[i].Hour()}] {
				return "timestamp: its hour is kept as a sum only by now, and no point can be added to it"
			}
			return ""
		})
	}
	return nil
}

func seriesIDs(p *delivery.Points) []int64 {
	ids := make([]int64, len(p.Series))
	for i := range p.Series {
		ids[i] = p.Series[i].ID()
	}
	return ids
}

func tokenWord(name string) string {
	if name == "" {
		return "of whoever is signed in"
	}
	return name
}

// unsealed is how young an hour is that is never sealed: raw points are kept for a day
// at least.
const unsealed = 24 * time.Hour

// sealedPoints are the hours of points that no point can be added to.
func (s *Server) sealedPoints(ctx context.Context, p *delivery.Points, ids []int64) (map[delivery.SeriesHour]bool, error) {
	young := delivery.InstantOf(s.now().Add(-unsealed))
	asked := map[delivery.SeriesHour]bool{}
	var hours []delivery.SeriesHour
	for i, at := range p.At {
		h := delivery.SeriesHour{Series: ids[p.Of[i]], Hour: at.Hour()}
		if at < young && !asked[h] {
			asked[h] = true
			hours = append(hours, h)
		}
	}
	if len(hours) == 0 {
		return nil, nil
	}
	return s.store.Sealed(ctx, hours)
}

// refusePoints takes out the points that something is wrong with.
func refusePoints(body *source.PointsBody, wrong func(i int) string) {
	p := &body.Points
	kept := 0
	for i := range p.At {
		if message := wrong(i); message != "" {
			body.Wrong = append(body.Wrong, source.WrongPoint{Index: i, Raw: rawPoint(p, i), Message: message})
			continue
		}
		p.Of[kept], p.At[kept], p.Values[kept] = p.Of[i], p.At[i], p.Values[i]
		kept++
	}
	p.Of, p.At, p.Values = p.Of[:kept], p.At[:kept], p.Values[:kept]
	p.Prune() // what is refused must not be stored by its name alone
}
