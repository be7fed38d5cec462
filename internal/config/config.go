// Package config turns the environment into a Config, checked once, with all
// that is wrong reported together.
package config

import (
	"encoding/base64"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/caarlos0/env/v11"
)

// Prefix begins the name of every variable.
const Prefix = "THROUGHLINE_"

// Config is what the environment says.
type Config struct {
	Addr      string   // host:port to listen on
	DataDir   string   // folder of the databases and the key
	BaseURL   *url.URL // as browsers see it, without a trailing slash; nil when unset
	SecretKey []byte   // 32 bytes; nil when unset
	Store     string   // sqlite, or an address of ClickHouse, which is secret
	Provision string   // path of the provisioning file, "" for none

	// The first admin; both or none are set.
	AdminEmail, AdminPassword string

	TrustedProxies  []netip.Prefix
	AllowedNetworks []netip.Prefix // that typed-in addresses may lead to

	LogLevel    slog.Level
	LogFormat   string // text, json
	LangDefault string // en, ru

	// The program's own monitoring; "" is none.
	StatsdAddr   string   // host:port, or unix:///path
	StatsdPrefix string   // begins the name of every metric sent there
	StatsdTags   []string // put to every metric sent there
	SentryDSN    string   // where errors are reported to

	// Of /metrics; both or none are set.
	MetricsUser, MetricsPassword string
}

// variables are the texts as given, and by their tags the names that are known.
type variables struct {
	Addr            string `env:"ADDR" envDefault:":8080"`
	DataDir         string `env:"DATA_DIR" envDefault:"./data"`
	BaseURL         string `env:"BASE_URL"`
	SecretKey       string `env:"SECRET_KEY"`
	Store           string `env:"STORE" envDefault:"sqlite"`
	Provision       string `env:"PROVISION"`
	AdminEmail      string `env:"ADMIN_EMAIL"`
	AdminPassword   string `env:"ADMIN_PASSWORD"`
	TrustedProxies  string `env:"TRUSTED_PROXIES"`
	AllowedNetworks string `env:"ALLOWED_NETWORKS"`
	LogLevel        string `env:"LOG_LEVEL" envDefault:"info"`
	LogFormat       string `env:"LOG_FORMAT" envDefault:"text"`
	LangDefault     string `env:"LANG_DEFAULT" envDefault:"en"`
	StatsdAddr      string `env:"STATSD_ADDR"`
	StatsdPrefix    string `env:"STATSD_PREFIX" envDefault:"tracker_exporter"`
	StatsdTags      string `env:"STATSD_TAGS"`
	SentryDSN       string `env:"SENTRY_DSN"`
	MetricsUser     string `env:"METRICS_USER"`
	MetricsPassword string `env:"METRICS_PASSWORD"`
}

// Error is all that is wrong with the environment.
type Error struct{ Problems []Problem }

// Problem is what is wrong with one variable. Neither text holds its value.
type Problem struct {
	Variable string
	Message  string
	Example  string // "" when there is none
}

