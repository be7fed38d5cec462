package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"throughline/internal/config"
	"throughline/internal/control"
	"throughline/internal/importer"
	"throughline/internal/secret"
	"throughline/internal/source/sentry"
	"throughline/internal/source/tracker"
)

// importOptions are the flags of import-env.
type importOptions struct {
	name, database, state, since, skip string
	replace, dry                       bool
}

func defineImportEnv(flags *flag.FlagSet) action {
	var o importOptions
	flags.StringVar(&o.name, "name", "", "call the connection `NAME` instead of tracker or sentry")
	flags.StringVar(&o.database, "database", "throughline", "keep our own facts in the ClickHouse database `NAME`, beside tracker-exporter's")
	flags.StringVar(&o.state, "state", "", "read the position from `FILE` instead of where FILE says it is")
	flags.StringVar(&o.since, "since", "", "go on from `TIME`, 2026-01-31T12:00:00+03:00 or 2026-01-31[ 12:00[:00]] in the zone of FILE, instead of a state")
	flags.StringVar(&o.skip, "skip", "", "leave parts out, a `LIST` of "+strings.Join(importer.Parts(), ", "))
	flags.BoolVar(&o.replace, "replace", false, "put what FILE says in the place of a connection, calendar, workflow or address that is there and differs")
	flags.BoolVar(&o.dry, "dry-run", false, "write nothing, and say what would be")
	return func(ctx context.Context, p program) error { return importEnv(ctx, p, p.args[0], o) }
}

// importEnv takes over the settings of tracker-exporter or sentry-prometheus-exporter,
// beside a running server or without one.
func importEnv(ctx context.Context, p program, file string, o importOptions) error {
	cfg, provision, err := loadConfig(p.environ)
	if err != nil {
		return err
	}
	plan, err := planImport(p, cfg, file, o)
	if err != nil {
		return err
	}
	if err := settled(cfg.DataDir); err != nil {
		return err
	}
	store := storeImport
	if o.dry {
		store = tryImport
	}
	plan.Imported.Replace = o.replace
	i := importing{cfg, plan, provision.Declared(), nil}
	out, err := store(control.WithCommand(ctx, "import-env"), &i)
	if conflict, ok := errors.AsType[*control.ImportError](err); ok {
		return refusedImport(cfg, conflict)
	}
	if err != nil {
		return fmt.Errorf("import-env: %w", err)
	}
	say(p.stdout, "%s", plan.Report.String())
	i.sayOutcome(p.stdout, out)
	if o.dry {
		say(p.stdout, "\nDry run: nothing was written.\n")
		return nil
	}
	say(p.stdout, "\nStored in %s. A server at work there takes it up within a minute.\n", cfg.DataDir)
	return nil
}

// planImport reads FILE. The error is a *usageError when it or a flag is to
// blame.
func planImport(p program, cfg config.Config, file string, o importOptions) (*importer.Plan, error) {
	wrong := func(format string, args ...any) error {
		return &usageError{fmt.Errorf("import-env: "+format, args...)}
	}
	var skip []string
	for _, part := range strings.FieldsFunc(o.skip, func(r rune) bool { return r == ',' || r == ' ' }) {
		if !slices.Contains(importer.Parts(), part) {
			return nil, wrong("--skip: %q is none of %s", part, strings.Join(importer.Parts(), ", "))
		}
		skip = append(skip, part)
	}
	if o.since != "" && o.state != "" {
		return nil, wrong("--since and --state exclude each other: give one position")
	}
	if slices.Contains(skip, importer.PartPosition) && o.since+o.state != "" {
		return nil, wrong("--skip position goes with neither --since nor --state")
	}
	data, err := readSmall(file)
	if err != nil {
		return nil, wrong("%w", err)
	}
	plan, err := importer.New(importer.Options{
		File: file, Data: data, Name: o.name, Database: o.database, State: o.state, Since: o.since, Skip: skip, DataDir: cfg.DataDir,
		Lookup:   func(name string) (string, bool) { return lookupEnv(p.environ, name) },
		ReadFile: readSmall, Kind: tracker.Kind(), Sentry: sentry.Kind(), CursorSince: tracker.CursorSince, Now: time.Now(),
	})
	if err != nil {
		return nil, wrong("nothing was written:\n  %s", strings.ReplaceAll(err.Error(), "\n", "\n  "))
	}
	return plan, nil
}

// maxSettings bounds what readSmall reads, in bytes.
const maxSettings = 5 << 20

// readSmall reads a file that somebody named.
func readSmall(path string) (data []byte, err error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, fmt.Errorf("%s is a directory; name the file in it", path)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if data, err = io.ReadAll(io.LimitReader(f, maxSettings+1)); err != nil {
		return nil, err
	}
	if len(data) > maxSettings {
		return nil, fmt.Errorf("%s is larger than 5 MiB: not a file of settings", path)
	}
	return data, nil
}

// importing is an import to be carried out.
type importing struct {
	cfg      config.Config
	plan     *importer.Plan
	declared control.Declared
	written  []string // files that are not there as they are to be
}

// tryImport imports into a copy of the control database.
func tryImport(ctx context.Context, i *importing) (out control.ImportOutcome, err error) {
	err = withControlCopy(ctx, i.cfg, func(db *control.DB) error {
		out, err = i.store(ctx, db)
		return err
	})
	return out, err
}

// withControlCopy hands out a copy of the control database that is thrown away.
func withControlCopy(ctx context.Context, cfg config.Config, use func(db *control.DB) error) error {
	key, err := currentKey(cfg)
	if err != nil {
		return err
	}
	if key == nil {
		key = make([]byte, secret.KeySize) // what it seals is thrown away
	}
	return withCopy(ctx, filepath.Join(cfg.DataDir, controlFile), []string{"", "/dev/shm"}, key, use)
}

