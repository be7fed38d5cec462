package main

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/ClickHouse/ch-go/compress"
)

const (
	maxSQL  = 64 << 20
	maxData = 4 << 30
)

// request is what a client asks: one statement, and all that goes with it.
type request struct {
	sql      string
	data     io.Reader // rows for an INSERT, nil without
	database string
	format   string
	revision uint64 // of the Native format, 0 for the engine's own
	settings map[string]string
	params   map[string]string
	queryID  string
	frames   bool // compress the answer in ClickHouse's own way
	whole    bool // send nothing before all is there
}

// notSettings are the parameters of ClickHouse's HTTP interface that are none
// of the query's settings. Sessions are not kept.
var notSettings = []string{
	"query", "database", "default_format", "client_protocol_version", "compress", "decompress",
	"user", "password", "query_id", "quota_key", "role", "stacktrace", "buffer_size", "wait_end_of_query",
	"session_id", "session_timeout", "session_check", "close_session",
}

var settingName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]*$`)

func readRequest(r *http.Request, w http.ResponseWriter) (*request, error) {
	q := r.URL.Query()
	req := &request{
		sql:      q.Get("query"),
		database: first(q.Get("database"), r.Header.Get("X-ClickHouse-Database")),
		format:   first(r.Header.Get("X-ClickHouse-Format"), q.Get("default_format"), "TabSeparated"),
		queryID:  q.Get("query_id"),
		frames:   q.Get("compress") == "1",
		whole:    q.Get("wait_end_of_query") == "1",
		settings: map[string]string{},
		params:   map[string]string{},
	}
	for name := range q {
		param, isParam := strings.CutPrefix(name, "param_")
		switch {
		case isParam:
			req.params[param] = q.Get(name)
		case slices.Contains(notSettings, name):
		case !settingName.MatchString(name):
			return nil, newException(unknownSetting, "UNKNOWN_SETTING", "Unknown setting %q", name)
		default:
			req.settings[name] = q.Get(name)
		}
	}
	if r.Method == http.MethodGet {
		req.settings["readonly"] = "2"
	}
	if revision := q.Get("client_protocol_version"); revision != "" {
		var err error
		if req.revision, err = strconv.ParseUint(revision, 10, 32); err != nil {
			return nil, newException(badArguments, "BAD_ARGUMENTS", "client_protocol_version %q is no number", revision)
		}
	}
	return req, req.readBody(r, w)
}

// readBody takes the statement or the data from the body: data follows an INSERT
// in the URL that says its format, anything else continues the statement.
func (req *request) readBody(r *http.Request, w http.ResponseWriter) error {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		return newException(notImplemented, "NOT_IMPLEMENTED", "External tables are not supported here")
	}
	body := bufio.NewReader(http.MaxBytesReader(w, r.Body, maxData))
	if _, err := body.Peek(1); err == io.EOF {
		return req.check()
	}
	plain, err := decoder(body, r.Header.Get("Content-Encoding"))
	if err != nil {
		return fmt.Errorf("read the body: %w", err)
	}
	if r.URL.Query().Get("decompress") == "1" {
		plain = unframed{compress.NewReader(plain)}
	}
	if insertOf.MatchString(req.sql) {
		req.data = plain
		return nil
	}
	text, err := io.ReadAll(io.LimitReader(plain, maxSQL+1))
	if err != nil {
		return fmt.Errorf("read the body: %w", err)
	}
	if len(text) > maxSQL {
		return newException(queryTooLarge, "QUERY_IS_TOO_LARGE", "A statement has at most %d bytes", maxSQL)
	}
	if req.sql != "" {
		req.sql += "\n"
	}
	req.sql += string(text)
	return req.check()
}

func (req *request) check() error {
	if strings.TrimSpace(req.sql) == "" {
		return newException(syntaxError, "SYNTAX_ERROR", "Empty query")
	}
	return nil
}

// prologue is what sets up a connection for the statement. What the library
// allows and a server does not is switched off.
func (req *request) prologue(comment string) string {
	all := map[string]string{"implicit_select": "0", "allow_introspection_functions": "0", "log_comment": comment}
	maps.Copy(all, req.settings)
	var sql strings.Builder
	if req.database != "" {
		fmt.Fprintf(&sql, "USE %s; ", quoted('`', req.database))
	}
	sql.WriteString("SET ")
	names := slices.Sorted(maps.Keys(all))
	// After it, nothing else could be set.
	if i := slices.Index(names, "readonly"); i >= 0 {
		names = append(slices.Delete(names, i, i+1), "readonly")
	}
	for i, name := range names {
		if i > 0 {
			sql.WriteString(", ")
		}
		fmt.Fprintf(&sql, "%s = %s", name, quoted('\'', all[name]))
	}
	return sql.String()
}

func quoted(quote byte, text string) string {
	q := string(quote)
	return q + strings.NewReplacer(`\`, `\\`, q, `\`+q, "\x00", `\0`).Replace(text) + q
}

func first(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
