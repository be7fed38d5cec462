package main

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"throughline/migrations"
)

// A backup is a gzipped tar, sealed as a whole or not: manifest.json first, then
// the members that it lists, in its order.
const (
	archiveFormat = 2
	inboxless     = 1 // format of a backup of before there was an inbox
	manifestName  = "manifest.json"
	maxManifest   = 64 << 10
	// maxTail bounds what may come after the last member: the tar's own padding.
	maxTail = 64 << 10
)

// manifest says what is in a backup.
type manifest struct {
	Format  int       `json:"format"`
	Program string    `json:"program"` // version of the program that made it
	MadeAt  time.Time `json:"made_at"`
	// Facts says where the facts are that were left out, "" when they are in it.
	Facts   string   `json:"facts,omitempty"`
	Members []member `json:"members"`
}

// inClickHouse is the manifest's word for facts in ClickHouse.
const inClickHouse = "clickhouse"

// member is one file of a backup.
type member struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"` // bytes
	SHA256 string `json:"sha256"`
	Schema int64  `json:"schema,omitempty"` // of a database

	text []byte // what it holds, of one that is in no file
}

// database is a file of the data directory that a backup holds.
type database struct {
	name       string
	what       string // is in it, for people
	migrations fs.FS
}

// databases are copied into a backup in this order, the facts last: what is done
// in the inbox and what a cursor is past must be among them. What the facts have
// and the inbox still keeps waiting is stored again, which changes nothing. There
// are facts only when they are in SQLite.
func databases(store string) []database {
	all := []database{
		{inboxFile, "hooks and pushes received", migrations.Inbox()},
		{controlFile, "users, connections, settings", migrations.Control()},
		{factsFile, "what the sources said", migrations.SQLite()},
	}
	if store != sqliteStore {
		return all[:2]
	}
	return all
}

// databases are those of the backup.
func (m *manifest) databases() []database {
	store := sqliteStore
	if m.Facts == inClickHouse {
		store = inClickHouse
	}
	all := databases(store)
	if m.Format == inboxless {
		return all[1:]
	}
	return all
}

// What the data directory holds.
const (
	controlFile = "control.db"
	factsFile   = "facts.db"
	inboxFile   = "inbox.db"
	keyFile     = "secret.key"
)

func (m *manifest) has(name string) bool {
	return slices.ContainsFunc(m.Members, func(f member) bool { return f.Name == name })
}

func (m *manifest) size() (sum int64) {
	for _, f := range m.Members {
		sum += f.Size
	}
	return sum
}

// validate refuses what this program would not have written.
func (m *manifest) validate() error {
	if m.Format != inboxless && m.Format != archiveFormat {
		return fmt.Errorf("the backup has format %d, this version reads up to %d: restore it with the version that made it, %q", m.Format, archiveFormat, m.Program)
	}
	if m.Facts != "" && m.Facts != inClickHouse {
		return fmt.Errorf("the backup was made without facts that are in %.50q, which this version does not know", m.Facts)
	}
	want := m.databases()
	for i, f := range m.Members {
		_, err := hex.DecodeString(f.SHA256)
		switch {
		case i < len(want) && f.Name != want[i].name,
			i == len(want) && f.Name != keyFile,
			i > len(want),
			f.Size < 0 || f.Size > 1<<50,
			err != nil || len(f.SHA256) != 2*sha256.Size,
			f.Name == keyFile && f.Size > 1<<10:
			return fmt.Errorf("the backup's list of contents is wrong at %q", f.Name)
		}
	}
	if len(m.Members) < len(want) {
		return fmt.Errorf("the backup lacks %s", want[len(m.Members)].name)
	}
	return nil
}

// describe measures the file called name in dir for the manifest.
func describe(ctx context.Context, dir, name string, schema int64) (m member, err error) {
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		return member{}, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	hash := sha256.New()
	n, err := io.Copy(hash, &patient{ctx, f})
	return member{Name: name, Size: n, SHA256: hex.EncodeToString(hash.Sum(nil)), Schema: schema}, err
}

// inMemory is a member that no disk is to see but within the backup.
func inMemory(name string, text []byte) member {
	sum := sha256.Sum256(text)
	return member{Name: name, Size: int64(len(text)), SHA256: hex.EncodeToString(sum[:]), text: text}
}

// patient is a reader that ends with ctx.
type patient struct {
	ctx context.Context
	r   io.Reader
}

func (p *patient) Read(b []byte) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, err
	}
	return p.r.Read(b)
}

