package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"throughline/internal/control"
	"throughline/internal/doraexport"
	"throughline/internal/importer"
	"throughline/internal/source"
)

// doraOptions are the flags of import-dora.
type doraOptions struct {
	github, jira           string
	unsigned, replace, dry bool
}

func defineImportDora(flags *flag.FlagSet) action {
	var o doraOptions
	flags.StringVar(&o.github, "github", "github", "call the connection to GitHub `NAME`")
	flags.StringVar(&o.jira, "jira", "jira", "call the connection to Jira `NAME`")
	flags.BoolVar(&o.unsigned, "unsigned", false, "take hooks without a signature for now, as dora-exporter did; without it, each connection gets a webhook secret, which is shown once")
	flags.BoolVar(&o.replace, "replace", false, "put what the config says in the place of a connection or catalog that is there and differs")
	flags.BoolVar(&o.dry, "dry-run", false, "write nothing, and say what would be")
	return func(ctx context.Context, p program) error { return importDora(ctx, p, o) }
}

// importDora takes over dora-exporter's settings and counters, beside a running server
// or without one.
func importDora(ctx context.Context, p program, o doraOptions) error {
	cfg, provision, err := loadConfig(p.environ)
	if err != nil {
		return err
	}
	secrets := map[string]string{o.github: rand.Text(), o.jira: rand.Text()}
	plan, err := planDora(p, o, kindsFor(cfg), secrets)
	if err != nil {
		return err
	}
	if err := settled(cfg.DataDir); err != nil {
		return err
	}
	plan.Import.Replace = o.replace
	var out control.DoraOutcome
	store := func(db *control.DB) error {
		out, err = db.ImportDora(control.WithCommand(ctx, "import-dora"), plan.Import, provision.Declared())
		return err
	}
	with := withControl
	if o.dry {
		with = withControlCopy
	}
	err = with(ctx, cfg, store)
	if conflict, ok := errors.AsType[*control.ImportError](err); ok {
		return refusedDora(conflict)
	}
	if err != nil {
		return fmt.Errorf("import-dora: %w", err)
	}
	say(p.stdout, "%s", plan.Report.String())
	sayDora(p.stdout, plan, out)
	if o.dry {
		say(p.stdout, "\nDry run: nothing was written.\n")
		return nil
	}
	sayWebhookSecrets(p.stdout, out, secrets)
	say(p.stdout, "\nStored in %s. A server at work there takes it up within a minute.\n", cfg.DataDir)
	return nil
}

// planDora reads the files, each by what it holds. The error is a *usageError when one
// of them is to blame.
func planDora(p program, o doraOptions, all []source.Kind, secrets map[string]string) (*importer.DoraPlan, error) {
	wrong := func(format string, args ...any) error {
		return &usageError{fmt.Errorf("import-dora: "+format, args...)}
	}
	options := importer.DoraOptions{
		GitHub: kindNamed(all, "github"), Jira: kindNamed(all, "jira"), GitHubName: o.github, JiraName: o.jira, Unsigned: o.unsigned, Secrets: secrets,
		Lookup:   func(name string) (string, bool) { return lookupEnv(p.environ, name) },
		ReadFile: readSmall, ModTime: modTime, Now: time.Now(),
	}
	if o.github == o.jira {
		return nil, wrong("--github and --jira: give two names")
	}
	for _, f := range doraexport.Families() {
		options.Families = append(options.Families, importer.Family{Name: f.Name, Labels: f.Labels, Rises: f.Rises})
	}
	for _, path := range p.args {
		data, err := readSmall(path)
		if err != nil {
			return nil, wrong("%w", err)
		}
		to, what := &options.Config, "config"
		if isExposition(data) {
			to, what = &options.Snapshot, "snapshot"
		}
		if *to != nil {
			return nil, wrong("%s and %s both look like a %s: give one", (*to).Name, path, what)
		}
		*to = &importer.InputFile{Name: path, Data: data, At: modTime(path)}
	}
	plan, err := importer.NewDora(options)
	if err != nil {
		return nil, wrong("nothing was written:\n  %s", strings.ReplaceAll(err.Error(), "\n", "\n  "))
	}
	return plan, nil
}

func kindNamed(all []source.Kind, name string) source.Kind {
	if i := slices.IndexFunc(all, func(k source.Kind) bool { return k.Name == name }); i >= 0 {
		return all[i]
	}
	return source.Kind{}
}

func modTime(path string) time.Time {
	info, err := os.Stat(path)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// expositionLine is a line that Prometheus' text format has and YAML has not.
var expositionLine = regexp.MustCompile(`(?m)^(# (HELP|TYPE) |[a-zA-Z_:][a-zA-Z0-9_:]*(\{[^}\n]*\})? [-+0-9NI])`)

func isExposition(data []byte) bool {
	return expositionLine.Match(bytes.TrimPrefix(data, []byte("\ufeff")))
}

// refusedDora says what stands in the way, and what to do.
func refusedDora(e *control.ImportError) error {
	var lines []string
	for _, c := range e.Conflicts {
		what := strings.TrimSpace("the " + c.Object + " " + c.Name)
		switch {
		case c.Provisioned && c.Object == "connection":
			lines = append(lines, what+" is declared in the provisioning file and read-only here: change it there, or give --github or --jira with another name")
		case c.Provisioned:
			lines = append(lines, what+" is declared in the provisioning file and read-only here: change it there, or take it out of the config")
		case c.Kind != "":
			lines = append(lines, fmt.Sprintf("%s is one of the kind %s: give --github or --jira with another name", what, c.Kind))
		default:
			lines = append(lines, fmt.Sprintf("%s is there and differs in: %s; give --replace to put this one in its place", what, strings.Join(c.Differs, ", ")))
		}
	}
	return fmt.Errorf("import-dora: nothing was written:\n  %s", strings.Join(lines, "\n  "))
}

// sayDora says what became of each object.
func sayDora(w io.Writer, plan *importer.DoraPlan, out control.DoraOutcome) {
	words := map[control.Outcome]string{
		control.Created: "made", control.Replaced: "replaced", control.Added: "added to", control.Unchanged: "there already",
	}
	for _, list := range []struct {
		what string
		of   map[string]control.Outcome
	}{{"connection", out.Connections}, {"team", out.Teams}, {"service", out.Services}} {
		for _, name := range slices.Sorted(maps.Keys(list.of)) {
			say(w, "%s %s: %s\n", list.what, name, words[list.of[name]])
		}
	}
	if out.Catalog != control.NotGiven {
		say(w, "catalog: %s\n", words[out.Catalog])
	}
	switch n := len(plan.Import.Counters); {
	case n > 0 && out.Counters == 0:
		say(w, "counters: there already\n")
	case n > 0:
		say(w, "counters: %d series taken over\n", out.Counters)
	}
}

// sayWebhookSecrets shows the secrets that were made, which nothing shows again.
func sayWebhookSecrets(w io.Writer, out control.DoraOutcome, secrets map[string]string) {
	for _, name := range slices.SortedFunc(maps.Keys(out.Missing), cmp.Compare[string]) {
		if out.Missing[name] {
			say(w, "\nThe webhook secret of the connection %s, shown this once:\n  %s\n", name, secrets[name])
		}
	}
}
