package chtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// TestOptions reads the addresses of servers to test on.
func TestOptions(t *testing.T) {
	o, on, err := options("clickhouses://u:p@h:9440/default?cluster=main")
	if err != nil || on != " ON CLUSTER `main`" {
		t.Fatalf("%q, %v", on, err)
	}
	if o.TLS == nil || o.Protocol != clickhouse.Native || o.Addr[0] != "h:9440" || o.Auth.Username != "u" || o.Auth.Password != "p" || len(o.Settings) != 0 {
		t.Errorf("TLS %v, %s to %s as %s, settings %v", o.TLS != nil, o.Protocol, o.Addr, o.Auth.Username, o.Settings)
	}
	if o, on, err = options("http://h:8123/default"); err != nil || on != "" || o.TLS != nil || o.Protocol != clickhouse.HTTP {
		t.Errorf("%q, %v", on, err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := options("clickhouses://h:9440/default?ca=" + file); err == nil || !strings.Contains(err.Error(), "holds no certificate") {
		t.Errorf("error %v", err)
	}
}
