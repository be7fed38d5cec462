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

// Run with -race: the Sentry is asked while days pass and the forge is asked too.
func TestSentryAtOnce(t *testing.T) {
	c := simulator.New(7, now, simulator.Options{Issues: -1})
	g := c.GitHub(simulator.GitHubOptions{Days: 30})
	s := c.Sentry(simulator.SentryOptions{GitHub: g})
	paths := sentryPaths("none", "6100900000")
	var wg sync.WaitGroup
	for worker := range 3 {
		wg.Go(func() {
			for n := range 12 {
				p := paths[(5*worker+n)%len(paths)]
				if a := sentryGet(t, s, p); a.status != 200 && a.status != 404 {
					t.Errorf("%s: %d", p, a.status)
				}
				g.Incidents()
				s.Breakages()
			}
		})
	}
	wg.Go(func() {
		for n := range 12 {
			c.Advance(now.Add(time.Duration(n) * 7 * time.Hour))
		}
	})
	wg.Wait()
}
