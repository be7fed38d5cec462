package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"throughline/internal/control"
)

// TestWhoseEmbeds: an admin sees all, a lead what they made and what shows nothing but
// their teams; for others there is no such embed.
func TestWhoseEmbeds(t *testing.T) {
	s := signedIn(t, nil)
	s.addIssues()
	lead := s.addUser("lead@example.com", control.Lead)
	s.addUser("other@example.com", control.Lead)
	s.addUser("viewer@example.com", control.Viewer)
	s.saveTeam("dev", "", []string{"DEV"}, lead.ID)
	s.saveTeam("ops", "", []string{"OPS"})
	ids := map[string]int64{}
	for name, teams := range map[string][]string{"of dev": {"dev"}, "of ops": {"ops"}, "of both": {"dev", "ops"}, "of all": nil} {
		v := embedFilled("name", name)
		v["team"] = teams
		e, _ := s.makeEmbed(v)
		ids[name] = e.ID
	}
	admin := s.client
	s.client = s.as("lead@example.com")
	if got := formOf(s.page(embedsPath + "/new?panel=cycle-time"))["team"]; !slices.Equal(got, []string{"dev"}) {
		t.Errorf("the lead of one team begins with %v", got)
	}
	if got := formOf(s.page(embedsPath + "/new?panel=cycle-time&team=ops"))["team"]; !slices.Equal(got, []string{"ops"}) {
		t.Errorf("whoever asked for another team begins with %v", got)
	}
	own, _ := s.makeEmbed(embedFilled("name", "own", "team", "ops"))
	ids["own"] = own.ID
	for _, v := range []struct {
		who    string
		client *http.Client
		sees   []string
	}{
		{"an admin", admin, []string{"of all", "of both", "of dev", "of ops", "own"}},
		{"the lead of dev", s.client, []string{"of dev", "own"}},
		{"a lead without a team", s.as("other@example.com"), nil},
	} {
		s.client = v.client
		var seen []string
		for _, a := range s.page(embedsPath).Find(".embeds th[scope=row] a").EachIter() {
			seen = append(seen, a.Text())
		}
		if !slices.Equal(seen, v.sees) {
			t.Errorf("%s sees %v", v.who, seen)
		}
		if v.sees == nil {
			want(t, s.page(embedsPath), ".empty", "Press “embed” under any chart")
		}
		for name, id := range ids {
			want := http.StatusNotFound
			if slices.Contains(v.sees, name) {
				want = http.StatusOK
			}
			for _, path := range []string{"", "/address", "/revoke", "/replace"} {
				if res := s.get(embedAt(id) + path); res.status != want {
					t.Errorf("%s is answered %d by %s of %q", v.who, res.status, path, name)
				}
			}
			if want == http.StatusOK {
				continue
			}
			for _, path := range []string{"", "/revoke", "/replace"} {
				if res := s.post(embedAt(id)+path, embedFilled("name", "taken over")); res.status != http.StatusNotFound {
					t.Errorf("%s is answered %d by a form to %s of %q", v.who, res.status, path, name)
				}
			}
		}
	}
	s.client = s.as("viewer@example.com")
	if s.page("/panels/cycle-time").Find("[data-embed-link]").Length() != 0 {
		t.Error("a viewer is shown the way to an embed")
	}
	for _, path := range []string{"", "/new", "/preview"} {
		if res := s.get(embedsPath + path); res.status != http.StatusForbidden {
			t.Errorf("a viewer is answered %d by %s", res.status, path)
		}
	}
	for name, id := range ids {
		if e := s.storedEmbed(id); e.Name != name || !e.RevokedAt.IsZero() {
			t.Errorf("%q is %+v", name, e)
		}
	}
}

func TestEmbedIsChangedReplacedRevoked(t *testing.T) {
	s := signedIn(t, nil)
	s.addIssues()
	e, shown := s.makeEmbed(embedFilled())
	address := strings.TrimPrefix(shown.doc.Find("#once").AttrOr("value", ""), s.url)
	if res := s.get(address); res.status != http.StatusOK {
		t.Fatalf("the address answers %d", res.status)
	}
	want(t, s.page(embedsPath), ".embeds tbody tr", "Worksby "+adminEmail+" | Cycle time of finished issuesPeriod: 90 days · Time: Working hours | wiki.example.com | never | 1 viewjust now")

	if res := s.post(embedAt(e.ID), embedFilled("name", "Wiki 2", "title", "", "drill", "marks", "range", "own", "span", "12w", "sites", "*")); res.status != http.StatusSeeOther {
		t.Fatalf("saving answers %d", res.status)
	}
	if got := s.storedEmbed(e.ID); got.Name != "Wiki 2" || got.Titled || got.Filter.Get("range") != "12w" || !slices.Equal(got.Drill, []string{"marks"}) {
		t.Errorf("saved: %+v", got)
	}
	list := s.page(embedsPath)
	want(t, list, ".banner.good", "“Wiki 2” is saved; its address is the same")
	want(t, list, ".embeds tbody", "any site")
	if res := s.get(address); res.status != http.StatusOK {
		t.Errorf("after it was saved the address answers %d", res.status)
	}

	want(t, s.page(embedAt(e.ID)+"/replace"), "main", "stops at once, wherever it is pasted")
	res := s.post(embedAt(e.ID)+"/replace", nil)
	again := s.get(res.header.Get("Location"))
	newAddress := strings.TrimPrefix(again.doc.Find("#once").AttrOr("value", ""), s.url)
	if old, now := s.get(address), s.get(newAddress); old.status != http.StatusGone || now.status != http.StatusOK {
		t.Errorf("the old address answers %d, the new one %d", old.status, now.status)
	}
	if res := s.get(embedAt(e.ID)); res.status != http.StatusNotFound {
		t.Errorf("the form of the old one answers %d", res.status)
	}

	var id int64
	if _, err := fmt.Sscanf(res.header.Get("Location"), embedsPath+"/%d/address", &id); err != nil {
		t.Fatal(err)
	}
	want(t, s.page(embedAt(id)+"/revoke"), "main", "“Wiki 2” stops at once, wherever it is pasted")
	if s.get(embedAt(id) + "/revoke"); !s.storedEmbed(id).RevokedAt.IsZero() {
		t.Fatal("being asked revokes it")
	}
	s.post(embedAt(id)+"/revoke", nil)
	if res := s.get(newAddress); res.status != http.StatusGone {
		t.Errorf("a revoked embed answers %d", res.status)
	}
	list = s.page(embedsPath)
	want(t, list, ".banner.good", "“Wiki 2” is revoked")
	want(t, list, ".revoked summary", "2 revoked embeds")
	for _, path := range []string{"/revoke", "/replace", ""} {
		if res := s.post(embedAt(id)+path, embedFilled()); res.status != http.StatusNotFound {
			t.Errorf("%s of a revoked embed answers %d", path, res.status)
		}
	}
}