// withControl hands out the control database, beside a running server or without one,
// and makes what is not there yet.
func withControl(ctx context.Context, cfg config.Config, use func(db *control.DB) error) (err error) {
	dir := cfg.DataDir
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return dirError(err)
	}
	box, err := openBox(cfg)
	if err != nil {
		return err
	}
	db, err := control.Open(ctx, filepath.Join(dir, controlFile), box)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close(), giveFiles(dir)) }()
	return use(db)
}

// storeImport imports for good. Files are put in their places once the database
// has taken the rest.
func storeImport(ctx context.Context, i *importing) (out control.ImportOutcome, err error) {
	dir := i.cfg.DataDir
	err = withControl(ctx, i.cfg, func(db *control.DB) error {
		var temps []string
		defer func() {
			for _, temp := range temps {
				_ = os.Remove(temp) // gone already when all went well
			}
		}()
		for _, f := range i.plan.Files {
			temp, err := writeTemp(dir, f)
			if temp != "" {
				temps = append(temps, temp)
			}
			if err != nil {
				return dirError(err)
			}
		}
		if out, err = i.store(ctx, db); err != nil {
			return err
		}
		for n, f := range i.plan.Files {
			if err := os.Rename(temps[n], filepath.Join(dir, f.Name)); err != nil {
				return dirError(err)
			}
		}
		return nil
	})
	return out, err
}

// writeTemp writes a file that only its owner may read under another name.
func writeTemp(dir string, f importer.File) (path string, err error) {
	temp, err := os.CreateTemp(dir, "."+f.Name+"-")
	if err != nil {
		return "", err
	}
	_, err = temp.WriteString(f.Text + "\n")
	return temp.Name(), errors.Join(err, temp.Sync(), temp.Close(), giveTo(dir, temp.Name()))
}

// giveFiles gives what root has made in the data directory to its owner.
func giveFiles(dir string) error {
	var errs []error
	for _, name := range []string{controlFile, controlFile + "-wal", controlFile + "-shm", keyFile} {
		if path := filepath.Join(dir, name); exists(path) {
			errs = append(errs, giveTo(dir, path))
		}
	}
	return errors.Join(errs...)
}

// store imports into db. What stands in the way is reported all at once, files
// included.
func (i *importing) store(ctx context.Context, db *control.DB) (control.ImportOutcome, error) {
	var conflicts []control.ImportConflict
	for _, f := range i.plan.Files {
		text, err := os.ReadFile(filepath.Join(i.cfg.DataDir, f.Name))
		switch {
		case errors.Is(err, os.ErrNotExist):
			i.written = append(i.written, f.Name)
		case err != nil:
			return control.ImportOutcome{}, err
		case strings.TrimRight(string(text), "\r\n") == f.Text:
		case i.plan.Imported.Replace:
			i.written = append(i.written, f.Name)
		default:
			conflicts = append(conflicts, control.ImportConflict{Object: "file", Name: f.Name})
		}
	}
	if conflicts == nil {
		return db.Import(ctx, i.plan.Imported, i.declared)
	}
	err := db.TryImport(ctx, i.plan.Imported, i.declared)
	if conflict, ok := errors.AsType[*control.ImportError](err); ok {
		conflicts = append(conflict.Conflicts, conflicts...)
	} else if err != nil {
		return control.ImportOutcome{}, err
	}
	return control.ImportOutcome{}, &control.ImportError{Conflicts: conflicts}
}

// refusedImport says what stands in the way, and what to do.
func refusedImport(cfg config.Config, e *control.ImportError) error {
	var lines []string
	for _, c := range e.Conflicts {
		what, instead := strings.TrimSpace("the "+c.Object+" "+c.Name), "--skip "+c.Object
		switch c.Object {
		case "connection":
			instead = "--name with another name"
		case "file":
			what, instead = "the file "+filepath.Join(cfg.DataDir, c.Name), "--skip store"
			if c.Name != importer.AddressFile {
				instead = "move it away"
			}
		}
		switch {
		case c.Provisioned:
			lines = append(lines, fmt.Sprintf("%s is declared in the provisioning file and read-only here: change it there, or give %s", what, instead))
		case c.Kind != "":
			lines = append(lines, fmt.Sprintf("%s is one of the kind %s: give %s", what, c.Kind, instead))
		case len(c.Differs) > 0:
			lines = append(lines, fmt.Sprintf("%s is there and differs in: %s; give --replace to put this one in its place, or %s", what, strings.Join(c.Differs, ", "), instead))
		default:
			lines = append(lines, fmt.Sprintf("%s is there and says something else; give --replace to put this one in its place, or %s", what, instead))
		}
	}
	return fmt.Errorf("import-env: nothing was written:\n  %s", strings.Join(lines, "\n  "))
}

// sayOutcome says what became of each object.
func (i *importing) sayOutcome(w io.Writer, out control.ImportOutcome) {
	words := map[control.Outcome]string{
		control.Created: "made", control.Replaced: "replaced", control.Unchanged: "there already, as the file says",
		control.Kept: "not taken: the connection was synced already and goes on from there; give --since or --state with --replace to go back",
	}
	for _, line := range []struct {
		what    string
		outcome control.Outcome
	}{
		{"connection " + i.plan.Imported.Connection.Name, out.Connection},
		{"position", out.Start},
		{"calendar", out.Calendar},
		{"workflow", out.Workflow},
	} {
		if line.outcome != control.NotGiven {
			say(w, "%s: %s\n", line.what, words[line.outcome])
		}
	}
	for _, f := range i.plan.Files {
		word := words[control.Unchanged]
		if slices.Contains(i.written, f.Name) {
			word = "written"
		}
		say(w, "file %s: %s\n", f.Name, word)
	}
}
