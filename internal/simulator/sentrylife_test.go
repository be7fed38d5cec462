package simulator_test

import (
	"bytes"
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"throughline/internal/simulator"
)

// sentryPaths are requests of every endpoint.
func sentryPaths(version, group string) []string {
	const project = "/api/0/projects/example-org/web-shop/"
	return []string{
		org, org + "projects/?all_projects=1", org + "environments/", org + "issues/?query=&limit=100", org + "issues/" + group + "/",
		org + "events/?dataset=errors&field=issue.id&field=environment&field=release&field=count()&statsPeriod=24h",
		org + "stats_v2/?field=sum(quantity)&groupBy=project&groupBy=outcome&category=error&statsPeriod=14d&interval=1d",
		org + "stats_v2/?field=sum(quantity)&groupBy=outcome&category=error&statsPeriod=24h&interval=1h&project=4500000001",
		org + "project-keys/", org + "releases/?per_page=100", org + "releases/" + url.PathEscape(version) + "/deploys/",
		org + "sessions/?field=sum(session)&field=crash_free_rate(session)&groupBy=project&groupBy=release&groupBy=environment&statsPeriod=24h&interval=1h",
		project, project + "environments/", project + "issues/?query=age:-14d&environment=production", project + "stats/?stat=received", project + "keys/",
		"/api/0/issues/" + group + "/current-release/",
	}
}

// The same seed gives the same answers, in whatever steps one gets to a time and
// whatever is asked on the way.
func TestSentryIsDeterministic(t *testing.T) {
	answers := func(s *simulator.Sentry) []string {
		rel := askAll[errRelease](t, s, org+"releases/")[0].Version
		groups := askAll[errIssue](t, s, org+"issues/?query=&collapse=stats&sort=new")
		var out []string
		for _, p := range sentryPaths(rel, groups[len(groups)/2].ID) {
			a := sentryGet(t, s, p)
			if a.status != http.StatusOK {
				t.Fatalf("%s: %d %s", p, a.status, a.body)
			}
			out = append(out, p+" "+a.header.Get("Link")+"\n"+a.body)
		}
		return out
	}
	later := now.Add(53*time.Hour + 17*time.Minute)
	c, s := sentryAt(simulator.Options{}, simulator.SentryOptions{})
	first := answers(s)
	_, again := sentryAt(simulator.Options{}, simulator.SentryOptions{})
	if !slices.Equal(first, answers(again)) {
		t.Error("another one of the same seed differs")
	}
	for at := now; at.Before(later); at = at.Add(7 * time.Hour) {
		c.Advance(at)
		answers(s)
	}
	c.Advance(later)
	other, leapt := sentryAt(simulator.Options{}, simulator.SentryOptions{})
	other.Advance(later)
	want, got := answers(leapt), answers(s)
	for i := range want {
		if want[i] != got[i] {
			t.Errorf("in steps:\n%.600s\nat once:\n%.600s", got[i], want[i])
		}
	}
	c = simulator.New(8, now, simulator.Options{Issues: -1})
	if slices.Equal(first, answers(c.Sentry(simulator.SentryOptions{}))) {
		t.Error("another seed gives the same")
	}
	hooks, same := s.Hooks(now, later, "x"), leapt.Hooks(now, later, "x")
	if len(hooks) == 0 || len(hooks) != len(same) || !bytes.Equal(hooks[0].Body, same[0].Body) {
		t.Errorf("%d hooks, %d", len(hooks), len(same))
	}
}

// As time passes there are more groups and events, and nothing that was is undone.
func TestSentryLivesOn(t *testing.T) {
	c, s := sentryAt(simulator.Options{}, simulator.SentryOptions{})
	before := map[string]errIssue{}
	for _, g := range askAll[errIssue](t, s, org+"issues/?query=") {
		before[g.ID] = g
	}
	c.Advance(now.Add(3 * 24 * time.Hour))
	fresh, grown, resolved := 0, 0, 0
	for _, g := range askAll[errIssue](t, s, org+"issues/?query=") {
		old, ok := before[g.ID]
		delete(before, g.ID)
		count, _ := strconv.Atoi(g.Count)
		was, _ := strconv.Atoi(old.Count)
		switch {
		case !ok:
			fresh++
			if g.FirstSeen.Before(now.Add(-time.Second)) {
				t.Errorf("%s has come up, but was first seen %s", g.ID, g.FirstSeen)
			}
			continue
		case count < was, g.UserCount < old.UserCount, !g.FirstSeen.Equal(old.FirstSeen), g.ShortID != old.ShortID, g.Title != old.Title, g.LastSeen.Before(old.LastSeen):
			t.Errorf("%+v\nwas %+v", g, old)
		case count > was:
			grown++
		}
		if g.Status == "resolved" && old.Status != "resolved" {
			resolved++
		}
	}
	if len(before) > 0 || fresh < 5 || grown < 30 || resolved == 0 {
		t.Errorf("%d gone, %d new, %d grown, %d resolved", len(before), fresh, grown, resolved)
	}
}

