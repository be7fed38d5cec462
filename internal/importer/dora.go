package importer

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"throughline/internal/control"
	"throughline/internal/source"
)

// DoraOptions say what of dora-exporter to import and how. There is a config, a
// snapshot, or both.
type DoraOptions struct {
	Config   *InputFile
	Snapshot *InputFile // nil: where the config says it is, if it is there

	GitHub, Jira source.Kind // a kind without a name: there are no connections of it
	GitHubName   string      // of the connection
	JiraName     string
	Unsigned     bool              // take hooks without a signature, as dora-exporter did
	Secrets      map[string]string // webhook secrets to give to connections that have none, by connection

	Families []Family                          // that are shown here
	Lookup   func(name string) (string, bool)  // the environment
	ReadFile func(path string) ([]byte, error) // for a snapshot that the config names
	ModTime  func(path string) time.Time       // when it was written
	Now      time.Time
}

// InputFile is a file that was read.
type InputFile struct {
	Name string // for people; paths in it are relative to its folder
	Data []byte
	At   time.Time // when it was written
}

// Family is a metric of dora-exporter that goes on here.
type Family struct {
	Name   string
	Labels []string
	Rises  bool // it is added to only; else what it was matters no more
}

// DoraPlan is what is to be stored, with a report on where it comes from. It holds
// secrets, but the report does not.
type DoraPlan struct {
	Import control.DoraImport
	Report Report
}

// NewDora reads dora-exporter's settings and what it had counted. The error is an
// *Error with all that is wrong.
func NewDora(o DoraOptions) (*DoraPlan, error) {
	p := &doraPlanner{o: o, plan: &DoraPlan{}}
	file := ""
	if o.Config != nil {
		file = o.Config.Name
		p.config()
		if o.Snapshot == nil && len(p.problems) == 0 {
			p.lookForSnapshot()
		}
	}
	if len(p.problems) == 0 && p.o.Snapshot != nil {
		file = cmp.Or(file, p.o.Snapshot.Name)
		p.snapshot()
	}
	if len(p.problems) == 0 && o.Config != nil {
		p.connections()
	}
	if len(p.problems) > 0 {
		slices.SortStableFunc(p.problems, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
		return nil, &Error{cmp.Or(p.failedFile, file), slices.Compact(p.problems)}
	}
	p.next()
	return p.plan, nil
}

// doraPlanner makes a DoraPlan.
type doraPlanner struct {
	o          DoraOptions
	plan       *DoraPlan
	problems   []Problem
	failedFile string // of the problems, when it is not the config

	token, backstageToken string
	tokenPlace            place
	repositories          []string // of all teams
	jiraProjects          bool     // a team has some
	jiraCounted           bool     // the snapshot has incidents or tickets
	stored                place    // storage.file.path
	storedPath            string
}

// place is where in the config something is said, the zero value when nowhere.
type place struct {
	key  string
	line int
}

// noLine is the line of what is about no single one.
const noLine = -1

func (p *doraPlanner) fail(line int, format string, args ...any) {
	p.problems = append(p.problems, Problem{line, fmt.Sprintf(format, args...)})
}

func (p *doraPlanner) taken(at place, format string, args ...any) {
	p.plan.Report.Taken = append(p.plan.Report.Taken, Line{at.key, at.line, fmt.Sprintf(format, args...)})
}

func (p *doraPlanner) notNeeded(at place, format string, args ...any) {
	p.plan.Report.NotNeeded = append(p.plan.Report.NotNeeded, Line{at.key, at.line, fmt.Sprintf(format, args...)})
}

func (p *doraPlanner) notTaken(at place, format string, args ...any) {
	p.plan.Report.NotTaken = append(p.plan.Report.NotTaken, Line{at.key, at.line, fmt.Sprintf(format, args...)})
}

// lookForSnapshot reads the snapshot that the config names, beside it.
func (p *doraPlanner) lookForSnapshot() {
	path := p.storedPath
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(p.o.Config.Name), path)
	}
	data, err := p.o.ReadFile(path)
	if err != nil {
		p.notTaken(p.stored, "%s is not read: %v; name the snapshot as a second FILE. Without it, counters of /metrics begin with what the history and hooks tell", path, err)
		return
	}
	p.o.Snapshot = &InputFile{path, data, p.o.ModTime(path)}
	p.taken(p.stored, "what was counted, from %s", path)
}