// Error has a line for each problem.
func (e *Error) Error() string {
	var lines []string
	for _, p := range e.Problems {
		line := p.Variable + ": " + p.Message
		if p.Example != "" {
			line += " (example: " + p.Variable + "=" + p.Example + ")"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// Load reads an environment as os.Environ gives it. An empty variable is one
// that is not set. address says what is wrong with an address of ClickHouse,
// without what may be secret in it. The error is an *Error with all problems.
func Load(environ []string, address func(text string) error) (Config, error) {
	r := &reader{values: map[string]string{}, files: map[string]string{}, address: address}
	r.collect(environ)
	var v variables
	if err := env.ParseWithOptions(&v, env.Options{Environment: r.values, Prefix: Prefix}); err != nil {
		return Config{}, fmt.Errorf("read environment: %w", err) // texts only: nothing to fail on
	}
	c := r.config(v)
	if len(r.problems) > 0 {
		return Config{}, &Error{r.problems}
	}
	return c, nil
}

type reader struct {
	values   map[string]string
	address  func(text string) error
	problems []Problem
	files    map[string]string // by name of the variable whose value was in one
}

func (r *reader) fail(name, message, example string) {
	if path := r.files[name]; path != "" {
		name, message = name+"_FILE", message+": "+path
	}
	r.problems = append(r.problems, Problem{Prefix + name, message, example})
}

// secrets can also be given as files, by a variable with _FILE behind its name.
func secrets() []string {
	return []string{"SECRET_KEY", "STORE", "ADMIN_PASSWORD", "SENTRY_DSN", "METRICS_PASSWORD"}
}

// collect takes over the variables that are known and set, with the contents of
// files, and reports the others.
func (r *reader) collect(environ []string) {
	known, err := env.GetFieldParamsWithOptions(&variables{}, env.Options{Prefix: Prefix})
	if err != nil {
		panic(err) // the type above is wrong
	}
	files := map[string]string{}
	var unknown []string
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		short, ours := strings.CutPrefix(name, Prefix)
		base, file := strings.CutSuffix(short, "_FILE")
		switch {
		case !ours || fromKubernetes(short):
		case slices.ContainsFunc(known, func(p env.FieldParams) bool { return p.Key == name }):
			delete(r.values, name)
			if value != "" {
				r.values[name] = value
			}
		case file && slices.Contains(secrets(), base):
			files[base] = value
		default:
			unknown = append(unknown, short)
		}
	}
	r.readFiles(files)
	slices.Sort(unknown)
	for _, name := range slices.Compact(unknown) {
		r.fail(name, "unknown variable", "")
	}
}

// fromKubernetes recognises what it sets for a service called throughline.
func fromKubernetes(name string) bool {
	return name == "SERVICE_HOST" || strings.HasPrefix(name, "SERVICE_PORT") || name == "PORT" || strings.HasPrefix(name, "PORT_")
}

func (r *reader) readFiles(files map[string]string) {
	for _, name := range secrets() {
		path := files[name]
		if path == "" {
			continue
		}
		if r.values[Prefix+name] != "" {
			r.fail(name, "given twice, here and as "+Prefix+name+"_FILE; keep one of them", "")
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			r.fail(name+"_FILE", "the file cannot be read: "+err.Error(), "/run/secrets/"+strings.ToLower(name))
			continue
		}
		value := strings.TrimRight(strings.TrimPrefix(string(text), "\uFEFF"), "\r\n")
		if value == "" {
			r.fail(name+"_FILE", "the file is empty: "+path, "")
			continue
		}
		r.values[Prefix+name], r.files[name] = value, path
	}
}

func (r *reader) config(v variables) Config {
	c := Config{
		Addr: v.Addr, DataDir: v.DataDir, Provision: v.Provision,
		Store: v.Store, LogFormat: v.LogFormat, LangDefault: v.LangDefault,
		AdminEmail: v.AdminEmail, AdminPassword: v.AdminPassword,
	}
	if !validAddr(v.Addr) {
		r.fail("ADDR", "not host:port", ":8080")
	}
	c.BaseURL = r.baseURL(v.BaseURL)
	c.SecretKey = r.secretKey(v.SecretKey)
	r.store(v.Store)
	r.admin(v)
	c.TrustedProxies = r.prefixes("TRUSTED_PROXIES", v.TrustedProxies)
	c.AllowedNetworks = r.prefixes("ALLOWED_NETWORKS", v.AllowedNetworks)
	if r.choice("LOG_LEVEL", v.LogLevel, "info", "debug", "warn", "error") {
		if err := c.LogLevel.UnmarshalText([]byte(v.LogLevel)); err != nil {
			r.fail("LOG_LEVEL", "not a level", "info")
		}
	}
	r.choice("LOG_FORMAT", v.LogFormat, "text", "json")
	r.choice("LANG_DEFAULT", v.LangDefault, "en", "ru")
	r.monitoring(v, &c)
	return c
}

// choice reports a value that is not one of the options.
func (r *reader) choice(name, value string, options ...string) bool {
	if slices.Contains(options, value) {
		return true
	}
	message := "not " + options[0]
	if len(options) > 1 {
		message = "not one of " + strings.Join(options, ", ")
	}
	r.fail(name, message, options[0])
	return false
}

// storeExample is an address that could be meant.
const storeExample = "clickhouse://throughline:PASSWORD@clickhouse.example.com:9000/throughline"

// store is sqlite, or where ClickHouse is.
func (r *reader) store(text string) {
	scheme, _, ok := strings.Cut(text, "://")
	switch {
	case text == "sqlite":
	case !ok || !slices.Contains([]string{"clickhouse", "clickhouses", "http", "https"}, scheme):
		r.fail("STORE", "neither sqlite nor an address that begins with clickhouse://, clickhouses://, http:// or https://", storeExample)
	default:
		if err := r.address(text); err != nil {
			r.fail("STORE", strings.ReplaceAll(err.Error(), "\n", "; "), storeExample)
		}
	}
}

func validAddr(addr string) bool {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || strings.ContainsAny(host, " /") {
		return false
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err == nil
}

func (r *reader) baseURL(text string) *url.URL {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" ||
		u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		r.fail("BASE_URL", "not an http or https address without user, query and fragment", "https://example.com/throughline")
		return nil
	}
	u.Path = strings.TrimRight(u.Path, "/")
	u.RawPath = strings.TrimRight(u.RawPath, "/")
	return u
}

func (r *reader) secretKey(text string) []byte {
	if text == "" {
		return nil
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil || len(key) != 32 {
		r.fail("SECRET_KEY", "not 32 bytes in base64", "$(openssl rand -base64 32)")
		return nil
	}
	return key
}

func (r *reader) admin(v variables) {
	switch {
	case v.AdminEmail == "" && v.AdminPassword == "":
	case v.AdminEmail == "":
		r.fail("ADMIN_EMAIL", "missing: "+Prefix+"ADMIN_PASSWORD is set, and they go together", "admin@example.com")
	case v.AdminPassword == "":
		r.fail("ADMIN_PASSWORD", "missing: "+Prefix+"ADMIN_EMAIL is set, and they go together", "a-long-pass-phrase")
	default:
		if name, host, ok := strings.Cut(v.AdminEmail, "@"); !ok || name == "" || host == "" {
			r.fail("ADMIN_EMAIL", "not an e-mail address", "admin@example.com")
		}
		if n := utf8.RuneCountInString(v.AdminPassword); n < 10 || n > 200 {
			r.fail("ADMIN_PASSWORD", "a password has 10 to 200 characters", "a-long-pass-phrase")
		}
	}
}

// prefixes reads networks, separated by commas or spaces. A lone address is a
// network of one.
func (r *reader) prefixes(name, text string) []netip.Prefix {
	var out []netip.Prefix
	for _, item := range strings.FieldsFunc(text, func(c rune) bool { return c == ',' || c == ' ' || c == '\n' || c == '\t' }) {
		p, err := netip.ParsePrefix(item)
		if err != nil {
			var addr netip.Addr
			if addr, err = netip.ParseAddr(item); err == nil {
				addr = addr.Unmap().WithZone("")
				p = netip.PrefixFrom(addr, addr.BitLen())
			}
		}
		if err != nil {
			r.fail(name, "not a list of networks", "10.0.0.0/8,192.168.1.0/24")
			return nil
		}
		out = append(out, p.Masked())
	}
	return out
}
