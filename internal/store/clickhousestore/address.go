package clickhousestore

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// Address is where a database is, as THROUGHLINE_STORE says it.
type Address struct {
	scheme   string
	hosts    []string // host:port, in the order in which they are tried
	user     string
	password string
	database string
	cluster  string // "" on a single server
	roots    *x509.CertPool
}

// form is a form of an address: how its servers are spoken to, and at which port
// where none is named.
type form struct {
	scheme   string
	protocol clickhouse.Protocol
	tls      bool
	port     string
}

var forms = []form{
	{"clickhouse", clickhouse.Native, false, "9000"},
	{"clickhouses", clickhouse.Native, true, "9440"},
	{"http", clickhouse.HTTP, false, "8123"},
	{"https", clickhouse.HTTP, true, "8443"},
}

const (
	maxHosts   = 32
	proxyHosts = ".clickhouse-proxy.serverless.yandexcloud.net"
)

// identifier is a name that needs no care, in whatever it is written into.
var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]{0,99}$`)

// IsAddress reports whether a text is meant to be an address of this store.
func IsAddress(text string) bool {
	return slices.ContainsFunc(forms, func(f form) bool { return strings.HasPrefix(text, f.scheme+"://") })
}

// ParseAddress reads clickhouse://user:password@host:9000,host:9000/database, and
// the same with clickhouses, http or https. The query may hold user and password,
// ca (a file of certificates to trust besides the system's) and cluster. The error never
// holds what may be secret.
func ParseAddress(text string) (Address, error) {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok || !IsAddress(text) {
		return Address{}, errors.New("not an address that begins with clickhouse://, clickhouses://, http:// or https://")
	}
	a := Address{scheme: scheme, user: "default"}
	rest, query, _ := strings.Cut(rest, "?")
	hosts, path, _ := strings.Cut(rest, "/")
	if at := strings.LastIndexByte(hosts, '@'); at >= 0 {
		if err := a.credentials(hosts[:at]); err != nil {
			return Address{}, err
		}
		hosts = hosts[at+1:]
	}
	err := errors.Join(a.readHosts(hosts), a.readDatabase(path), a.readQuery(query))
	if err != nil {
		return Address{}, err
	}
	return a, nil
}

func (a *Address) credentials(text string) error {
	user, password, _ := strings.Cut(text, ":")
	var err1, err2 error
	a.user, err1 = url.PathUnescape(user)
	a.password, err2 = url.PathUnescape(password)
	if err1 != nil || err2 != nil {
		return errors.New("user or password hold a % that begins no escape: write it as %25")
	}
	return nil
}

func (a *Address) readHosts(text string) error {
	for host := range strings.SplitSeq(text, ",") {
		name, port, err := net.SplitHostPort(host)
		if err != nil {
			name, port = strings.Trim(host, "[]"), a.form().port
		}
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || name == "" || strings.ContainsAny(name, " /\\") {
			return errors.New("not host or host:port, with commas between several; in the user and the password write / as %2F, ? as %3F and @ as %40")
		}
		if strings.HasSuffix(name, proxyHosts) {
			return errors.New("the serverless proxy takes an IAM token as password, which ends within 12 hours: " +
				"name the hosts of the cluster itself (port 8443 or 9440), with a user of the database and ?ca=FILE")
		}
		a.hosts = append(a.hosts, net.JoinHostPort(name, port))
	}
	if len(a.hosts) > maxHosts {
		return fmt.Errorf("more than %d hosts", maxHosts)
	}
	return nil
}

func (a *Address) readDatabase(path string) error {
	a.database = strings.TrimSuffix(path, "/")
	if a.database == "" {
		return errors.New("names no database: end it with /throughline, say")
	}
	if !identifier.MatchString(a.database) {
		return errors.New("what follows the hosts is not the name of a database: it has letters, digits, _ and -, and begins with no digit or -")
	}
	if slices.Contains([]string{"system", "information_schema"}, strings.ToLower(a.database)) {
		return errors.New("the database " + a.database + " is ClickHouse's own: name another, /throughline, say; it is made when it is not there")
	}
	return nil
}

func (a *Address) readQuery(text string) error {
	query, err := url.ParseQuery(text)
	if err != nil {
		return errors.New("what follows ? cannot be read")
	}
	var errs []error
	for name, values := range query {
		switch value := values[0]; {
		case !slices.Contains([]string{"user", "password", "ca", "cluster"}, name):
			// Its name may be a piece of a password that holds a ?.
			errs = append(errs, errors.New("an unknown parameter follows ?: there are user, password, ca and cluster"))
		case len(values) > 1:
			errs = append(errs, fmt.Errorf("%s is given more than once", name))
		case name == "user":
			a.user = value
		case name == "password":
			a.password = value
		case name == "cluster" && identifier.MatchString(value):
			a.cluster = value
		case name == "cluster":
			errs = append(errs, fmt.Errorf("not the name of a cluster: %q", value))
		default:
			errs = append(errs, a.readRoots(value))
		}
	}
	return errors.Join(errs...)
}

func (a *Address) readRoots(file string) error {
	if !a.form().tls {
		return errors.New("ca needs clickhouses:// or https://")
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("ca: %w", err)
	}
	if a.roots, err = x509.SystemCertPool(); err != nil {
		a.roots = x509.NewCertPool()
	}
	if !a.roots.AppendCertsFromPEM(text) {
		return fmt.Errorf("ca: %s holds no certificate in PEM form", file)
	}
	return nil
}

func (a *Address) form() form {
	return forms[slices.IndexFunc(forms, func(f form) bool { return f.scheme == a.scheme })]
}

// String is the address without the password.
func (a Address) String() string {
	text := a.scheme + "://" + url.PathEscape(a.user) + "@" + strings.Join(a.hosts, ",") + "/" + a.database
	if a.cluster != "" {
		text += "?cluster=" + a.cluster
	}
	return text
}

// Database is the database's name.
func (a Address) Database() string { return a.database }

// Cluster is the cluster's name, "" on a single server.
func (a Address) Cluster() string { return a.cluster }

const (
	dialTimeout = 5 * time.Second
	// A silence of this length ends a connection: long statements report
	// progress meanwhile.
	readTimeout = 2 * time.Minute
	// maxConnections is how many statements run at the same time.
	maxConnections = 16
	// maxStatement bounds a statement's text, in bytes: calendars are in it.
	maxStatement = 64 << 20
)

// options are the driver's. database may be "" for the one that always exists.
func (a *Address) options(database string) *clickhouse.Options {
	form := a.form()
	o := &clickhouse.Options{
		Protocol:    form.protocol,
		Addr:        a.hosts,
		Auth:        clickhouse.Auth{Database: database, Username: a.user, Password: a.password},
		Compression: &clickhouse.Compression{Method: clickhouse.CompressionLZ4},
		DialTimeout: dialTimeout, ReadTimeout: readTimeout,
		MaxOpenConns: maxConnections, MaxIdleConns: maxConnections / 2, ConnMaxLifetime: time.Hour,
		ConnOpenStrategy: clickhouse.ConnOpenInOrder,
		Settings: clickhouse.Settings{
			"max_query_size":            maxStatement,
			"max_ast_elements":          1_000_000,
			"max_expanded_ast_elements": 2_000_000,
		},
	}
	if form.tls {
		o.TLS = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: a.roots}
	}
	if form.protocol == clickhouse.HTTP {
		o.Settings["cancel_http_readonly_queries_on_client_close"] = 1
	}
	if a.cluster != "" {
		o.Settings["insert_distributed_sync"] = 1        // a write is done when every host has it
		o.Settings["distributed_product_mode"] = "local" // an issue's rows are on one host
	}
	return o
}