// connections makes the connections that hooks go to.
func (p *doraPlanner) connections() {
	p.connectionTo(p.o.GitHub, p.o.GitHubName, "GitHub", p.githubSettings, p.tokenPlace)
	switch {
	case !p.jiraProjects && !p.jiraCounted:
		p.notNeeded(place{"/api/jira", noLine}, "no team has Jira projects and nothing was counted of any, so there is no connection to Jira; add one under Settings → Connections when there is")
	default:
		p.connectionTo(p.o.Jira, p.o.JiraName, "Jira", func() (source.Settings, map[string]string, []string) {
			return source.Settings{}, map[string]string{}, nil
		}, place{"/api/jira", noLine})
	}
}

// connectionTo makes a connection, tried as it would be opened.
func (p *doraPlanner) connectionTo(kind source.Kind, name, title string, of func() (source.Settings, map[string]string, []string), at place) {
	if kind.Name == "" {
		p.notTaken(at, "this version has no connections to %s", title)
		return
	}
	settings, secrets, managed := of()
	missing := map[string]string{}
	if p.o.Unsigned {
		settings["allow_unsigned"] = []byte("true")
		managed = append(managed, "allow_unsigned")
	} else if secret := p.o.Secrets[name]; secret != "" {
		missing["webhook_secret"] = secret
	}
	c := control.Connection{Name: name, Kind: kind.Name, Every: control.DefaultEvery, Settings: settings}
	whole := map[string]string{}
	for _, from := range []map[string]string{secrets, missing} {
		for key, value := range from {
			whole[key] = value
		}
	}
	if err := errors.Join(c.Validate(), tryKind(kind, c, whole)); err != nil {
		for _, e := range flatten(err) {
			p.fail(max(0, at.line), "the connection %s: %v", name, e)
		}
		return
	}
	p.plan.Import.Connections = append(p.plan.Import.Connections, control.ImportedConnection{Connection: c, Managed: managed, Secrets: secrets, Missing: missing})
}

func tryKind(kind source.Kind, c control.Connection, secrets map[string]string) error {
	_, err := kind.New(source.Config{Connection: c.Name, Settings: c.Settings, Secrets: secrets, Now: time.Now}, &http.Client{}) // New sends nothing
	return err
}

// maxPulled is how many repositories a connection lists.
const maxPulled = 1000

// githubSettings are what is pulled, when there is a token to pull with.
func (p *doraPlanner) githubSettings() (source.Settings, map[string]string, []string) {
	settings, secrets := source.Settings{}, map[string]string{}
	if p.token == "" {
		p.notTaken(place{key: "github.token"}, "there is none, in GITHUB_TOKEN neither: hooks are taken, but commits, pull requests and the history are not read; give the connection %s a token", p.o.GitHubName)
		return settings, secrets, nil
	}
	secrets["token"] = p.token
	p.taken(p.tokenPlace, "sealed in the connection %s", p.o.GitHubName)
	switch n := len(p.repositories); {
	case n > maxPulled:
		p.notTaken(place{"teams", noLine}, "%d repositories are too many to be listed, so hooks are taken and nothing is pulled; give the connection %s their organizations", n, p.o.GitHubName)
		fallthrough
	case n == 0:
		return settings, secrets, nil
	}
	settings["repositories"] = []byte(`["` + strings.Join(p.repositories, `","`) + `"]`)
	p.taken(place{"teams", noLine}, "the connection %s pulls the history of %s; dora-exporter knew hooks only", p.o.GitHubName, counted(len(p.repositories), "repository", "repositories"))
	return settings, secrets, []string{"repositories"}
}

// next says what is left to be done by hand.
func (p *doraPlanner) next() {
	say := func(format string, args ...any) {
		p.plan.Report.Next = append(p.plan.Report.Next, fmt.Sprintf(format, args...))
	}
	for _, c := range p.plan.Import.Connections {
		path, where, how := "/api/github", "GitHub's webhook (content type application/json)", ""
		if c.Connection.Kind == p.o.Jira.Name {
			path, where, how = "/api/jira", "Jira's webhook or automation rule", ", as ?secret=… in the address or in the header X-Webhook-Secret"
		}
		if p.o.Unsigned {
			say("%s: let it go to this server's %s. Hooks without a signature are taken for now, so anybody who reaches the server can send some: give it and the connection %s a secret, and take --unsigned back with allow_unsigned: false.", where, path, c.Connection.Name)
			continue
		}
		say("%s: let it go to this server's %s, and give it the secret of the connection %s%s: dora-exporter took hooks unsigned, here they are refused with 401 without it.", where, path, c.Connection.Name, how)
	}
	if p.o.Config != nil {
		say("Prometheus: scrape this server's /metrics, with METRICS_USER and METRICS_PASSWORD or a token of the scope metrics. Families, labels and the dashboard stay.")
	}
	say("Stop dora-exporter, so that nothing is counted twice.")
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
