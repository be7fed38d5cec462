package main

import (
	"context"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"throughline/internal/config"
	"throughline/internal/control"
	"throughline/internal/secret"
	"throughline/internal/sqlite"
)

// backupOptions are the flags of backup.
type backupOptions struct{ seal, withKey, force bool }

func defineBackup(flags *flag.FlagSet) action {
	var o backupOptions
	flags.BoolVar(&o.seal, "seal", false, "encrypt the whole file with the secret key, without which nobody can read it")
	flags.BoolVar(&o.withKey, "with-key", false, "put the secret key in: the file then opens every credential")
	flags.BoolVar(&o.force, "force", false, "replace FILE if it exists")
	return func(ctx context.Context, p program) error { return backup(ctx, p, p.args[0], o) }
}

// backup copies what the data directory holds into one file, beside a running
// server or without one.
func backup(ctx context.Context, p program, file string, o backupOptions) error {
	cfg, err := readConfig(p.environ)
	if err != nil {
		return configError(err)
	}
	if o.seal && o.withKey {
		return &usageError{errors.New("backup: --seal and --with-key exclude each other: nobody could open a file whose key is locked in it")}
	}
	if err := backupTarget(file, o.force); err != nil {
		return err
	}
	key, err := backupKey(cfg, o)
	if err != nil {
		return err
	}
	if err := settled(cfg.DataDir); err != nil {
		return err
	}
	m, written, err := writeBackup(ctx, cfg, file, key, o)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	sayBackup(p.stdout, cfg, file, m, written, o)
	return nil
}

// backupTarget refuses a FILE that cannot be meant.
func backupTarget(file string, force bool) error {
	if file == "-" {
		return &usageError{errors.New("backup: FILE is the name of a file; a backup is not written to standard output")}
	}
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("backup: %w", err)
	case !info.Mode().IsRegular():
		return &usageError{fmt.Errorf("backup: %s is not a file; name the file to write", file)}
	case !force:
		return fmt.Errorf("backup: %s exists; choose another name, or replace it with --force", file)
	}
	return nil
}

// backupKey is the secret key when the backup needs it, else nil.
func backupKey(cfg config.Config, o backupOptions) ([]byte, error) {
	if !o.seal && !o.withKey {
		return nil, nil
	}
	key, err := currentKey(cfg)
	if err == nil && key == nil {
		err = fmt.Errorf("backup: there is no secret key in %s", cfg.DataDir)
	}
	return key, err
}

