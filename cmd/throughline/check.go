package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"throughline/internal/config"
	"throughline/internal/control"
	"throughline/internal/secret"
	"throughline/internal/sqlite"
)

// littleSpace is when the disk counts as full.
const littleSpace = 100 << 20

// checking is a check under way; it says what it finds, a line each.
type checking struct {
	w         io.Writer
	cfg       config.Config
	provision *control.Provision
	faults    int
	factless  bool   // there is a control database, and no facts
	identity  string // of the facts in ClickHouse, "" when there are none or they are not looked at
}

// good, open and bad are what can be said of a thing: all is well, there is
// nothing to check yet, or something is to be done.
func (c *checking) good(format string, args ...any) { say(c.w, "✓ "+format+"\n", args...) }
func (c *checking) open(format string, args ...any) { say(c.w, "– "+format+"\n", args...) }
func (c *checking) bad(format string, args ...any) {
	c.faults++
	say(c.w, "✗ "+format+"\n", args...)
}

// check tries everything that a start and the first sync need, beside a running
// server or without one, and changes nothing.
func check(ctx context.Context, p program) error {
	cfg, provision, err := loadConfig(p.environ)
	if err != nil {
		return err
	}
	c := &checking{w: p.stdout, cfg: cfg, provision: provision}
	c.good("configuration")
	c.dataDir()
	if cfg.Store != sqliteStore {
		c.clickhouse(ctx)
	}
	if err := settled(cfg.DataDir); err != nil {
		c.bad("restore: %v", err)
	} else if sound := c.databases(ctx); sound {
		if err := c.control(ctx); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if c.faults > 0 {
		say(p.stdout, "\nWhat is marked ✗ needs you: %d.\n", c.faults)
		return errReported
	}
	say(p.stdout, "\nAll is well.\n")
	return nil
}

// dataDir looks at the directory itself.
func (c *checking) dataDir() {
	dir := c.cfg.DataDir
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		parent := existing(dir)
		if err := syscall.Access(parent, accessWrite); err != nil {
			c.bad("data directory %s: not there, and cannot be made: %s: %v; make it, for the user who runs this program", dir, parent, err)
			return
		}
		c.open("data directory %s: not there yet; it is made at the first start", dir)
		return
	case err != nil:
		c.bad("data directory: %v", err)
		return
	case !info.IsDir():
		c.bad("data directory %s: it is a file; set %sDATA_DIR to a directory", dir, config.Prefix)
		return
	}
	if err := syscall.Access(dir, accessWrite); err != nil {
		c.bad("data directory %s: cannot be written to: %v; it must belong to user %d, who runs this program, on a disk that is not read-only", dir, err, os.Geteuid())
		return
	}
	free, err := freeSpace(dir)
	switch {
	case err != nil:
		c.bad("data directory: %v", err)
	case free < littleSpace:
		c.bad("data directory %s: only %s free; free some space on its disk", dir, size(free))
	default:
		c.good("data directory %s: writable, %s free, %s", dir, size(free), usedBy(dir))
	}
}

// accessWrite asks for entering a directory and writing in it.
const accessWrite = 0x2 | 0x1

// existing is the nearest directory above path that there is.
func existing(path string) string {
	path, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	for {
		if _, err := os.Stat(path); err == nil || filepath.Dir(path) == path {
			return path
		}
		path = filepath.Dir(path)
	}
}

// databases reads the files as far as they are there, and reports whether the
// control database can be looked into.
func (c *checking) databases(ctx context.Context) (sound bool) {
	sound = true
	for _, d := range databases(c.cfg.Store) {
		path := filepath.Join(c.cfg.DataDir, d.name)
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			if d.name == factsFile && exists(filepath.Join(c.cfg.DataDir, controlFile)) {
				c.factless = true // what it means the control database says
				continue
			}
			c.open("%s: not there yet; it is made at the first start", d.name)
			continue
		}
		var has, newest, bytes int64
		if err == nil {
			err = mine(path)
		}
		if err == nil {
			bytes = info.Size()
			if log, err := os.Stat(path + "-wal"); err == nil {
				bytes += log.Size()
			}
			has, err = sqlite.Verify(ctx, path, d.migrations)
		}
		if err == nil {
			newest, err = sqlite.Newest(d.migrations)
		}
		switch {
		case err != nil:
			c.bad("%s: %v", d.name, err)
			sound = sound && d.name != controlFile
		case has < newest:
			c.good("%s: %s, sound; its schema is %d and becomes %d at the next start", d.name, size(bytes), has, newest)
		default:
			c.good("%s: %s, sound, schema %d", d.name, size(bytes), has)
		}
		if d.name == inboxFile && err == nil && has > 0 {
			c.received(ctx, path)
		}
	}
	return sound
}

