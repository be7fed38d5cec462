package control

import (
	"net/http"
	"reflect"
	"testing"
	"time"

	"throughline/internal/source"
)

// pushedKind is what testKinds lacks: a kind that nothing is pulled from.
func pushedKind() source.Kind {
	return source.Kind{
		Name: "ci", Pushed: true, Fields: []source.Field{{Name: "e2e_jobs", Type: source.List}},
		New: func(source.Config, *http.Client) (source.Source, error) { return nil, nil },
	}
}

func parsePushed(text string) (*Provision, error) {
	return ParseProvision([]byte(text), func(string) (string, bool) { return "", false }, nil, append(testKinds(), pushedKind()))
}

func ciConnection(name string) Connection {
	return Connection{Name: name, Kind: "ci", Every: DefaultEvery, Settings: settings("e2e_jobs", `["e2e*"]`)}
}

func TestPushedIsNeverPulled(t *testing.T) {
	db := openTest(t)
	c := db.save(t, ciConnection("gitlab"), nil)
	db.save(t, ciConnection("ci"), nil)
	db.save(t, newConnection("work"), nil)
	all, err := db.Connections(db.ctx)
	must(t, err)
	pulled, err := db.Pulled(db.ctx)
	must(t, err)
	due, err := db.Due(db.ctx, testNow.Add(365*24*time.Hour))
	must(t, err)
	names := func(list []Connection) (names []string) {
		for _, c := range list {
			names = append(names, c.Name)
		}
		return names
	}
	for _, list := range []struct {
		what      string
		got, want []string
	}{
		{"all", names(all), []string{"ci", "gitlab", "work"}},
		{"pulled", names(pulled), []string{"work"}},
		{"due", names(due), []string{"work"}},
	} {
		if !reflect.DeepEqual(list.got, list.want) {
			t.Errorf("%s are %s, want %s", list.what, list.got, list.want)
		}
	}
	_, err = db.StartSync(db.ctx, c.ID, testNow)
	wantError(t, err, ErrPushed)
	wantError(t, db.RunNow(db.ctx, "gitlab", testNow), ErrPushed)
	wantError(t, db.Resume(db.ctx, "gitlab", testNow), ErrPushed)
	wantError(t, db.Pause(db.ctx, c.ID, "user", "", testNow), ErrPushed)
	wantError(t, db.RunNow(db.ctx, "nobody", testNow), ErrNotFound)
}

func TestBuiltInConnections(t *testing.T) {
	db := openTest(t)
	for _, c := range []Connection{newConnection("ci"), ciConnection("series"), newConnection("series")} {
		_, err := db.SaveConnection(db.ctx, c, nil)
		wantField(t, err, "name", "reserved")
	}
	wantError(t, db.DeleteConnection(db.ctx, "ci"), ErrBuiltIn) // not made yet
	db.save(t, ciConnection("ci"), nil)
	wantError(t, db.DeleteConnection(db.ctx, "ci"), ErrBuiltIn)
	db.save(t, ciConnection("gitlab"), nil)
	must(t, db.DeleteConnection(db.ctx, "gitlab"))
}

// What charts show depends on the settings of connections: on default branches.
func TestConnectionsChangeTheSettingsVersion(t *testing.T) {
	db := openTest(t)
	version := func() int64 {
		t.Helper()
		v, err := db.SettingsVersion(db.ctx)
		must(t, err)
		return v
	}
	before := version()
	changed := func(what string, want bool) {
		t.Helper()
		after := version()
		if (after != before) != want {
			t.Errorf("%s: the version goes from %d to %d", what, before, after)
		}
		before = after
	}
	c := db.save(t, ciConnection("gitlab"), nil)
	changed("created", true)
	c = db.save(t, c, nil)
	changed("saved as it was", false)
	c.Settings = settings("default_branches", `["trunk"]`)
	c = db.save(t, c, nil)
	changed("other settings", true)
	c.Every = time.Hour
	db.save(t, c, nil)
	changed("another interval", false)
	must(t, db.DeleteConnection(db.ctx, "gitlab"))
	changed("deleted", true)
}

func TestProvisionPushed(t *testing.T) {
	db := openTest(t)
	apply := func(text string) {
		t.Helper()
		p, err := parsePushed(text)
		must(t, err)
		must(t, db.Apply(db.ctx, p, testNow))
	}
	apply("connections:\n  - {name: ci, kind: ci, settings: {e2e_jobs: [\"e2e*\"]}}\n  - {name: gitlab, kind: ci}\n" +
		"tokens:\n  - {name: worker, scopes: [ingest], token: 0123456789abcdef, connection: gitlab}\n")
	c, err := db.Connection(db.ctx, "ci")
	must(t, err)
	if !c.Provisioned || string(c.Settings["e2e_jobs"]) != `["e2e*"]` {
		t.Errorf("declared it is %+v", c)
	}
	_, err = db.SaveConnection(db.ctx, c, nil)
	wantError(t, err, ErrProvisioned)
	apply("")
	if c, err = db.Connection(db.ctx, "ci"); err != nil || c.Provisioned {
		t.Errorf("declared no more it is %+v, %v", c, err)
	}
	for text, want := range map[string]string{
		"connections:\n  - {name: series, kind: ci}\n":            "provision.yml: line 2: name: the name series is reserved",
		"connections:\n  - {name: gitlab, kind: ci, every: 1h}\n": "provision.yml: line 2: every: nothing is pulled from connections of the kind ci",
	} {
		if _, err := parsePushed(text); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}
