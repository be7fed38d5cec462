package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"throughline/internal/config"
	"throughline/internal/control"
	"throughline/internal/inbox"
	"throughline/internal/secret"
	"throughline/internal/sqlite"
)

// restoreSpare is how much of the disk stays free beside what is restored.
const restoreSpare = 16 << 20

func defineRestore(*flag.FlagSet) action {
	return func(ctx context.Context, p program) error { return restore(ctx, p, p.args[0]) }
}

// restore puts what a backup holds in the place of what the data directory
// holds. Everything is verified before anything changes.
func restore(ctx context.Context, p program, file string) (err error) {
	cfg, err := readConfig(p.environ)
	if err != nil {
		return configError(err)
	}
	in, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	lock, err := lockDir(cfg.DataDir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	s := swap{cfg.DataDir, os.Rename}
	if aside, err := s.finish(); err != nil {
		return err
	} else if aside != "" {
		say(p.stdout, "a restore that was cut off is finished first; what was there before it is in %s\n", aside)
	}
	staging := filepath.Join(cfg.DataDir, stagingName)
	m, closed, err := stage(ctx, cfg, in, staging)
	if err != nil {
		return errors.Join(fmt.Errorf("restore: %s: %w; nothing was changed", file, err), os.RemoveAll(staging))
	}
	if err := ctx.Err(); err != nil {
		return errors.Join(err, os.RemoveAll(staging))
	}
	if err := makeReady(cfg.DataDir, staging, m); err != nil {
		return errors.Join(fmt.Errorf("restore: %w; nothing was changed", err), os.RemoveAll(staging))
	}
	aside, err := s.finish()
	if err != nil {
		return err
	}
	sayRestored(p.stdout, cfg, m, aside, closed)
	return nil
}

// stage unpacks and verifies a backup in a directory of its own, and names the
// connections whose credentials will not open.
func stage(ctx context.Context, cfg config.Config, in io.Reader, staging string) (m manifest, closed []string, err error) {
	if err := os.Mkdir(staging, 0o700); err != nil {
		return m, nil, err
	}
	plain, err := unsealed(cfg, in)
	if err != nil {
		return m, nil, explainSealed(cfg, err)
	}
	u, m, err := unpack(plain)
	if err != nil {
		return m, nil, explainSealed(cfg, err)
	}
	if err := enoughSpace(cfg.DataDir, m.size()); err != nil {
		return m, nil, err
	}
	for _, f := range m.Members {
		if err := u.extract(ctx, f, staging); err != nil {
			return m, nil, explainSealed(cfg, err)
		}
	}
	if err := u.end(); err != nil {
		return m, nil, explainSealed(cfg, err)
	}
	for i, d := range m.databases() {
		schema, err := sqlite.Verify(ctx, filepath.Join(staging, d.name), d.migrations)
		if err != nil {
			return m, nil, err
		}
		if want := m.Members[i].Schema; schema == 0 || schema != want {
			return m, nil, fmt.Errorf("%w: %s has not the tables that belong there: its schema is %d, and the backup says %d", errNoBackup, d.name, schema, want)
		}
	}
	if m.Format == inboxless {
		if err := emptyInbox(ctx, staging); err != nil {
			return m, nil, err
		}
	}
	closed, err = closedConnections(ctx, cfg, m, staging)
	return m, closed, err
}

// emptyInbox makes the inbox that goes with a backup that holds none: the one that
// is there knows of facts that are not restored.
func emptyInbox(ctx context.Context, staging string) error {
	db, err := inbox.Open(ctx, filepath.Join(staging, inboxFile))
	if err != nil {
		return err
	}
	return db.Close()
}

// unsealed is what in holds, opened with the secret key if it is sealed.
func unsealed(cfg config.Config, in io.Reader) (io.Reader, error) {
	r := bufio.NewReader(in)
	head, err := r.Peek(len(secret.Magic))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if !bytes.Equal(head, []byte(secret.Magic)) {
		return r, nil
	}
	key, err := currentKey(cfg)
	if err != nil {
		return nil, err
	}
	if key == nil {
		return nil, fmt.Errorf("it is sealed with the secret key, and there is none: put the key into %s (chmod 600), or set %sSECRET_KEY",
			filepath.Join(cfg.DataDir, keyFile), config.Prefix)
	}
	return secret.NewSealReader(key, r)
}

// explainSealed says what an error in opening a sealed backup means.
func explainSealed(cfg config.Config, err error) error {
	switch {
	case errors.Is(err, secret.ErrSealed):
		return fmt.Errorf("it is sealed with another secret key than %s, or it was changed or not copied completely", keyPlace(cfg))
	case errors.Is(err, secret.ErrCut):
		return errors.New("its end is missing: it was not copied completely")
	}
	return err
}

// enoughSpace refuses what would fill the disk.
func enoughSpace(dir string, need int64) error {
	free, err := freeSpace(dir)
	if err != nil {
		return err
	}
	if need += restoreSpare; free < need {
		return fmt.Errorf("it needs %s of disk in %s, where %s are free", size(need), dir, size(free))
	}
	return nil
}

// freeSpace is how many bytes the disk that holds dir still takes.
func freeSpace(dir string) (int64, error) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return 0, fmt.Errorf("free space of %s: %w", dir, err)
	}
	return int64(fs.Bavail) * int64(fs.Bsize), nil //nolint:unconvert // other types on other systems
}