// mine refuses a file that belongs to somebody else.
func mine(path string) error {
	const readAndWrite = 0x4 | 0x2
	err := syscall.Access(path, readAndWrite)
	if errors.Is(err, syscall.EROFS) { // said of the directory
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w; it must belong to user %d, who runs this program", err, os.Geteuid())
	}
	return nil
}

// control looks at the key and at each connection, in a copy of the control
// database to which the provisioning file has been applied, as a start would.
func (c *checking) control(ctx context.Context) error {
	key, err := currentKey(c.cfg)
	if err != nil {
		c.bad("secret key: %v", err)
		return nil
	}
	used := key
	if key == nil {
		used = make([]byte, secret.KeySize) // opens nothing
	}
	temps := []string{"", "/dev/shm", c.cfg.DataDir}
	err = withCopy(ctx, filepath.Join(c.cfg.DataDir, controlFile), temps, used, func(db *control.DB) error {
		if err := applyProvision(ctx, db, c.cfg, c.provision); err != nil {
			return err
		}
		if err := c.facts(ctx, db); err != nil {
			return err
		}
		closed, err := sealedOff(ctx, db)
		if err != nil {
			return err
		}
		connections, err := db.Connections(ctx)
		if err != nil {
			return err
		}
		c.key(key != nil, len(closed), connections)
		if err := c.catalog(ctx, db); err != nil {
			return err
		}
		return c.connections(ctx, db, connections)
	})
	if _, wrong := errors.AsType[*usageError](err); wrong || err == nil || ctx.Err() != nil {
		return err
	}
	if errors.Is(err, errNoCopy) {
		c.bad("connections: not tried: %v; set TMPDIR to a directory that can be written to", err)
		return nil
	}
	c.bad("%s: %v", controlFile, err)
	return nil
}

// facts says what the lack of a fact store means.
func (c *checking) facts(ctx context.Context, db *control.DB) error {
	if c.cfg.Store != sqliteStore {
		return c.sameFacts(ctx, db)
	}
	if !c.factless {
		return nil
	}
	synced, err := db.HasCursors(ctx)
	switch {
	case err != nil:
		return err
	case synced:
		c.bad("%s is missing: everything will be fetched again; put it back, restore a backup, or start the server to begin anew", factsFile)
	default:
		c.open("%s: not there yet; it is made at the first start", factsFile)
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// key says whether the secret key opens what is sealed.
func (c *checking) key(there bool, closed int, connections []control.Connection) {
	sealed := 0
	for _, connection := range connections {
		if len(connection.Secrets) > 0 {
			sealed++
		}
	}
	place := keyPlace(c.cfg)
	switch {
	case !there && closed > 0:
		c.bad("secret key: %s is not there, and the credentials of %s are sealed with one; put it back, or enter them again", place, connectionCount(closed))
	case !there:
		c.open("secret key: not there yet; %s is made at the first start", place)
	case closed > 0:
		c.bad("secret key: %s does not open the credentials of %s; put the right key back, or enter them again", place, connectionCount(closed))
	case sealed == 0:
		c.good("secret key: %s; nothing is sealed with it yet", place)
	default:
		c.good("secret key: %s opens the credentials of %s", place, connectionCount(sealed))
	}
}

func connectionCount(n int) string {
	if n == 1 {
		return "1 connection"
	}
	return fmt.Sprintf("%d connections", n)
}
