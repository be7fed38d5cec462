package config

import (
	"bytes"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// load refuses addresses with hunter2 for a host.
func load(environ []string) (Config, error) {
	return Load(environ, func(text string) error {
		if strings.Contains(text, "//hunter2") {
			return errors.New("not a host")
		}
		return nil
	})
}

func TestLoadDefaults(t *testing.T) {
	c, err := load([]string{"HOME=/root", "THROUGHLINE_LOG_LEVEL="})
	if err != nil {
		t.Fatal(err)
	}
	want := Config{Addr: ":8080", DataDir: "./data", Store: "sqlite", LogLevel: slog.LevelInfo, LogFormat: "text", LangDefault: "en", StatsdPrefix: "tracker_exporter"}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got %+v", c)
	}
}

func TestLoad(t *testing.T) {
	key := bytes.Repeat([]byte{7}, 32)
	c, err := load([]string{
		"THROUGHLINE_ADDR=127.0.0.1:0", "THROUGHLINE_DATA_DIR=/data", "THROUGHLINE_BASE_URL=https://example.com/flow/",
		"THROUGHLINE_SECRET_KEY=" + base64.StdEncoding.EncodeToString(key), "THROUGHLINE_STORE=sqlite", "THROUGHLINE_PROVISION=/etc/p.yml",
		"THROUGHLINE_ADMIN_EMAIL=a@example.com", "THROUGHLINE_ADMIN_PASSWORD=long = enough",
		"THROUGHLINE_TRUSTED_PROXIES=10.1.2.3/8, 192.168.1.1", "THROUGHLINE_ALLOWED_NETWORKS=fd00::/8",
		"THROUGHLINE_LOG_LEVEL=debug", "THROUGHLINE_LOG_FORMAT=json", "THROUGHLINE_LANG_DEFAULT=ru",
		// Set by Kubernetes for a service called throughline.
		"THROUGHLINE_SERVICE_HOST=10.0.0.1", "THROUGHLINE_SERVICE_PORT=80", "THROUGHLINE_SERVICE_PORT_HTTP=80",
		"THROUGHLINE_PORT=tcp://10.0.0.1:80", "THROUGHLINE_PORT_80_TCP=tcp://10.0.0.1:80", "THROUGHLINE_PORT_80_TCP_ADDR=10.0.0.1",
	})
	if err != nil {
		t.Fatal(err)
	}
	if c.BaseURL.String() != "https://example.com/flow" {
		t.Errorf("base URL %s", c.BaseURL)
	}
	c.BaseURL = nil
	want := Config{
		Addr: "127.0.0.1:0", DataDir: "/data", SecretKey: key, Store: "sqlite", Provision: "/etc/p.yml",
		AdminEmail: "a@example.com", AdminPassword: "long = enough",
		TrustedProxies:  []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.168.1.1/32")},
		AllowedNetworks: []netip.Prefix{netip.MustParsePrefix("fd00::/8")},
		LogLevel:        slog.LevelDebug, LogFormat: "json", LangDefault: "ru", StatsdPrefix: "tracker_exporter",
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got %+v", c)
	}
}

func TestLoadReportsAll(t *testing.T) {
	_, err := load([]string{
		"THROUGHLINE_ADDR=8080", "THROUGHLINE_BASE_URL=example.com", "THROUGHLINE_SECRET_KEY=hunter2", "THROUGHLINE_STORE=postgres://u:hunter2@h:9000/d",
		"THROUGHLINE_ADMIN_PASSWORD=hunter2", "THROUGHLINE_TRUSTED_PROXIES=everyone", "THROUGHLINE_ALLOWED_NETWORKS=10.0.0.0/33",
		"THROUGHLINE_LOG_LEVEL=loud", "THROUGHLINE_LOG_FORMAT=xml", "THROUGHLINE_LANG_DEFAULT=de",
		"THROUGHLINE_METRICS_PASSWORD=hunter2", "THROUGHLINE_ADDR_FILE=/x", "THROUGHLINE_METRICS_TOKEN=", "THROUGHLINE_=1",
		"THROUGHLINE_STATSD_ADDR=8125", "THROUGHLINE_SENTRY_DSN=hunter2",
	})
	want := `THROUGHLINE_: unknown variable
THROUGHLINE_ADDR_FILE: unknown variable
THROUGHLINE_METRICS_TOKEN: unknown variable
THROUGHLINE_ADDR: not host:port (example: THROUGHLINE_ADDR=:8080)
THROUGHLINE_BASE_URL: not an http or https address without user, query and fragment (example: THROUGHLINE_BASE_URL=https://example.com/throughline)
THROUGHLINE_SECRET_KEY: not 32 bytes in base64 (example: THROUGHLINE_SECRET_KEY=$(openssl rand -base64 32))
THROUGHLINE_STORE: neither sqlite nor an address that begins with clickhouse://, clickhouses://, http:// or https:// (example: THROUGHLINE_STORE=clickhouse://throughline:PASSWORD@clickhouse.example.com:9000/throughline)
THROUGHLINE_ADMIN_EMAIL: missing: THROUGHLINE_ADMIN_PASSWORD is set, and they go together (example: THROUGHLINE_ADMIN_EMAIL=admin@example.com)
THROUGHLINE_TRUSTED_PROXIES: not a list of networks (example: THROUGHLINE_TRUSTED_PROXIES=10.0.0.0/8,192.168.1.0/24)
THROUGHLINE_ALLOWED_NETWORKS: not a list of networks (example: THROUGHLINE_ALLOWED_NETWORKS=10.0.0.0/8,192.168.1.0/24)
THROUGHLINE_LOG_LEVEL: not one of info, debug, warn, error (example: THROUGHLINE_LOG_LEVEL=info)
THROUGHLINE_LOG_FORMAT: not one of text, json (example: THROUGHLINE_LOG_FORMAT=text)
THROUGHLINE_LANG_DEFAULT: not one of en, ru (example: THROUGHLINE_LANG_DEFAULT=en)
THROUGHLINE_STATSD_ADDR: neither host:port nor unix:// with the path of a socket (example: THROUGHLINE_STATSD_ADDR=127.0.0.1:8125)
THROUGHLINE_SENTRY_DSN: not a DSN of Sentry (example: THROUGHLINE_SENTRY_DSN=https://KEY@sentry.example.com/1)
THROUGHLINE_METRICS_USER: missing: THROUGHLINE_METRICS_PASSWORD is set, and they go together (example: THROUGHLINE_METRICS_USER=prometheus)`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	var all *Error
	if !errors.As(err, &all) || len(all.Problems) != 16 {
		t.Errorf("%T", err)
	}
}

