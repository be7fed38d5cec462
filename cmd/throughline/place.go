package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"throughline/internal/config"
	"throughline/internal/delivery"
	"throughline/internal/store/clickhousestore"
	"throughline/internal/store/sqlitestore"
)

// storePlace is where a fact store is, as a command line names it.
type storePlace struct {
	file    string // of SQLite, else ""
	address clickhousestore.Address
}

// placeUsage says how a place is named.
const placeUsage = "sqlite (facts.db of the data directory), sqlite:PATH, or clickhouse://USER@HOST:9000/DATABASE and what else THROUGHLINE_STORE may be; " +
	"env:NAME or file:PATH, a variable or a file that holds one of these, keep a password from those who see the command line"

// maxPlace bounds a file that holds a storePlace, in bytes.
const maxPlace = 64 << 10

// parsePlace reads the name of a place. The error holds nothing of it that may be
// secret.
func parsePlace(text string, environ []string, dataDir string) (storePlace, error) {
	kind, rest, _ := strings.Cut(text, ":")
	switch kind {
	case "env":
		value, ok := lookupEnv(environ, rest)
		if !ok || value == "" {
			return storePlace{}, fmt.Errorf("the variable %s is not set", rest)
		}
		p, err := parsePlainPlace(value, dataDir)
		return p, inside("the variable "+rest, err)
	case "file":
		value, err := readPlace(rest)
		if err != nil {
			return storePlace{}, err
		}
		p, err := parsePlainPlace(value, dataDir)
		return p, inside(rest, err)
	}
	return parsePlainPlace(text, dataDir)
}

func inside(where string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", where, err)
	}
	return nil
}

func readPlace(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // read only
	text, err := io.ReadAll(io.LimitReader(f, maxPlace+1))
	if err == nil && len(text) > maxPlace {
		err = fmt.Errorf("%s is larger than %d bytes: it is not the address of a store", path, maxPlace)
	}
	return strings.TrimSpace(string(text)), err
}

func parsePlainPlace(text, dataDir string) (storePlace, error) {
	path, named := strings.CutPrefix(text, "sqlite:")
	switch {
	case text == "sqlite":
		path = filepath.Join(dataDir, "facts.db")
	case named && path == "":
		return storePlace{}, errors.New("sqlite: names no file")
	case named:
	case clickhousestore.IsAddress(text):
		address, err := clickhousestore.ParseAddress(text)
		return storePlace{address: address}, err
	default:
		return storePlace{}, errors.New("not a store: it is " + placeUsage)
	}
	path, err := filepath.Abs(path)
	return storePlace{file: path}, err
}

// String is the place without secrets.
func (p storePlace) String() string {
	if p.file != "" {
		return p.file
	}
	return p.address.String()
}

// serving says what has to be set for a server to use the place.
func (p storePlace) serving(dataDir string) string {
	const store = config.Prefix + "STORE"
	switch {
	case p.file == "":
		return store + " naming " + p.String()
	case sameFile(p.file, filepath.Join(dataDir, "facts.db")):
		return store + "=sqlite"
	}
	return p.file + " as facts.db of the data directory and " + store + "=sqlite"
}

// same reports whether two places are one, as far as their names tell.
func (p storePlace) same(other storePlace) bool {
	if p.file == "" || other.file == "" {
		return p.file == other.file && withoutUser(p) == withoutUser(other)
	}
	return sameFile(p.file, other.file)
}

func withoutUser(p storePlace) string {
	text := p.address.String()
	return text[strings.LastIndexByte(text, '@')+1:]
}

// mustExist sees that there is a file to read from: opening it would make one.
func (p storePlace) mustExist() error {
	if p.file == "" {
		return nil
	}
	_, err := os.Stat(p.file)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is not there: is its name right, and THROUGHLINE_DATA_DIR?", p.file)
	}
	return err
}

// open opens the store at the place.
func (p storePlace) open(ctx context.Context) (delivery.Store, error) {
	if p.file != "" {
		store, err := sqlitestore.Open(ctx, p.file)
		if err != nil {
			return nil, err // not a nil *Store in an interface
		}
		return store, nil
	}
	store, err := clickhousestore.Open(ctx, p.address)
	if err != nil {
		if store != nil {
			err = errors.Join(err, store.Close())
		}
		return nil, err
	}
	return store, nil
}

// dirs are the data directories that a copy between places works in: ours, and
// another one that a file is in.
func dirs(ours string, places ...storePlace) []string {
	out := []string{ours}
	for _, p := range places {
		dir := filepath.Dir(p.file)
		_, err := os.Stat(filepath.Join(dir, "throughline.lock"))
		if p.file != "" && err == nil && !slices.ContainsFunc(out, func(d string) bool { return sameFile(d, dir) }) {
			out = append(out, dir)
		}
	}
	return out
}

func sameFile(a, b string) bool {
	x, err1 := os.Stat(a)
	y, err2 := os.Stat(b)
	return a == b || err1 == nil && err2 == nil && os.SameFile(x, y)
}