// currentKey is the secret key that serve would use; nil when it would make one.
func currentKey(cfg config.Config) ([]byte, error) {
	if cfg.SecretKey != nil {
		return cfg.SecretKey, nil
	}
	key, err := secret.LoadKey(filepath.Join(cfg.DataDir, keyFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return key, err
}

// keyPlace says where the key is.
func keyPlace(cfg config.Config) string {
	if cfg.SecretKey != nil {
		return "the one in " + config.Prefix + "SECRET_KEY"
	}
	return filepath.Join(cfg.DataDir, keyFile)
}

// writeBackup makes the file under another name beside it, so that whoever sees
// it sees all of it.
func writeBackup(ctx context.Context, cfg config.Config, file string, key []byte, o backupOptions) (m manifest, written int64, err error) {
	removeLeftovers(filepath.Dir(file), time.Now())
	dir, release, err := makeTemp(filepath.Dir(file))
	if err != nil {
		return m, 0, err
	}
	defer func() { err = errors.Join(err, release()) }()
	if m, err = snapshots(ctx, cfg, dir); err != nil {
		return m, 0, err
	}
	if o.withKey {
		m.Members = append(m.Members, inMemory(keyFile, []byte(base64.StdEncoding.EncodeToString(key)+"\n")))
	}
	whole := filepath.Join(dir, "whole")
	if written, err = packFile(ctx, whole, m, dir, key, o.seal); err != nil {
		return m, 0, err
	}
	return m, written, errors.Join(place(whole, file, o.force), syncDir(filepath.Dir(file)))
}

// place gives a finished file its name.
func place(whole, file string, force bool) error {
	if force {
		return os.Rename(whole, file)
	}
	err := os.Link(whole, file) // fails if somebody made one meanwhile
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	// A file system without links.
	if _, err := os.Lstat(file); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(err, fmt.Errorf("%s exists", file))
	}
	return os.Rename(whole, file)
}

// snapshots copies the databases of the data directory into dir.
func snapshots(ctx context.Context, cfg config.Config, dir string) (manifest, error) {
	m := manifest{Format: archiveFormat, Program: version, MadeAt: time.Now().UTC().Truncate(time.Millisecond)}
	if cfg.Store != sqliteStore {
		m.Facts = inClickHouse
	}
	dataDir := cfg.DataDir
	if !exists(filepath.Join(dataDir, inboxFile)) {
		m.Format = inboxless // an earlier version was the last that ran here
	}
	for _, d := range m.databases() {
		from, to := filepath.Join(dataDir, d.name), filepath.Join(dir, d.name)
		if _, err := os.Stat(from); errors.Is(err, fs.ErrNotExist) {
			return m, fmt.Errorf("%s is not there: is %sDATA_DIR right, and was the server started once?", from, config.Prefix)
		}
		if err := sqlite.Snapshot(ctx, from, to); err != nil {
			if theirs := foreign(dataDir, from); theirs != nil {
				err = theirs
			}
			return m, err
		}
		schema, err := sqlite.Verify(ctx, to, d.migrations)
		if err != nil {
			return m, err
		}
		if d.name == controlFile {
			if err := control.StripCopy(ctx, to); err != nil {
				return m, err
			}
		}
		described, err := describe(ctx, dir, d.name, schema)
		if err != nil {
			return m, err
		}
		m.Members = append(m.Members, described)
	}
	return m, nil
}

// foreign says that a database cannot be read because of whom it belongs to:
// SQLite writes beside a database that it reads.
func foreign(dataDir, path string) error {
	err := syscall.Access(dataDir, accessWrite)
	if err == nil {
		err = mine(path)
	}
	if err == nil {
		return nil
	}
	return fmt.Errorf("the data directory %s cannot be written to (%w), which reading its databases needs: run backup as the user that it belongs to", dataDir, err)
}

// packFile writes a backup to path and returns its length.
func packFile(ctx context.Context, path string, m manifest, dir string, key []byte, seal bool) (n int64, err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if !seal {
		err = pack(ctx, f, m, dir)
	} else {
		err = packSealed(ctx, f, m, dir, key)
	}
	if err != nil {
		return 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), f.Sync()
}

func packSealed(ctx context.Context, w io.Writer, m manifest, dir string, key []byte) error {
	sealed, err := secret.NewSealWriter(key, w)
	if err != nil {
		return err
	}
	if err := pack(ctx, sealed, m, dir); err != nil {
		return err
	}
	return sealed.Close()
}

func sayBackup(w io.Writer, cfg config.Config, file string, m manifest, written int64, o backupOptions) {
	for i, d := range m.databases() {
		say(w, "%-11s %10s  %s (schema %d)\n", d.name, size(m.Members[i].Size), d.what, m.Members[i].Schema)
	}
	say(w, "%s: %s, readable by its owner only; sessions are left out\n", file, size(written))
	if m.Format == inboxless {
		say(w, "No inbox is in it: there is none yet, the next start makes it.\n")
	}
	if m.Facts == inClickHouse {
		say(w, "The facts are not in it: they are in ClickHouse, %s. Back them up after this, which holds the inbox, with ClickHouse's own BACKUP DATABASE.\n", storeName(cfg))
		if exists(filepath.Join(cfg.DataDir, factsFile)) {
			say(w, "%s, of the time before ClickHouse, is not used and not in it either.\n", filepath.Join(cfg.DataDir, factsFile))
		}
	}
	switch {
	case o.withKey:
		say(w, "The secret key is in it: whoever has the file can open every credential in it. Keep it as safe as a password.\n")
	case o.seal:
		say(w, "It is sealed with the secret key, without which nobody can read it, you neither. Keep a copy of the key elsewhere: %s\n", keyPlace(cfg))
	default:
		say(w, "Credentials in it are sealed and of no use without the secret key, which is not in it. Keep a copy of the key elsewhere: %s\n", keyPlace(cfg))
	}
}

// syncDir makes a new name in dir outlive a power cut.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