func TestLoadRefuses(t *testing.T) {
	tests := []struct{ name, variable, value, concerns string }{
		{"port out of range", "ADDR", ":65536", "ADDR"},
		{"port by name", "ADDR", ":http", "ADDR"},
		{"address with a path", "ADDR", "http://localhost:80", "ADDR"},
		{"user in the address", "BASE_URL", "https://u:hunter2@example.com", "BASE_URL"},
		{"query", "BASE_URL", "https://example.com/?a=1", "BASE_URL"},
		{"empty query", "BASE_URL", "https://example.com/?", "BASE_URL"},
		{"fragment", "BASE_URL", "https://example.com/#a", "BASE_URL"},
		{"scheme", "BASE_URL", "ftp://example.com", "BASE_URL"},
		{"no host", "BASE_URL", "https:///a", "BASE_URL"},
		{"e-mail alone", "ADMIN_EMAIL", "a@example.com", "ADMIN_PASSWORD"},
		{"address of a store", "STORE", "https://hunter2:x/d", "STORE"},
		{"31 bytes", "SECRET_KEY", base64.StdEncoding.EncodeToString(make([]byte, 31)), "SECRET_KEY"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := load([]string{Prefix + tt.variable + "=" + tt.value})
			var all *Error
			if !errors.As(err, &all) || len(all.Problems) != 1 || all.Problems[0].Variable != Prefix+tt.concerns {
				t.Fatalf("error %v", err)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("a secret shows: %v", err)
			}
		})
	}
}

func TestLoadAdmin(t *testing.T) {
	_, err := load([]string{"THROUGHLINE_ADMIN_EMAIL=admin", "THROUGHLINE_ADMIN_PASSWORD=short"})
	var all *Error
	if !errors.As(err, &all) || len(all.Problems) != 2 {
		t.Errorf("error %v", err)
	}
}

func TestLoadFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	key := make([]byte, 32)
	c, err := load([]string{
		"THROUGHLINE_SECRET_KEY_FILE=" + write("key", base64.StdEncoding.EncodeToString(key)+"\n"),
		"THROUGHLINE_ADMIN_EMAIL=a@example.com", "THROUGHLINE_ADMIN_PASSWORD_FILE=" + write("password", " kept spaces \r\n"),
	})
	if err != nil || !bytes.Equal(c.SecretKey, key) || c.AdminPassword != " kept spaces " {
		t.Errorf("%+v, %v", c, err)
	}
	c, err = load([]string{"THROUGHLINE_STORE_FILE=" + write("store", "clickhouse://u:p@h/d\n")})
	if err != nil || c.Store != "clickhouse://u:p@h/d" {
		t.Errorf("%+v, %v", c, err)
	}
	missing := filepath.Join(dir, "missing")
	_, err = load([]string{
		"THROUGHLINE_SECRET_KEY_FILE=" + missing, "THROUGHLINE_ADMIN_EMAIL=a@example.com",
		"THROUGHLINE_ADMIN_PASSWORD=long enough hunter2", "THROUGHLINE_ADMIN_PASSWORD_FILE=" + write("password", "long enough hunter2"),
	})
	if err == nil || !strings.Contains(err.Error(), "THROUGHLINE_SECRET_KEY_FILE: the file cannot be read: open "+missing) ||
		!strings.Contains(err.Error(), "THROUGHLINE_ADMIN_PASSWORD: given twice, here and as THROUGHLINE_ADMIN_PASSWORD_FILE") ||
		strings.Contains(err.Error(), "hunter2") {
		t.Errorf("error %v", err)
	}
	_, err = load([]string{"THROUGHLINE_SECRET_KEY_FILE=" + write("empty", "\n")})
	if err == nil || !strings.Contains(err.Error(), "THROUGHLINE_SECRET_KEY_FILE: the file is empty") {
		t.Errorf("error %v", err)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add("ADDR", ":8080")
	f.Add("BASE_URL", "https://example.com/a?b#c")
	f.Add("TRUSTED_PROXIES", "10.0.0.0/8,::1,fe80::1%eth0 ::ffff:10.0.0.1")
	f.Add("SECRET_KEY", "AAAA")
	f.Fuzz(func(t *testing.T, name, value string) {
		if strings.HasSuffix(name, "_FILE") || strings.Contains(name, "=") {
			return
		}
		c, err := load([]string{Prefix + name + "=" + value})
		var all *Error
		if err != nil && !errors.As(err, &all) {
			t.Fatalf("error %T: %v", err, err)
		}
		if err != nil {
			return
		}
		if c.Addr == "" || c.SecretKey != nil && len(c.SecretKey) != 32 {
			t.Errorf("%+v", c)
		}
		for _, p := range append(c.TrustedProxies, c.AllowedNetworks...) {
			if !p.IsValid() {
				t.Errorf("network %v", p)
			}
		}
	})
}
