package control

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/delivery"
)

func cycleEmbed() Embed {
	return Embed{
		Name: " Cycle time of payments ", Panel: "cycle-time", Filter: url.Values{"range": {"90d"}, "team": {"payments"}, "queue": {""}},
		Ancestors: []string{"https://Wiki.Example.com/", "https://wiki.example.com:443"}, Theme: "auto", Lang: "auto", Titled: true, Named: true,
		Drill: []string{"lists", "marks", "lists"}, Height: 420,
	}
}

func TestCreateEmbed(t *testing.T) {
	db := openTest(t)
	id, token, err := db.CreateEmbed(db.ctx, cycleEmbed())
	if err != nil {
		t.Fatal(err)
	}
	e, err := db.EmbedFor(db.ctx, token)
	if err != nil {
		t.Fatal(err)
	}
	if e.ID != id || e.Name != "Cycle time of payments" || e.Query() != "range=90d&team=payments" ||
		!slices.Equal(e.Ancestors, []string{"https://wiki.example.com"}) || !slices.Equal(e.Drill, []string{"lists", "marks"}) || !e.RevokedAt.IsZero() {
		t.Errorf("stored as %+v", e)
	}
	if _, err := db.EmbedFor(db.ctx, token+"x"); !errors.Is(err, ErrNotFound) {
		t.Errorf("another token: %v", err)
	}
	if _, err := db.TokenFor(db.ctx, token); !errors.Is(err, ErrNotFound) {
		t.Errorf("as a token of programs: %v", err)
	}
	if _, _, err := db.CreateEmbed(db.ctx, cycleEmbed()); err == nil || err.Error() != "name: another embed has this name" {
		t.Errorf("the same name: %v", err)
	}
}

func TestEmbedMistakes(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Embed)
		want   string
	}{
		{"no name", func(e *Embed) { e.Name = " " }, "name: give it a name"},
		{"name on two lines", func(e *Embed) { e.Name = "a\nb" }, "name: a name has up to 80 characters on one line"},
		{"no such panel", func(e *Embed) { e.Panel = "cycle" }, "panel: no such panel: one of cycle-time, "},
		{"filter of another subject", func(e *Embed) { e.Filter.Set("branch", "main") }, "filter.branch: narrows runs, not issues"},
		{"no such filter", func(e *Embed) { e.Filter.Set("token", "x") }, "filter.token: no such filter"},
		{"range", func(e *Embed) { e.Filter.Set("range", "9 weeks") }, "filter.range: "},
		{"series of nothing", func(e *Embed) { e.Panel, e.Filter = "series", url.Values{"range": {"7d"}} }, "filter.q: say which series are shown"},
		{"long filter", func(e *Embed) {
			e.Filter["queue"] = slices.Repeat([]string{strings.Repeat("Q", 399)}, 1)
			e.Filter["type"] = names(60)
		}, "filter: longer than 4000 bytes"},
		{"site", func(e *Embed) { e.Ancestors = []string{"wiki"} }, "frame_ancestors: not a site like https://wiki.example.com"},
		{"sites", func(e *Embed) { e.Ancestors = sites(21) }, "frame_ancestors: more than 20 sites"},
		{"theme", func(e *Embed) { e.Theme = "" }, "theme: not light, dark or auto"},
		{"lang", func(e *Embed) { e.Lang = "de" }, "lang: not en, ru or auto"},
		{"drill", func(e *Embed) { e.Drill = []string{"all"} }, "drill: not marks or lists"},
		{"width", func(e *Embed) { e.Width = 239 }, "width: from 240 to 2000 pixels, or 0 for all there is"},
		{"height", func(e *Embed) { e.Height = 1501 }, "height: from 200 to 1500 pixels"},
	}
	db := openTest(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := cycleEmbed()
			tt.change(&e)
			_, _, err := db.CreateEmbed(db.ctx, e)
			var field *FieldError
			if !errors.As(err, &field) || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("%v, want %s", err, tt.want)
			}
		})
	}
	if all, err := db.Embeds(db.ctx); err != nil || len(all) != 0 {
		t.Errorf("%d embeds are stored, %v", len(all), err)
	}
}

func names(n int) []string {
	var out []string
	for i := range n {
		out = append(out, strings.Repeat("t", 80)+string(rune('A'+i)))
	}
	return out
}

func sites(n int) []string {
	var out []string
	for i := range n {
		out = append(out, "https://wiki"+string(rune('a'+i))+".example.com")
	}
	return out
}

