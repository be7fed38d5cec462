package sentry

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
)

func recorded(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// TestRecorded pulls from answers as they were recorded.
func TestRecorded(t *testing.T) {
	files := map[endpoint]string{
		toProjects: "projects.json", toGroups: "issues-org.json", toEvents: "events.json", toStats: "stats_v2.json", toKeys: "org-project-keys.json",
		toReleases: "releases.json", toDeploys: "deploys.json", toSessions: "sessions.json",
	}
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		f.instead = func(w http.ResponseWriter, r *http.Request) bool {
			name := files[endpointOf(r.URL.Path)]
			switch {
			case name == "":
				return false
			case endpointOf(r.URL.Path) == toStats && r.URL.Query().Has("project"):
				name = "stats_v2-series.json"
			case endpointOf(r.URL.Path) == toGroups && r.URL.Query().Get("environment") == "preview":
				_, _ = w.Write([]byte("[]"))
				return true
			}
			_, _ = w.Write(recorded(t, name))
			return true
		}
		r := newRig(f)
		r.mustPull(t)
		if len(r.problems) > 0 {
			t.Errorf("%v", r.said())
		}
		facts := r.memory.Facts()
		var slugs []string
		for _, p := range facts.ErrorProjects {
			slugs = append(slugs, p.ID)
			if p.ID == "web-frontend" && (p.Month.Accepted != 163110 || p.Month.RateLimited != 3868 || len(p.Keys) != 1 || p.Keys[0].PerSecond() != 100) {
				t.Errorf("%+v", p)
			}
		}
		if len(slugs) != 3 {
			t.Errorf("%v", slugs)
		}
		if len(facts.ErrorGroups) != 1 { // those of the two other projects are not listed
			t.Fatalf("%d groups", len(facts.ErrorGroups))
		}
		g := facts.ErrorGroups[0]
		if g.Logger != nil || g.Status != delivery.GroupResolved || len(g.Environments) != 2 || g.Events != 14 || g.Users != 6 || *g.Platform != "python" {
			t.Errorf("%+v", g)
		}
		if len(facts.Releases) != 5 || len(facts.SessionDays) != 1 {
			t.Errorf("%d releases, %d days of sessions", len(facts.Releases), len(facts.SessionDays))
		}
		for _, release := range facts.Releases {
			if release.Version == "web-frontend@1.6.6" && (len(release.Deploys) != 3 || release.Health.Sessions != 63100 || release.SHA != "000000000000000000000000000000207ad91324" || release.NewGroups != 78) {
				t.Errorf("%+v", release)
			}
		}
	})
}

// TestRecordedParts reads what has no place in a pull of the others.
func TestRecordedParts(t *testing.T) {
	var wrong faults
	var list []json.RawMessage
	if err := json.Unmarshal(recorded(t, "issues-project.json"), &list); err != nil {
		t.Fatal(err)
	}
	s := readGroup(openObject(list[0], "$", &wrong))
	if len(wrong) > 0 || s.events != 8 || s.users != 7 || *s.group.Logger != "http.server" || s.group.ShortID != "WEB-FRONTEND-D" {
		t.Errorf("%v %+v", wrong, s)
	}
	var current struct {
		Release json.RawMessage `json:"currentRelease"`
	}
	if err := json.Unmarshal(recorded(t, "current-release.json"), &current); err != nil {
		t.Fatal(err)
	}
	if v := openObject(current.Release, "$", &wrong).optional("release").text("version"); v != "web-frontend@1.4.4" {
		t.Error(v)
	}
	if err := json.Unmarshal(recorded(t, "keys.json"), &list); err != nil {
		t.Fatal(err)
	}
	project, key, err := readKey("", list[0])
	if diff := cmp.Diff(delivery.KeyLimit{Name: "Default", Count: 1000, Window: 7200}, key); diff != "" || project != "4500000004" || err != nil {
		t.Error(project, err, diff)
	}
	if strings.Contains(string(recorded(t, "stats.json")), "more") {
		t.Error("it was not cut as it should be")
	}
}