func TestProvisionedEmbedsAreReadOnly(t *testing.T) {
	s := signedIn(t, nil)
	s.addIssues()
	s.provision(embedsDeclared)
	list := s.page(embedsPath)
	want(t, list, ".embeds tbody", "Expired")
	if n := list.Find(".embeds .row-acts a").Length(); n != 0 {
		t.Errorf("%d ways to change what is declared", n)
	}
	all, err := s.db.Embeds(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		d := s.page(embedAt(e.ID))
		want(t, d, ".banner.info", "file")
		if d.Find("#embed-form fieldset[disabled]").Length() != 1 || d.Find("#embed-form button[type=submit].primary").Length() != 0 {
			t.Errorf("%s can be changed", e.Name)
		}
		if res := s.get(d.Find("iframe").AttrOr("src", "")); res.status != http.StatusOK || res.doc.Find(".embed-mistakes").Length() > 0 {
			t.Errorf("its preview answers %d: %s", res.status, textOf(res.doc, "main"))
		}
		for _, path := range []string{"", "/revoke", "/replace"} {
			if res := s.post(embedAt(e.ID)+path, embedFilled()); res.status != http.StatusForbidden {
				t.Errorf("a form to %s of %s answers %d", path, e.Name, res.status)
			}
		}
	}
}

// TestEmbedWhoseTeamIsGone says so in the list and in the form, where another team can
// be chosen.
func TestEmbedWhoseTeamIsGone(t *testing.T) {
	s := signedIn(t, nil)
	s.addIssues()
	s.saveTeam("dev", "", []string{"DEV"})
	e, _ := s.makeEmbed(embedFilled("team", "dev"))
	if _, err := s.db.DeleteTeam(t.Context(), "dev"); err != nil {
		t.Fatal(err)
	}
	want(t, s.page(embedsPath), ".embeds tbody", "Shows nothing")
	want(t, s.page(embedsPath), ".embeds .error", "It shows nothing: ")
	d := s.page(embedAt(e.ID))
	if d.Find(`[data-errors] a[href="#f-team"]`).Length() != 1 {
		t.Errorf("the form says %q", textOf(d, "form"))
	}
	v := formOf(d)
	v.Del("team")
	if res := s.post(embedAt(e.ID), v); res.status != http.StatusSeeOther {
		t.Errorf("without the team it answers %d", res.status)
	}
}

// TestTamperedEmbeds: what is too much is refused, what nobody asked for is not stored.
func TestTamperedEmbeds(t *testing.T) {
	s := signedIn(t, nil)
	s.addIssues()
	v := embedFilled("provisioned", "1", "created_by", "7", "token", "known-token-0123456789", "id", "9", "branch", "x", "drill", "everything", "q", "fetch('a')")
	e, _ := s.makeEmbed(v)
	if e.Provisioned || e.CreatedBy != 1 || len(e.Drill) != 0 || e.Query() != "clock=business&range=90d" {
		t.Errorf("stored: %+v", e)
	}
	if _, err := s.db.EmbedFor(t.Context(), "known-token-0123456789"); err == nil {
		t.Error("an address was chosen")
	}
	for _, v := range []url.Values{
		{"form": {"1"}, "panel": {"cycle-time"}, "name": {"a"}, "theme": {"auto"}, "lang": {"auto"}, "range": {"90d"}, "clock": {"business", "elapsed"}},
		{"form": {"1"}, "panel": {"pipeline-success"}, "name": {"a"}, "theme": {"auto"}, "lang": {"auto"}, "range": {"90d"}, "restarts": {"maybe"}},
		{"form": {"1"}, "panel": {"cycle-time"}, "name": {"a\x00"}, "theme": {"auto"}, "lang": {"auto"}, "range": {"90d"}},
		{"form": {"1"}, "panel": {"cycle-time"}, "name": {"a"}, "theme": {"auto"}, "lang": {"auto"}, "range": {""}},
		{},
	} {
		if res := s.post(embedsPath, v); res.status != http.StatusUnprocessableEntity && v.Get("range") != "" {
			t.Errorf("%v answers %d", v, res.status)
		}
	}
	big := embedFilled("name", strings.Repeat("x", maxBody))
	if res := s.post(embedsPath, big); res.status != http.StatusRequestEntityTooLarge {
		t.Errorf("a form that is too large answers %d", res.status)
	}
}