// pack writes the manifest and its members, which are in dir or in memory, to w.
func pack(ctx context.Context, w io.Writer, m manifest, dir string) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	zip, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil {
		return err
	}
	out := tar.NewWriter(zip)
	if err := packOne(out, manifestName, int64(len(text)), m.MadeAt, bytes.NewReader(text)); err != nil {
		return err
	}
	for _, f := range m.Members {
		if f.text != nil {
			if err := packOne(out, f.Name, f.Size, m.MadeAt, bytes.NewReader(f.text)); err != nil {
				return err
			}
			continue
		}
		file, err := os.Open(filepath.Join(dir, f.Name))
		if err != nil {
			return err
		}
		if err := errors.Join(packOne(out, f.Name, f.Size, m.MadeAt, &patient{ctx, file}), file.Close()); err != nil {
			return err
		}
	}
	return errors.Join(out.Close(), zip.Close())
}

func packOne(out *tar.Writer, name string, size int64, at time.Time, r io.Reader) error {
	header := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: at.Truncate(time.Second), Format: tar.FormatPAX}
	if err := out.WriteHeader(header); err != nil {
		return err
	}
	_, err := io.Copy(out, r)
	return err
}

// errNoBackup is returned for a file that is something else.
var errNoBackup = errors.New("this is no backup made by throughline, or it is damaged")

// unpacking reads a backup, from which nothing is believed.
type unpacking struct {
	in  *bufio.Reader
	zip *gzip.Reader
	tar *tar.Reader
}

// unpack reads the manifest of the backup in r.
func unpack(r io.Reader) (*unpacking, manifest, error) {
	in := bufio.NewReader(r) // gzip then takes no byte too many
	zip, err := gzip.NewReader(in)
	if err != nil {
		return nil, manifest{}, damaged(err)
	}
	zip.Multistream(false)
	u := &unpacking{in, zip, tar.NewReader(zip)}
	var m manifest
	text, err := u.next(manifestName, maxManifest)
	if err != nil {
		return nil, m, err
	}
	decoder := json.NewDecoder(text)
	if err := decoder.Decode(&m); err != nil {
		return nil, m, damaged(err)
	}
	return u, m, m.validate()
}

// next is the next file of the backup, which must be called name and have no
// more than most bytes.
func (u *unpacking) next(name string, most int64) (io.Reader, error) {
	header, err := u.tar.Next()
	if err != nil {
		return nil, damaged(err)
	}
	switch {
	case header.Name != name:
		return nil, fmt.Errorf("%w: it holds %.100q where %s belongs", errNoBackup, header.Name, name)
	case header.Typeflag != tar.TypeReg:
		return nil, fmt.Errorf("%w: %s in it is a link or something else that is no plain file", errNoBackup, name)
	case header.Size > most:
		return nil, fmt.Errorf("%w: %s in it has %d bytes, where at most %d belong", errNoBackup, name, header.Size, most)
	}
	return u.tar, nil
}

// extract writes the next file, which is described by f, into dir and makes it
// outlive a power cut.
func (u *unpacking) extract(ctx context.Context, f member, dir string) (err error) {
	r, err := u.next(f.Name, f.Size)
	if err != nil {
		return err
	}
	out, err := os.OpenFile(filepath.Join(dir, f.Name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	hash := sha256.New()
	n, err := io.Copy(io.MultiWriter(out, hash), &patient{ctx, io.LimitReader(r, f.Size)})
	if err != nil {
		return damaged(err)
	}
	if n != f.Size || hex.EncodeToString(hash.Sum(nil)) != f.SHA256 {
		return fmt.Errorf("%w: %s is not what the backup says it is", errNoBackup, f.Name)
	}
	return out.Sync()
}

// end sees that nothing is left: what is below has then been read to its end,
// with the checksums that are there.
func (u *unpacking) end() error {
	if _, err := u.tar.Next(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: it holds more than it lists", errNoBackup)
	}
	n, err := io.Copy(io.Discard, io.LimitReader(u.zip, maxTail+1))
	if err != nil {
		return damaged(err)
	}
	if n > maxTail {
		return fmt.Errorf("%w: it holds more than it lists", errNoBackup)
	}
	_, err = u.in.ReadByte()
	if err == nil {
		return fmt.Errorf("%w: something follows its end", errNoBackup)
	}
	if !errors.Is(err, io.EOF) {
		return damaged(err)
	}
	return nil
}

// damaged says of an error in reading the backup what it means; those of the
// disk and of a stop stay as they are.
func damaged(err error) error {
	if _, disk := errors.AsType[*fs.PathError](err); disk || errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("%w: %w", errNoBackup, err)
}

// size is a number of bytes for people.
func size(n int64) string {
	units := []string{"bytes", "KB", "MB", "GB", "TB"}
	v, i := float64(n), 0
	for v >= 1000 && i < len(units)-1 {
		v, i = v/1000, i+1
	}
	if i == 0 || v >= 100 {
		return fmt.Sprintf("%.0f %s", v, units[i])
	}
	return fmt.Sprintf("%.1f %s", v, units[i])
}