// closedConnections opens a copy of the restored control database as serve will,
// with the key that serve will have, and names the connections that it would
// have to pause.
func closedConnections(ctx context.Context, cfg config.Config, m manifest, staging string) (names []string, err error) {
	key := cfg.SecretKey
	if key == nil && m.has(keyFile) {
		if key, err = secret.LoadKey(filepath.Join(staging, keyFile)); err != nil {
			return nil, err
		}
	}
	if key == nil {
		if key, err = currentKey(cfg); err != nil {
			return nil, err
		}
	}
	if key == nil {
		key = make([]byte, secret.KeySize) // serve will make one, which opens as little
	}
	err = withCopy(ctx, filepath.Join(staging, controlFile), []string{staging}, key, func(db *control.DB) error {
		names, err = sealedOff(ctx, db)
		return err
	})
	return names, err
}

// sealedOff names the connections whose credentials another key sealed.
func sealedOff(ctx context.Context, db *control.DB) (names []string, err error) {
	connections, err := db.Connections(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range connections {
		if _, _, err := db.Config(ctx, c); errors.Is(err, secret.ErrSealed) {
			names = append(names, c.Name)
		} else if err != nil {
			return nil, err
		}
	}
	return names, nil
}

// makeReady makes what is staged ready: from there on it will be in force.
func makeReady(dataDir, staging string, m manifest) error {
	plan := swapPlan{Aside: asideName(dataDir, time.Now())}
	for _, f := range m.Members {
		plan.Files = append(plan.Files, f.Name)
	}
	if !m.has(inboxFile) {
		plan.Files = append(plan.Files, inboxFile) // the empty one
	}
	text, err := json.Marshal(plan)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(staging, planName), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close(), syncDir(staging), giveTo(dataDir, staging)); err != nil {
		return err
	}
	if err := os.Rename(staging, filepath.Join(dataDir, readyName)); err != nil {
		return err
	}
	return syncDir(dataDir)
}

// giveTo makes what root has put into path, a file or a directory of files, the
// property of whoever owns the data directory: the server does not run as root.
func giveTo(dataDir, path string) error {
	owner, err := os.Stat(dataDir)
	if err != nil {
		return err
	}
	id, ok := owner.Sys().(*syscall.Stat_t)
	if os.Geteuid() != 0 || !ok {
		return nil
	}
	return filepath.WalkDir(path, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, int(id.Uid), int(id.Gid))
	})
}

// asideName is a name that nothing in the data directory has.
func asideName(dataDir string, now time.Time) string {
	first := "before-restore-" + now.Format("20060102-150405")
	name := first
	for i := 2; ; i++ {
		if _, err := os.Lstat(filepath.Join(dataDir, name)); errors.Is(err, fs.ErrNotExist) {
			return name
		}
		name = fmt.Sprintf("%s-%d", first, i)
	}
}

func sayRestored(w io.Writer, cfg config.Config, m manifest, aside string, closed []string) {
	say(w, "restored the backup of %s, made by version %.50q:\n", m.MadeAt.Local().Format(time.DateTime), m.Program)
	for i, d := range m.databases() {
		say(w, "  %-11s %10s  %s\n", d.name, size(m.Members[i].Size), d.what)
	}
	if !m.has(inboxFile) {
		say(w, "  %-11s %10s  the backup holds none: it was made before there was one\n", inboxFile, "empty")
	}
	if m.has(keyFile) {
		say(w, "  %-11s %10s  the secret key\n", keyFile, "")
		if cfg.SecretKey != nil {
			say(w, "%sSECRET_KEY is set and counts, not the key of the backup.\n", config.Prefix)
		}
	}
	sayFacts(w, cfg, m)
	say(w, "What was there before is in %s; remove it when all is well.\n", aside)
	if len(closed) > 0 {
		say(w, "The secret key is not the one that these connections' credentials were sealed with: %s.\n"+
			"They will be paused until that key is put back into %s (or %sSECRET_KEY), or their credentials are entered again.\n",
			strings.Join(closed, ", "), filepath.Join(cfg.DataDir, keyFile), config.Prefix)
	}
	say(w, "Everybody has to sign in again. Start the server now.\n")
}

// sayFacts says what becomes of the facts where the backup and the server do not
// keep them in the same kind of store. Cursors that belong to other facts begin
// anew at the start; what was pushed has no cursor.
func sayFacts(w io.Writer, cfg config.Config, m manifest) {
	left, used := m.Facts == inClickHouse, cfg.Store != sqliteStore
	switch {
	case left && used:
		say(w, "The facts are not in it: they are in ClickHouse, %s. If they are lost too, restore the backup of ClickHouse that was made after this one; else everything is fetched again.\n", storeName(cfg))
	case left:
		say(w, "The facts are not in it: they were in ClickHouse, and %sSTORE says %s. Everything is fetched again from the start; set it to the address of ClickHouse before the start if they are to be used.\n", config.Prefix, sqliteStore)
	case used:
		say(w, "Its facts are of no use to ClickHouse, %s: what is missing there is fetched again from the start. Unset %sSTORE before the start if they are to be used.\n", storeName(cfg), config.Prefix)
	}
	if (left || used) && m.has(inboxFile) {
		say(w, "What was pushed is not fetched again: for 30 days after it came it can be replayed on the page /inbox.\n")
	}
}
