package web

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"

	"throughline/internal/delivery"
)

// company makes n issues of three types in two queues, created over the 200
// days before testNow: most go through work and testing and are closed, some
// are closed at once, some as duplicates, some reopened, some still open.
func company(n int) delivery.Batch {
	r := rand.New(rand.NewPCG(7, 7))
	b := delivery.Batch{Connection: "tracker", Statuses: []delivery.Status{
		{Connection: "tracker", Key: "open", Name: "Open", Type: "new", Order: 1},
		{Connection: "tracker", Key: "inProgress", Name: "In progress", Type: "inProgress", Order: 2},
		{Connection: "tracker", Key: "testing", Name: "Testing", Type: "inProgress", Order: 3},
		{Connection: "tracker", Key: "closed", Name: "Closed", Type: "done", Order: 4},
	}}
	for i := range n {
		b.Issues = append(b.Issues, companyIssue(r, i))
	}
	return b
}

func companyIssue(r *rand.Rand, i int) delivery.IssueRecord {
	ref := func(key, name string) delivery.Ref { return delivery.Ref{ID: key, Key: key, Name: name} }
	open, work := ref("open", "Open"), ref("inProgress", "In progress")
	test, done := ref("testing", "Testing"), ref("closed", "Closed")
	types := []delivery.Ref{ref("task", "Task"), ref("bug", "Bug"), ref("story", "Story")}
	paths := [][]delivery.Ref{
		{work, test, done},
		{work, test, done},
		{work, done},
		{work, test, work, test, done},
		{done},
		{work, test, done, work, done},
		{work},
		{},
	}
	created := testNow.Add(-time.Duration(r.IntN(200*24*3600*1000)) * time.Millisecond)
	record := delivery.IssueRecord{Replace: true, Full: true, Issue: delivery.Issue{
		Connection: "tracker", ID: fmt.Sprintf("id-%05d", i), Key: fmt.Sprintf("%s-%d", []string{"DEV", "OPS"}[i%2], i+1),
		Queue: []string{"DEV", "OPS"}[i%2], Title: fmt.Sprintf("Issue number %d", i+1), Type: types[r.IntN(3)],
		CreatedAt: delivery.InstantOf(created), UpdatedAt: delivery.InstantOf(created), URL: fmt.Sprintf("https://tracker.example.com/%d", i+1),
	}}
	at, from := created, open
	for n, to := range paths[r.IntN(len(paths))] {
		at = at.Add(time.Duration(1+r.ExpFloat64()*40*3600*1000) * time.Millisecond)
		if at.After(testNow) {
			break
		}
		now := delivery.InstantOf(at)
		record.Events = append(record.Events, delivery.Event{
			ID: fmt.Sprintf("%05d-%02d", i, n), Ordinal: n, At: now, Type: "IssueWorkflow",
			Transition: &delivery.Transition{From: from, To: to, ToStartedAt: now},
		})
		record.UpdatedAt, record.StatusStartedAt = now, now
		from = to
	}
	record.Status = from
	if from == done {
		record.Resolution, record.ResolvedAt = ref("fixed", "Fixed"), record.UpdatedAt
		if i%9 == 0 {
			record.Resolution = ref("duplicate", "Duplicate")
		}
	}
	return record
}

// inCompany is a signed-in site that knows the issues of a company, works in
// Moscow and leaves duplicates out.
func inCompany(t *testing.T, n int, change func(*Config)) *site {
	t.Helper()
	s := signedIn(t, change)
	s.provision(`
calendars:
  - {name: default, timezone: Europe/Moscow, workdays: [mon, tue, wed, thu, fri], hours: ["09:00-18:00"], holidays: none, days_off: [2026-02-23]}
workflow: {excluded_resolutions: [duplicate]}
tokens:
  - {name: reader, scopes: [read], token: reads-and-nothing-else}
  - {name: pusher, scopes: [ingest], token: pushes-and-nothing-else}
`)
	if _, err := s.store.Write(t.Context(), company(n)); err != nil {
		t.Fatal(err)
	}
	return s
}

func readAll(t testing.TB, res *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// byHref finds the links to a path.
func byHref(path string) func(int, *goquery.Selection) bool {
	return func(_ int, a *goquery.Selection) bool { return a.AttrOr("href", "") == path }
}
