package tracker

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
	"throughline/internal/simulator"
	"throughline/internal/source"
	"throughline/internal/source/sourcetest"
)

const wholeLife = `"700d"`

// companyRig is a source over the simulated company.
func companyRig(c *simulator.Company, settings source.Settings) *rig {
	r := rigOf(&fake{})
	r.transport.Handler = c.Tracker()
	r.settings = source.Settings{"initial_range": json.RawMessage(wholeLife)}
	for k, v := range settings {
		r.settings[k] = v
	}
	r.now = c.Now()
	return r
}

func TestCompanyConformance(t *testing.T) {
	company := func() *simulator.Company {
		return simulator.New(5, testNow, simulator.Options{Issues: 70, EventsPerIssue: 8, Token: "y0_AgAAAAsecret", CloudOrgID: "bpf", MaxPerPage: 30})
	}
	issues := len(company().Issues())
	sourcetest.Run(t, sourcetest.Case{
		Kind: Kind(), Address: "base_url",
		Settings: settingsOf("cloud_org_id", `"bpf"`, "initial_range", wholeLife),
		Secrets:  map[string]string{"iam_token": "y0_AgAAAAsecret"},
		Now:      testNow, Issues: issues,
		Serve: func() http.Handler { return company().Tracker() },
	})
}

// TestCompanyLives pulls while the company lives on, and compares with a pull
// of all of it at the end.
func TestCompanyLives(t *testing.T) {
	for _, changelog := range []string{"true", "false"} {
		bubbled("changelog="+changelog, t, func(t *testing.T) {
			settings := settingsOf("changelog", changelog)
			c := simulator.New(11, testNow, simulator.Options{Issues: 300, EventsPerIssue: 10})
			r := companyRig(c, settings)
			r.mustPull(t)
			for day := 1; day <= 12; day++ {
				c.Advance(testNow.Add(time.Duration(day)*20*time.Hour - time.Minute))
				meddle(t, c, day)
				c.Advance(testNow.Add(time.Duration(day) * 20 * time.Hour))
				r.now = c.Now()
				if day%3 == 0 {
					stopShort(t, r)
				}
				r.mustPull(t)
				if p := r.problems(); len(p) > 0 {
					t.Fatalf("day %d: %+v", day, p)
				}
			}
			r.now = r.now.Add(25 * time.Hour)
			r.mustPull(t)
			fresh := companyRig(c, settings)
			fresh.mustPull(t)
			sameFacts(t, fresh.memory.Facts(), r.memory.Facts())
		})
	}
}

// stopShort kills a pull after its first page.
func stopShort(t *testing.T, r *rig) {
	t.Helper()
	for page, err := range r.open(t, sourcetest.Address).Pull(t.Context(), r.cursor) {
		if err != nil {
			t.Fatal(err)
		}
		r.memory.Write(page.Batch)
		r.cursor = page.Cursor
		return
	}
}

// meddle edits, moves and deletes issues as no plan would.
func meddle(t *testing.T, c *simulator.Company, day int) {
	t.Helper()
	issues := c.Issues()
	key := func(n int) string { return issues[(day*37+n)%len(issues)].Key }
	check := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	how := []simulator.MoveHow{simulator.KeepStatus, simulator.ResetStatus, simulator.ResetUntold}[day%3]
	for _, queue := range []string{"PAY", "OPS", "WEB", "APP"} {
		if _, err := c.Move(key(1), queue, how); err == nil {
			break
		}
	}
	check(c.Delete(key(2)))
	check(c.Edit(key(3), "summary", fmt.Sprintf("Day %d", day)))
}

func sameFacts(t *testing.T, want, got sourcetest.Facts) {
	t.Helper()
	if len(want.Issues) != len(got.Issues) {
		t.Errorf("%d issues, %d after a pull from scratch", len(got.Issues), len(want.Issues))
	}
	// A parent that moves gives its children another reference, but no
	// update: nothing tells of it until they are updated themselves.
	own := func(i delivery.IssueRecord) delivery.IssueRecord {
		i.ParentKey, i.EpicKey, i.Fingerprint = "", "", 0
		return i
	}
	stored := map[string]delivery.IssueRecord{}
	for _, i := range got.Issues {
		stored[i.ID] = own(i)
	}
	for _, i := range want.Issues {
		i = own(i)
		if !reflect.DeepEqual(i, stored[i.ID]) {
			t.Fatalf("%s differs from a pull from scratch: %s", i.Key, cmp.Diff(i, stored[i.ID]))
		}
	}
}

func TestCompanyWithBrokenRecords(t *testing.T) {
	bubbled("", t, func(t *testing.T) {
		c := simulator.New(7, testNow, simulator.Options{Issues: 200, EventsPerIssue: 8, Broken: true})
		r := companyRig(c, nil)
		began := time.Now()
		r.mustPull(t)
		took := time.Since(began)
		records := map[string]string{}
		for _, p := range r.problems() {
			records[p.Record] = p.Message
		}
		broken := c.BrokenKeys()
		for how, words := range map[simulator.Broken]string{
			simulator.BadCreatedAt: "createdAt is not a time", simulator.ChangelogFails: "500", simulator.ChangelogHTML: "HTML",
		} {
			if !strings.Contains(records[broken[how]], words) {
				t.Errorf("%s: %q, want %s", broken[how], records[broken[how]], words)
			}
		}
		if len(records) != 3 || len(r.memory.Facts().Issues) != len(c.Issues())-3 {
			t.Errorf("%d of %d issues, problems %v", len(r.memory.Facts().Issues), len(c.Issues()), records)
		}
		if took > 20*time.Second {
			t.Errorf("took %s", took)
		}
		r.mustPull(t)
		if len(r.problems()) != 3 || len(r.written()) != 0 {
			t.Errorf("again: %+v", r.problems())
		}
	})
}

func TestCompanyLimitsTheRate(t *testing.T) {
	bubbled("", t, func(t *testing.T) {
		c := simulator.New(7, testNow, simulator.Options{Issues: 300, EventsPerIssue: 8, RatePerSecond: 12})
		r := companyRig(c, nil)
		r.mustPull(t)
		if n := len(r.memory.Facts().Issues); n != len(c.Issues()) || len(r.problems()) > 0 {
			t.Errorf("%d issues, problems %v", n, r.problems())
		}
		// A third of all requests may be refused while the rate is found.
		if n := r.transport.Sent(); n > 450 {
			t.Errorf("%d requests", n)
		}
	})
}
