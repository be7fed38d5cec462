package simulator

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"time"
)

// sentPoint is a point as the company's services send it, by apptuit-py.
type sentPoint struct {
	Metric    string            `json:"metric"`
	Timestamp int64             `json:"timestamp"` // seconds
	Value     float64           `json:"value"`
	Tags      map[string]string `json:"tags"`
}

// Series of the company: how often a service tells of itself, and how its day goes.
const (
	pointEvery   = 10 * time.Minute
	pointsAtOnce = 5000 // in a body

	quietNight = 0.25 // of the requests of a busy hour
	busiest    = 14   // o'clock
)

// sender is a service on a host.
type sender struct {
	service, host string
	requests      float64 // a minute in a busy hour
	latency       float64 // milliseconds
}

func senders() []sender {
	return []sender{
		{"shop", "shop-1", 420, 85}, {"shop", "shop-2", 390, 92}, {"pay", "pay-1", 130, 140}, {"pay", "pay-2", 120, 155},
	}
}

// Points are what services and a nightly script sent of themselves in the days before
// now, as bodies of POST /api/put, the oldest first.
func (c *Company) Points(days int) ([]Push, error) {
	c.mu.RLock()
	now := c.now.Time()
	c.mu.RUnlock()
	rnd := rand.New(rand.NewPCG(c.seed^0x706f696e7473, 1))
	var out []Push
	var points []sentPoint
	flush := func(at time.Time) error {
		body, err := json.Marshal(points)
		out = append(out, Push{At: at, Body: body})
		points = points[:0]
		return err
	}
	waiting := 40.0
	begin := now.Add(-time.Duration(days) * 24 * time.Hour).Truncate(24 * time.Hour)
	for at := begin; at.Before(now); at = at.Add(pointEvery) {
		points, waiting = pointsAt(rnd, at, points, waiting)
		if len(points) >= pointsAtOnce {
			if err := flush(at); err != nil {
				return nil, err
			}
		}
	}
	return out, flush(now)
}

// pointsAt adds what is sent at one time; waiting is how long the queue of mail is.
func pointsAt(rnd *rand.Rand, at time.Time, points []sentPoint, waiting float64) ([]sentPoint, float64) {
	around := func(v float64) float64 { return math.Round(100*v*(.9+.2*rnd.Float64())) / 100 }
	hours := at.Add(3 * time.Hour).Sub(at.Add(3 * time.Hour).Truncate(24 * time.Hour)).Hours()
	load := quietNight + (1-quietNight)*math.Max(0, math.Cos((hours-busiest)/24*2*math.Pi))
	if !works(at) {
		load *= .6
	}
	for _, s := range senders() {
		tags := map[string]string{"service": s.service, "host": s.host}
		slow := 1.0
		if rnd.Float64() < .01 {
			slow = 2 + 2*rnd.Float64()
		}
		points = append(points,
			sentPoint{"http.requests.per_minute", at.Unix(), around(s.requests * load), tags},
			sentPoint{"http.latency.ms", at.Unix(), around(s.latency * (.7 + .5*load) * slow), tags})
	}
	waiting = math.Max(0, waiting+60*(load-.55)+30*(rnd.Float64()-.5))
	points = append(points, sentPoint{"mail.queue.size", at.Unix(), math.Round(waiting), map[string]string{"service": "mail"}})
	if at.Hour() == 2 && at.Minute() == 0 {
		points = append(points, sentPoint{"backup.duration.seconds", at.Unix(), around(1450), map[string]string{"database": "orders"}},
			sentPoint{"backup.size.bytes", at.Unix(), math.Round(around(3.8e11 + float64(at.Unix()-1.7e9)*900)), map[string]string{"database": "orders"}})
	}
	return points, waiting
}
