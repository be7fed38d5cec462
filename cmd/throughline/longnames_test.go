package main

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"throughline/internal/delivery"
	"throughline/internal/store/sqlitestore"
)

// TestLongNames: one issue whose names are as long as sources allow, without a
// place to break, makes no page wider than its window.
func TestLongNames(t *testing.T) {
	environ := append(dataDir(t), "THROUGHLINE_ADMIN_EMAIL="+strings.Repeat("lead", 14)+"@example.com", "THROUGHLINE_ADMIN_PASSWORD="+loadPassword)
	launch(t, environ, "serve").stop() // makes the directory
	store, err := sqlitestore.Open(t.Context(), strings.TrimPrefix(environ[0], "THROUGHLINE_DATA_DIR=")+"/facts.db")
	if err != nil {
		t.Fatal(err)
	}
	long := func(name string, n int) string { return strings.Repeat(name, n/len(name)+1)[:n] }
	queue := long("QUEUE", 60)
	status := func(key string) delivery.Ref {
		return delivery.Ref{ID: key, Key: long(key, 60), Name: long("Status"+key, 60)}
	}
	now := time.Now()
	at := func(days int) delivery.Instant { return delivery.InstantOf(now.AddDate(0, 0, days)) }
	_, err = store.Write(t.Context(), delivery.Batch{
		Connection: "tracker",
		Statuses: []delivery.Status{
			{Key: status("open").Key, Name: status("open").Name, Type: "new", Order: 1},
			{Key: status("work").Key, Name: status("work").Name, Type: "inProgress", Order: 2},
			{Key: status("done").Key, Name: status("done").Name, Type: "done", Order: 3},
		},
		Issues: []delivery.IssueRecord{{
			Replace: true, Issue: delivery.Issue{
				Connection: "tracker", ID: "1", Key: queue + "-1", Queue: queue, Title: long("Title", 200), Type: delivery.Ref{ID: "1", Key: "task", Name: long("Type", 60)},
				Status: status("done"), CreatedAt: at(-9), UpdatedAt: at(-2), StatusStartedAt: at(-2),
			},
			Events: []delivery.Event{
				{ID: "a", At: at(-6), Transition: &delivery.Transition{From: status("open"), To: status("work"), ToStartedAt: at(-6)}},
				{ID: "b", Ordinal: 1, At: at(-2), Transition: &delivery.Transition{From: status("work"), To: status("done"), ToStartedAt: at(-2)}},
			},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	s := launch(t, environ, "serve")
	b := openTab(t, s.url, 1440, 900)
	b.open("/login")
	b.fill("#f-email", strings.Repeat("lead", 14)+"@example.com")
	b.fill("#f-password", loadPassword)
	b.follow("main form button.primary")
	for _, width := range []int64{1440, 390} {
		b.do("size", chromedp.EmulateViewport(width, 900))
		for _, path := range []string{"/", "/flow", "/flow?queue=" + queue, "/issues?range=30d", "/issues/" + queue + "-1", "/settings/workflow", "/settings/users", "/account"} {
			b.open(path)
			b.drawn()
			if wide := eval[float64](b, `document.documentElement.scrollWidth - innerWidth`); wide > 0 {
				t.Errorf("%.40s at %d px: %g px wider than its window: %s", path, width, wide, eval[[]string](b, `[...document.querySelectorAll("main *")]
					.filter((e) => e.getBoundingClientRect().right > innerWidth).slice(0, 9).map((e) => e.outerHTML.slice(0, 90))`))
			}
		}
	}
}