// Each release is of deployments of the forge that succeeded, at their time.
func TestSentryReleasesAreDeployed(t *testing.T) {
	c := simulator.New(7, now, simulator.Options{Issues: -1})
	g := c.GitHub(simulator.GitHubOptions{Limit: 100_000})
	s := c.Sentry(simulator.SentryOptions{GitHub: g})
	type done struct{ repo, sha, at string }
	production := map[done]bool{}
	for _, repo := range []string{"web-shop", "payments", "mobile-app", "receipts", "operations"} {
		for page := 1; ; page++ {
			var list []struct {
				ID                                       int64
				SHA, Environment, CreatedAt, StatusesURL string
			}
			fetchInto(t, g, "/repos/example-org/"+repo+"/deployments?per_page=100&page="+strconv.Itoa(page), &list)
			for _, d := range list {
				var states []struct{ State, CreatedAt string }
				fetchInto(t, g, "/repos/example-org/"+repo+"/deployments/"+strconv.FormatInt(d.ID, 10)+"/statuses", &states)
				for _, st := range states {
					if st.State == "success" && d.Environment != "staging" {
						production[done{repo, d.SHA, st.CreatedAt}] = true
					}
				}
			}
			if len(list) < 100 {
				break
			}
		}
	}
	all, versions := askAll[errRelease](t, s, org+"releases/?project=-1&per_page=100"), map[string]bool{}
	for _, r := range all {
		repo := r.Projects[0].Slug
		if versions[r.Version] || r.Version != r.LastCommit.ID && !strings.HasPrefix(r.Version, repo+"@") {
			t.Errorf("release %s of %s", r.Version, repo)
		}
		versions[r.Version] = true
		deploys := askAll[errDeploy](t, s, org+"releases/"+url.PathEscape(r.Version)+"/deploys/")
		if len(deploys) != r.DeployCount || len(deploys) == 0 || deploys[0] != *r.LastDeploy {
			t.Errorf("%s: %d deploys, %d said", r.Version, len(deploys), r.DeployCount)
		}
		for _, d := range deploys {
			key := done{repo, r.LastCommit.ID, d.DateFinished.Format(time.RFC3339)}
			if d.Environment == "production" && !production[key] {
				t.Errorf("%s was not deployed at %s", r.Version, d.DateFinished)
			}
			delete(production, key)
			if d.Environment == "production" && r.DateReleased == nil || d.DateStarted.Before(r.DateCreated) || d.DateFinished.After(now) {
				t.Errorf("%s: %+v", r.Version, d)
			}
		}
	}
	if len(production) > 0 || len(all) < 300 {
		t.Errorf("%d releases; not told: %v", len(all), production)
	}
	if a := sentryGet(t, s, org+"releases/moon@1/deploys/"); a.status != 404 {
		t.Errorf("no such release: %d", a.status)
	}
}

// What bad deployments broke is first seen in their releases, by many users; no other
// group would seem to be a deployment's fault.
func TestSentryBlamesBadDeployments(t *testing.T) {
	for seed := uint64(1); seed <= 3; seed++ {
		c := simulator.New(seed, now, simulator.Options{Issues: -1})
		g := c.GitHub(simulator.GitHubOptions{})
		s := c.Sentry(simulator.SentryOptions{GitHub: g})
		broke, found := map[string]simulator.Breakage{}, 0
		for _, b := range s.Breakages() {
			late := b.FirstSeen.Sub(b.DeployedAt)
			if late <= 0 || late > 4*time.Hour || b.Users < 10 && now.Sub(b.FirstSeen) > 3*time.Hour || b.Users > 500 {
				t.Errorf("seed %d: %+v", seed, b)
			}
			if !slices.ContainsFunc(g.Incidents(), func(i simulator.Incident) bool {
				d := i.StartedAt.Sub(b.DeployedAt)
				return i.Repository == b.Repository && (i.SHA == "" || i.SHA == b.SHA) && d > 0 && d < 25*time.Minute
			}) {
				t.Errorf("seed %d: the forge knows nothing of %+v", seed, b)
			}
			if !b.Regressed {
				broke[b.Group] = b
			}
		}
		released := map[string]time.Time{}
		for _, r := range askAll[errRelease](t, s, org+"releases/?per_page=100") {
			if r.DateReleased != nil {
				released[r.Version] = *r.DateReleased
			}
		}
		for _, is := range askAll[errIssue](t, s, org+"issues/?query=&collapse=stats") {
			one, _ := askInto[errIssue](t, s, org+"issues/"+is.ID+"/")
			b, blamed := broke[is.ID]
			first := ""
			if one.FirstRelease != nil {
				first = one.FirstRelease.Version
			}
			severe := is.Level == "error" || is.Level == "fatal"
			switch {
			case blamed:
				found++
				if first != b.Release || !severe || one.UserCount != b.Users {
					t.Errorf("seed %d: %s is of %s, %s, %d users, want %+v", seed, is.ID, cmp.Or(first, "none"), is.Level, one.UserCount, b)
				}
			case severe && is.UserCount >= 10 && first != "" && is.FirstSeen.Sub(released[first]) < 24*time.Hour:
				t.Errorf("seed %d: %+v seems to be of %s", seed, is, first)
			}
		}
		if found != len(broke) || found < 20 {
			t.Errorf("seed %d: %d of %d groups", seed, found, len(broke))
		}
	}
}
