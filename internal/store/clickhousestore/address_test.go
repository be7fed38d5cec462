package clickhousestore

import (
	"strings"
	"testing"
)

func TestParseAddress(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"native", "clickhouse://u:secret@h/d", "clickhouse://u@h:9000/d"},
		{"native with TLS", "clickhouses://u:secret@h/d", "clickhouses://u@h:9440/d"},
		{"several hosts", "clickhouse://u:secret@h1:9001,h2/d", "clickhouse://u@h1:9001,h2:9000/d"},
		{"user in the query", "https://h/d?user=u&password=secret", "https://u@h:8443/d"},
		{"cluster", "http://h:8123/d?cluster=main", "http://default@h:8123/d?cluster=main"},
		{"escapes", "http://u:secret%40%2F%3F@h/d", "http://u@h:8123/d"},
		{"IPv6", "http://[::1]/d", "http://default@[::1]:8123/d"},
		{"slash in the password", "http://u:secret/x@h/d", ""},
		{"question mark in the password", "http://u:secret?secret=secret@h/d", ""},
		{"nothing behind the question mark", "http://u:x?secret@h/d", ""},
		{"password twice", "http://h/d?password=secret&password=secret", ""},
		{"port", "http://u:secret@h:secret/d", ""},
		{"no database", "http://u:secret@h", ""},
		{"database of odd letters", "http://u:x@h/secret`", ""},
		{"certificates without TLS", "http://u:secret@h/d?ca=x", ""},
		{"another scheme", "tcp://u:secret@h/d", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, err := ParseAddress(tt.text)
			if (err == nil) != (tt.want != "") {
				t.Fatalf("error %v", err)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("a secret shows: %v", err)
			}
			if err == nil && a.String() != tt.want {
				t.Errorf("got %s", a)
			}
		})
	}
}