func TestRevokeEmbed(t *testing.T) {
	db := openTest(t)
	id, token, err := db.CreateEmbed(db.ctx, cycleEmbed())
	if err != nil {
		t.Fatal(err)
	}
	next, another, err := db.ReplaceEmbed(db.ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	if e, err := db.EmbedFor(db.ctx, token); err != nil || e.RevokedAt.IsZero() {
		t.Errorf("the old address is of %+v, %v", e, err)
	}
	if e, err := db.EmbedFor(db.ctx, another); err != nil || e.ID != next || !e.RevokedAt.IsZero() || e.Query() != "range=90d&team=payments" {
		t.Errorf("the new address is of %+v, %v", e, err)
	}
	if err := db.RevokeEmbed(db.ctx, next); err != nil {
		t.Fatal(err)
	}
	if e, err := db.EmbedFor(db.ctx, another); err != nil || e.RevokedAt.IsZero() {
		t.Errorf("revoked, and it is %+v, %v", e, err)
	}
	for what, err := range map[string]error{"revoke": db.RevokeEmbed(db.ctx, next), "save": db.SaveEmbed(db.ctx, Embed{ID: next, Name: "x", Panel: "cycle-time", Theme: "auto", Lang: "auto", Height: 420})} {
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("%s what was revoked: %v", what, err)
		}
	}
	var actions []string
	log, err := db.Audit(db.ctx, AuditQuery{Kind: "embed"})
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range log {
		actions = append(actions, entry.Action)
		if strings.Contains(string(entry.Before)+string(entry.After), token) {
			t.Errorf("the log holds a token: %s", entry.After)
		}
	}
	if want := []string{"embed.revoke", "embed.create", "embed.revoke", "embed.create"}; !slices.Equal(actions, want) {
		t.Errorf("the log has %v", actions)
	}
}

func TestSaveEmbed(t *testing.T) {
	db := openTest(t)
	id, token, err := db.CreateEmbed(db.ctx, cycleEmbed())
	if err != nil {
		t.Fatal(err)
	}
	e, err := db.EmbedFor(db.ctx, token)
	if err != nil {
		t.Fatal(err)
	}
	before := e.ChangedAt
	e.Panel, e.Filter, e.Expires = "pipeline-count", url.Values{"branch": {"*"}}, delivery.Date{Year: 2027, Month: 1, Day: 1}
	if err := db.SaveEmbed(db.ctx, e); err != nil {
		t.Fatal(err)
	}
	got, err := db.EmbedFor(db.ctx, token)
	if err != nil || got.ID != id || got.Panel != "pipeline-count" || !got.ChangedAt.After(before) {
		t.Fatalf("%+v, %v", got, err)
	}
	for day, over := range map[delivery.Date]bool{{Year: 2026, Month: 12, Day: 31}: false, {Year: 2027, Month: 1, Day: 1}: true} {
		if got.Over(day) != over {
			t.Errorf("on %s it is over: %t", day, got.Over(day))
		}
	}
}

func TestAddEmbedUses(t *testing.T) {
	db := openTest(t)
	id, token, err := db.CreateEmbed(db.ctx, cycleEmbed())
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	for _, uses := range []map[int64]EmbedUse{{id: {2, at, "https://wiki.example.com"}, 99: {1, at, ""}}, {id: {3, at.Add(-time.Hour), ""}}, nil} {
		if err := db.AddEmbedUses(db.ctx, uses); err != nil {
			t.Fatal(err)
		}
	}
	e, err := db.Embed(db.ctx, id)
	if err != nil || e.Views != 5 || !e.LastUsedAt.Equal(at) || e.LastReferrer != "https://wiki.example.com" {
		t.Errorf("%+v, %v", e, err)
	}
	if _, err := db.EmbedFor(db.ctx, token); err != nil {
		t.Error(err)
	}
}

func TestFrameSite(t *testing.T) {
	for text, want := range map[string]string{
		"https://wiki.example.com":            "https://wiki.example.com",
		" HTTPS://Wiki.Example.COM:443/ ":     "https://wiki.example.com",
		"http://wiki:8090":                    "http://wiki:8090",
		"https://*.atlassian.net":             "https://*.atlassian.net",
		"https://вики.рф":                     "https://xn--b1amah.xn--p1ai",
		"http://192.168.1.5:8080":             "http://192.168.1.5:8080",
		"http://[::1]:90":                     "http://[::1]:90",
		"*":                                   "*",
		"":                                    "",
		"wiki.example.com":                    "",
		"https://":                            "",
		"ftp://wiki.example.com":              "",
		"https://user@wiki.example.com":       "",
		"https://wiki.example.com/space":      "",
		"https://wiki.example.com?x":          "",
		"https://wiki.example.com#":           "",
		"https://wiki.example.com:0":          "",
		"https://wiki.example.com:99999":      "",
		"https://wiki.example.com:":           "",
		"https://*":                           "",
		"https://*.com.*":                     "",
		"https://*.net":                       "",
		"https://a b":                         "",
		"https://a;script-src *":              "",
		"https://a, https://b":                "",
		"https://wiki.example.com\nhttps://b": "",
		"javascript:alert(1)":                 "",
		"'none'":                              "",
		"data:":                               "",
	} {
		got, err := FrameSite(text)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q is %q, %v; want %q", text, got, err, want)
		}
	}
}

