package importer

import (
	"errors"
	"net"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// AddressFile is the file of the data directory that holds the store's address.
const AddressFile = "store.address"

// serverlessProxy ends the names of hosts by which functions in Yandex Cloud
// reach a managed ClickHouse.
const serverlessProxy = ".clickhouse-proxy.serverless.yandexcloud.net"

// managedHost ends the names of hosts of managed ClickHouse in Yandex Cloud.
const managedHost = ".mdb.yandexcloud.net"

var (
	identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,99}$`)
	hostName   = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]{0,252}[A-Za-z0-9])?\.?$`)
)

// store makes the store's address and the drop-in tables of the variables about
// ClickHouse.
func (p *planner) store() {
	const upload, host, proxy = "CLICKHOUSE__ENABLE_UPLOAD", "CLICKHOUSE__HOST", "CLICKHOUSE__SERVERLESS_PROXY_ID"
	all := []string{
		upload, host, proxy, "CLICKHOUSE__PROTO", "CLICKHOUSE__PORT", "CLICKHOUSE__CACERT_PATH", "CLICKHOUSE__USERNAME", "CLICKHOUSE__PASSWORD",
		"CLICKHOUSE__DATABASE", "CLICKHOUSE__ISSUES_TABLE", "CLICKHOUSE__ISSUE_METRICS_TABLE", "CLICKHOUSE__ISSUES_CHANGELOG_TABLE",
	}
	switch {
	case !identifier.MatchString(p.o.Database):
		p.wrong("--database: not a name of up to 100 letters, digits and _, the first no digit")
	case p.skips(PartStore):
		p.notNeeded("the store was skipped: facts are kept in the built-in SQLite", all...)
	case !p.bool(upload, true):
		p.notNeeded("nothing was uploaded: facts are kept in the built-in SQLite, without a database server", all...)
	case p.has(proxy) || strings.HasSuffix(strings.ToLower(p.text(host, "")), serverlessProxy):
		p.serverless(proxy, host)
		p.notNeeded("goes with the serverless proxy, which cannot be used", all...)
	default:
		p.address()
		p.dropIn()
		p.notNeeded("uploading is what a store is for", upload)
	}
}

// serverless says why that way to ClickHouse is closed.
func (p *planner) serverless(proxy, host string) {
	name := proxy
	if !p.has(proxy) {
		name = host
	}
	p.notTaken(name, "through the serverless proxy the password is an IAM token, which ends within 12 hours, and the database's name is the proxy's id, "+
		"so that no fixed address keeps working. Give ClickHouse a user with a password and reach its host itself, "+
		"THROUGHLINE_STORE=https://USER:PASSWORD@HOST%s:8443/%s?ca=FILE (from within its network, or with public access), or set nothing: facts are kept in the built-in SQLite", managedHost, p.o.Database)
	p.notTaken("CLICKHOUSE__DATABASE", "the drop-in tables need ClickHouse as the store; once it is, set drop_in_database in the connection")
}

// address is where our facts go.
func (p *planner) address() {
	const proto, host, port, ca, user, password = "CLICKHOUSE__PROTO", "CLICKHOUSE__HOST", "CLICKHOUSE__PORT", "CLICKHOUSE__CACERT_PATH", "CLICKHOUSE__USERNAME", "CLICKHOUSE__PASSWORD"
	scheme := strings.ToLower(p.word(proto, "http"))
	if scheme != "http" && scheme != "https" {
		p.fail(proto, "not http or https")
	}
	name := strings.Trim(p.word(host, "localhost"), "[]")
	if !hostName.MatchString(name) && net.ParseIP(name) == nil {
		p.fail(host, "not the name or the IP address of a host")
	}
	number := p.int(port, 8123, 1, 65535)
	u := url.URL{Scheme: scheme, Host: net.JoinHostPort(name, strconv.Itoa(number)), Path: "/" + p.o.Database, User: url.User(p.text(user, "default"))}
	// The value itself: a password may have blanks at its ends.
	if secret := p.set[password].Value; secret != "" {
		u.User = url.UserPassword(p.text(user, "default"), secret)
	}
	p.authority(&u, ca)
	if p.failed[proto] || p.failed[host] || p.failed[port] || p.failed[ca] {
		return
	}
	p.report.Set = append(p.report.Set, "THROUGHLINE_STORE_FILE="+p.keep(AddressFile, u.String()))
	note := ""
	switch {
	case strings.HasSuffix(strings.ToLower(name), managedHost):
		note = "; make that database in the console of Yandex Cloud first, where users may not make any, and let the user into it"
	case name == "localhost" || net.ParseIP(name).IsLoopback():
		note = "; in a container that is the container itself"
	}
	p.taken(host, "our own facts go to %s://%s, database %s%s%s", scheme, u.Host, p.o.Database, p.suffix(host), note)
	p.taken(user, "in the file %s%s", AddressFile, p.suffix(user))
	if p.set[password].Value != "" {
		p.taken(password, "in the file %s, which its owner alone may read", AddressFile)
	}
	p.notNeeded("in the address above", proto, port)
}

// authority adds the file of certificates to an address.
func (p *planner) authority(u *url.URL, name string) {
	if !p.has(name) {
		return
	}
	if u.Scheme != "https" {
		p.notNeeded("without https there is no certificate to check", name)
		return
	}
	path := p.beside(p.word(name, ""))
	if p.failed[name] {
		return
	}
	u.RawQuery = url.Values{"ca": {path}}.Encode()
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		p.notTaken(name, "there is no %s here: put the file there, where the server runs", path)
		return
	}
	p.taken(name, "the server's certificate is checked with %s", path)
}

// dropIn keeps tracker-exporter's tables going.
func (p *planner) dropIn() {
	in := &p.plan.Imported
	const database = "CLICKHOUSE__DATABASE"
	name := p.word(database, "agile")
	if name == p.o.Database {
		p.fail(database, "our own facts cannot go into the same database: choose another one for them with --database")
		return
	}
	in.Managed = append(in.Managed, "drop_in_database")
	p.setting("drop_in_database", name)
	p.taken(database, "tables as tracker-exporter had them are kept up in the database %s%s (drop_in_database)", name, p.suffix(database))
	for _, t := range []struct{ variable, setting, fallback string }{
		{"CLICKHOUSE__ISSUES_TABLE", "drop_in_issues_table", "issues"},
		{"CLICKHOUSE__ISSUE_METRICS_TABLE", "drop_in_metrics_table", "issue_metrics"},
		{"CLICKHOUSE__ISSUES_CHANGELOG_TABLE", "drop_in_changelog_table", "issues_changelog"},
	} {
		table := p.word(t.variable, t.fallback)
		in.Managed = append(in.Managed, t.setting)
		p.setting(t.setting, table)
		p.taken(t.variable, "the table %s%s (%s)", table, p.suffix(t.variable), t.setting)
	}
}
