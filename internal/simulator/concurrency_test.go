package simulator_test

import (
	"strconv"
	"sync"
	"testing"
	"time"

	"throughline/internal/simulator"
)

// Run with -race: readers, edits, time and faults at once.
func TestEverythingAtOnce(t *testing.T) {
	c := small(simulator.Options{Issues: 60})
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for n := range 20 {
				key := "PAY-" + strconv.Itoa(1+(n+worker)%15)
				ask(t, c, "GET", "/v3/issues/"+key+"/changelog", "")
				ask(t, c, "POST", "/v3/issues/_search?scrollType=sorted&perScroll=20", `{"query":"Queue: PAY \"Sort By\": Updated ASC"}`)
				if a := ask(t, c, "POST", "/v3/issues/_search", `{}`); a.status != 200 && a.status != 503 {
					t.Errorf("status %d", a.status)
				}
			}
		})
	}
	wg.Go(func() {
		for n := range 20 {
			c.Advance(now.Add(time.Duration(n) * 12 * time.Hour))
			if err := c.Edit("PAY-"+strconv.Itoa(1+n%15), "summary", strconv.Itoa(n)); err != nil {
				t.Error(err)
			}
			c.Faults().Inject(simulator.Fault{Status: 503, Kind: simulator.Search})
		}
	})
	wg.Wait()
}