func FuzzFrameSite(f *testing.F) {
	f.Add("https://wiki.example.com:8443")
	f.Add("https://*.вики.рф")
	f.Fuzz(func(t *testing.T, text string) {
		site, err := FrameSite(text)
		if err != nil {
			return
		}
		if strings.ContainsAny(site, " ;,'\"\r\n\t") || site == "" {
			t.Fatalf("%q ends a directive: %q", text, site)
		}
		if again, err := FrameSite(site); err != nil || again != site {
			t.Fatalf("%q is %q, which is %q, %v", text, site, again, err)
		}
	})
}

const embedsFile = `teams:
  - {name: payments, tracker_queues: [PAY]}
embeds:
  - {name: pay cycle time, panel: cycle-time, filter: {team: payments, range: 90d, clock: business}, frame_ancestors: [https://wiki.example.com], theme: auto, lang: ru, expires: 2027-01-01, token: "${EMBED_TOKEN}"}
  - name: runs
    panel: pipeline-count
    filter: {project: [shop/web, shop/api], restarts: false}
    token: second-token-1234
`

func applyEmbedsFile(t *testing.T, db *testDB, text string) error {
	t.Helper()
	lookup := func(name string) (string, bool) { return "first-token-12345", name == "EMBED_TOKEN" }
	p, err := ParseProvision([]byte(text), lookup, nil, testKinds())
	if err != nil {
		return err
	}
	return db.Apply(db.ctx, p, time.Now())
}

