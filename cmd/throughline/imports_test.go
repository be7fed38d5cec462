package main

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// imports says which packages of ours each package may import. A pattern that
// ends in /* stands for the folders below it; cmd may import everything.
var imports = map[string][]string{
	"internal/delivery":                {},
	"internal/secret":                  {},
	"internal/config":                  {},
	"internal/safehttp":                {},
	"internal/sqlite":                  {},
	"migrations":                       {},
	"static":                           {},
	"internal/holidays":                {},
	"internal/i18n":                    {},
	"internal/catalog":                 {},
	"internal/telemetry":               {},
	"internal/picture":                 {"internal/delivery"},
	"internal/upkeep":                  {},
	"internal/doraexport":              {"internal/delivery", "internal/upkeep"},
	"internal/sentryexport":            {"internal/delivery", "internal/upkeep"},
	"internal/source":                  {"internal/delivery"},
	"internal/source/*":                {"internal/delivery", "internal/source"},
	"internal/store/sqlitestore":       {"internal/delivery", "internal/sqlite", "migrations"},
	"internal/store/storecopy":         {"internal/delivery"},
	"internal/control":                 {"internal/delivery", "internal/source", "internal/secret", "internal/sqlite", "migrations", "internal/holidays"},
	"internal/inbox":                   {"internal/sqlite", "migrations"},
	"internal/importer":                {"internal/control", "internal/source"},
	"internal/worker":                  {"internal/control", "internal/delivery", "internal/inbox", "internal/source"},
	"internal/simulator":               {"internal/delivery"},
	"views":                            {"internal/delivery", "internal/i18n", "static"},
	"web":                              {"internal/control", "internal/delivery", "internal/i18n", "internal/inbox", "internal/picture", "internal/source", "static", "views"},
	"cmd/throughline":                  {"*"},
	"internal/source/sourcetest":       {"*"}, // suites for tests may import what they test
	"internal/store/storetest":         {"*"},
	"internal/store/clickhousestore":   {"internal/delivery", "internal/store/clickhousestore/dropin", "migrations"},
	"internal/store/clickhousestore/*": {"internal/delivery", "migrations"},
	engine:                             {},
	engine + "/*":                      {},
}

const (
	module = "throughline/"
	engine = "internal/store/clickhousestore/chtest"
)

// TestImports keeps the architecture: who imports whom is decided in the table
// above and nowhere else.
func TestImports(t *testing.T) {
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && d.Name() != "..") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, filepath.Dir(file))
		if err != nil {
			return err
		}
		pkg := filepath.ToSlash(rel)
		allowed, known := allowedImports(pkg)
		if !known {
			return fmt.Errorf("%s: package %s has no place in the table of imports", file, pkg)
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range parsed.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			ours, isOurs := strings.CutPrefix(name, module)
			switch {
			case isOurs && strings.HasPrefix(ours, engine) && !strings.HasPrefix(pkg, engine):
				t.Errorf("%s imports %s: an engine for tests is no part of the program", file, ours)
			case isOurs && !slices.Contains(allowed, "*") && !slices.Contains(allowed, ours):
				t.Errorf("%s imports %s", file, ours)
			case pkg == "internal/delivery" && strings.Contains(strings.Split(name, "/")[0], "."):
				t.Errorf("%s imports %s: the domain uses the standard library only", file, name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func allowedImports(pkg string) ([]string, bool) {
	if allowed, ok := imports[pkg]; ok {
		return allowed, true
	}
	allowed, ok := imports[path.Dir(pkg)+"/*"]
	return allowed, ok
}