func TestProvisionedEmbeds(t *testing.T) {
	db := openTest(t)
	if err := applyEmbedsFile(t, db, embedsFile); err != nil {
		t.Fatal(err)
	}
	first, err := db.EmbedFor(db.ctx, "first-token-12345")
	if err != nil {
		t.Fatal(err)
	}
	want := Embed{
		ID: first.ID, Name: "pay cycle time", Panel: "cycle-time", Filter: url.Values{"team": {"payments"}, "range": {"90d"}, "clock": {"business"}},
		Ancestors: []string{"https://wiki.example.com"}, Theme: "auto", Lang: "ru", Titled: true, Named: true, Drill: []string{}, Height: EmbedHeight,
		Expires: delivery.Date{Year: 2027, Month: 1, Day: 1}, Provisioned: true, CreatedAt: first.CreatedAt, ChangedAt: first.ChangedAt,
	}
	if diff := cmp.Diff(want, first); diff != "" {
		t.Error(diff)
	}
	if e, err := db.EmbedFor(db.ctx, "second-token-1234"); err != nil || e.Query() != "project=shop%2Fweb&project=shop%2Fapi&restarts=false" || e.Lang != "auto" {
		t.Errorf("%+v, %v", e, err)
	}
	for what, err := range map[string]error{"revoke": db.RevokeEmbed(db.ctx, first.ID), "save": db.SaveEmbed(db.ctx, first)} {
		if !errors.Is(err, ErrProvisioned) {
			t.Errorf("%s a declared one: %v", what, err)
		}
	}
	log := func() int {
		entries, err := db.Audit(db.ctx, AuditQuery{Kind: "embed"})
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	before := log()
	if err := applyEmbedsFile(t, db, embedsFile); err != nil || log() != before {
		t.Errorf("applied again: %v, %d entries of %d", err, log(), before)
	}
	// The two swap their addresses, and the first one's old settings stay.
	swapped := strings.NewReplacer("${EMBED_TOKEN}", "second-token-1234", "second-token-1234", "first-token-12345").Replace(embedsFile)
	if err := applyEmbedsFile(t, db, swapped); err != nil {
		t.Fatal(err)
	}
	if e, err := db.EmbedFor(db.ctx, "second-token-1234"); err != nil || e.Name != "pay cycle time" || !e.RevokedAt.IsZero() {
		t.Errorf("%+v, %v", e, err)
	}
	if err := applyEmbedsFile(t, db, "embeds: []\n"); err != nil {
		t.Fatal(err)
	}
	if e, err := db.EmbedFor(db.ctx, "second-token-1234"); err != nil || e.RevokedAt.IsZero() {
		t.Errorf("taken out of the file: %+v, %v", e, err)
	}
	if err := applyEmbedsFile(t, db, embedsFile); err != nil {
		t.Fatal(err)
	}
	if e, err := db.EmbedFor(db.ctx, "second-token-1234"); err != nil || !e.RevokedAt.IsZero() || e.Name != "runs" {
		t.Errorf("declared again: %+v, %v", e, err)
	}
}

func TestProvisionedEmbedMistakes(t *testing.T) {
	db := openTest(t)
	for text, want := range map[string]string{
		"embeds:\n  - {name: a, panel: cycle-time}\n":                                                                                             "line 2: token: is missing",
		"embeds:\n  - {name: a, token: second-token-1234}\n":                                                                                      "line 2: panel: is missing",
		"embeds:\n  - {name: a, panel: x, token: short}\n":                                                                                        "line 2: panel: no such panel",
		"embeds:\n  - {name: a, panel: cycle-time, token: short}\n":                                                                               "line 2: token: shorter than 16 characters",
		"embeds:\n  - {name: a, panel: cycle-time, token: 'second.token/1234'}\n":                                                                 "line 2: token: it stands in an address",
		"embeds:\n  - name: a\n    panel: cycle-time\n    token: second-token-1234\n    filter:\n      range: 90d\n      branch: main\n":          "line 7: filter: branch: narrows runs, not issues",
		"embeds:\n  - {name: a, panel: cycle-time, token: second-token-1234, frame_ancestors: [\"https://a;b\"]}\n":                               "line 2: frame_ancestors: not a site",
		"embeds:\n  - {name: a, panel: cycle-time, token: second-token-1234, title: maybe}\n":                                                     `line 2: title: not true or false: "maybe"`,
		"embeds:\n  - {name: a, panel: cycle-time, token: second-token-1234, height: tall}\n":                                                     `line 2: height: not a whole number: "tall"`,
		"embeds:\n  - {name: a, panel: cycle-time, token: second-token-1234, expires: soon}\n":                                                    `line 2: expires: not a date like 2026-01-31: "soon"`,
		"embeds:\n  - {name: a, panel: cycle-time, token: second-token-1234, sites: []}\n":                                                        `line 2: unknown key "sites"`,
		"embeds:\n  - {name: a, panel: cycle-time, token: second-token-1234, filter: {team: nobody}}\n":                                           `line 2: filter: team: there is no team called "nobody"`,
		"embeds:\n  - {name: a, panel: cycle-time, token: second-token-1234, lang: ru, filter: {lang: en}}\n":                                     "line 2: filter: lang: the embed has another one",
		"tokens:\n  - {name: t, scopes: [read], token: second-token-1234}\nembeds:\n  - {name: a, panel: cycle-time, token: second-token-1234}\n": "line 4: token: the same as on line 2",
		"embeds:\n  - {name: a, panel: cycle-time, token: second-token-1234}\n  - {name: A, panel: cycle-time, token: second-token-5678}\n":       `line 3: embed "a" is declared on line 2 already`,
	} {
		err := applyEmbedsFile(t, db, text)
		if err == nil || !strings.HasPrefix(err.Error(), "provision.yml: "+want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "second") && !strings.Contains(want, "second") {
			t.Errorf("the token is told: %v", err)
		}
	}
}

// TestProvisionedEmbedBesideMade: what somebody made stays, unless its address is declared.
func TestProvisionedEmbedBesideMade(t *testing.T) {
	db := openTest(t)
	made := cycleEmbed()
	made.Name = "RUNS"
	_, kept, err := db.CreateEmbed(db.ctx, made)
	if err != nil {
		t.Fatal(err)
	}
	made.Name = "other"
	_, taken, err := db.CreateEmbed(db.ctx, made)
	if err != nil {
		t.Fatal(err)
	}
	if err := applyEmbedsFile(t, db, strings.Replace(embedsFile, "second-token-1234", taken, 1)); err != nil {
		t.Fatal(err)
	}
	if e, err := db.EmbedFor(db.ctx, kept); err != nil || e.Name != "RUNS 2" || !e.RevokedAt.IsZero() || e.Provisioned {
		t.Errorf("of the same name: %+v, %v", e, err)
	}
	if e, err := db.EmbedFor(db.ctx, taken); err != nil || e.Name != "runs" || !e.Provisioned {
		t.Errorf("of the declared address: %+v, %v", e, err)
	}
	all, err := db.Embeds(db.ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		if e.Name == "other" && e.RevokedAt.IsZero() {
			t.Error("an embed stands that has no address")
		}
	}
}
