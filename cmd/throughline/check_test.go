package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"throughline/internal/simulator"
)

// without is an environment without a variable.
func without(environ []string, name string) []string {
	return slices.DeleteFunc(slices.Clone(environ), func(v string) bool { return strings.HasPrefix(v, name+"=") })
}

func TestCheck(t *testing.T) {
	environ := synced(t, 10)
	before := tree(t, dirOf(environ))
	code, stdout, stderr := cli(t, environ, "check")
	expect(t, code, exitDone, stdout+stderr, "✓ configuration\n", "✓ data directory "+dirOf(environ)+": writable, ", " free, not in use\n",
		"✓ inbox.db: ", "✓ control.db: ", "✓ facts.db: ", "sound, schema ", "✓ secret key: "+dirOf(environ)+"/secret.key opens the credentials of 1 connection\n",
		"✓ connection tracker: reached as ", " queues seen", "\nAll is well.\n")
	if d := cmp.Diff(before, tree(t, dirOf(environ))); d != "" {
		t.Errorf("it changed:\n%s", d)
	}
	s := launch(t, environ, "serve")
	code, stdout, stderr = cli(t, environ, "check")
	expect(t, code, exitDone, stdout+stderr, "in use by another throughline, process ", "✓ connection tracker: ")
	s.stop()
}

func TestCheckBeforeFirstStart(t *testing.T) {
	_, api := company(t, simulator.Options{Issues: 3})
	environ := connected(t, api.URL)
	code, stdout, stderr := cli(t, environ, "check")
	expect(t, code, exitDone, stdout+stderr, "– data directory "+dirOf(environ)+": not there yet; it is made at the first start\n",
		"– control.db: not there yet", "– facts.db: not there yet", "– secret key: not there yet; ", "✓ connection tracker: reached as ", "All is well.")
	if _, err := os.Stat(dirOf(environ)); !os.IsNotExist(err) {
		t.Errorf("the data directory was made: %v", err)
	}
	code, stdout, _ = cli(t, dataDir(t), "check")
	expect(t, code, exitDone, stdout, "– connections: there are none yet; add one under Settings → Connections")
}

func TestCheckFinds(t *testing.T) {
	_, api := company(t, simulator.Options{Issues: 3, Token: "tell-nobody"})
	silent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = w.Write([]byte(r.Header.Get("Authorization"))) // repeats what it was sent
	}))
	t.Cleanup(silent.Close)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	damage := func(name string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			plant(t, dir, map[string]string{name: strings.Repeat("no database ", 1000)})
		}
	}
	for _, tt := range []struct {
		name   string
		api    string
		change func(t *testing.T, dir string)
		env    []string
		want   []string
	}{
		{
			"wrong token", api.URL, nil,
			[]string{"TRACKER_TOKEN=another-one"},
			[]string{"✗ connection tracker: The token is not accepted: it has expired, was revoked or was mistyped. Enter a new one. Its settings are in the provisioning file.\n"},
		},
		{"error", silent.URL, nil, nil, []string{"✗ connection tracker: ", "see that this machine reaches the address, and that it is set right in the provisioning file"}},
		{"nobody answers", gone.URL, nil, nil, []string{"✗ connection tracker: ", "connection refused"}},
		{"private address", api.URL, nil, []string{"THROUGHLINE_ALLOWED_NETWORKS="}, []string{"✗ connection tracker: ", "add its network to THROUGHLINE_ALLOWED_NETWORKS"}},
		{"damaged facts", api.URL, damage("facts.db"), nil, []string{"✗ facts.db: ", "is damaged", "restore a backup", "✓ connection tracker: "}},
		{"damaged control database", api.URL, damage("control.db"), nil, []string{"✗ control.db: ", "is damaged", "✓ facts.db"}},
		{"damaged inbox", api.URL, damage("inbox.db"), nil, []string{"✗ inbox.db: ", "is damaged", "restore a backup", "✓ connection tracker: "}},
		{"given up", api.URL, func(t *testing.T, dir string) { fillInbox(t, dir, 1, 2) }, nil, []string{
			"✓ inbox.db: ", "– inbox: received and not stored yet: 1, the first at ",
			"✗ inbox: received, but given up and in no chart: 2, the last because: no space; see to the cause, then replay them on the page /inbox?state=failed\n",
		}},
		{"newer schema", api.URL, func(t *testing.T, dir string) {
			execIn(t, filepath.Join(dir, "facts.db"), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)")
		}, nil, []string{"✗ facts.db: ", "was written by a newer version of Throughline (its schema is 999"}},
		{"key that others can read", api.URL, func(t *testing.T, dir string) {
			if err := os.Chmod(filepath.Join(dir, "secret.key"), 0o644); err != nil {
				t.Fatal(err)
			}
		}, nil, []string{"✗ secret key: others may read the secret key; run: chmod 600 "}},
		{"restore cut off", api.URL, func(t *testing.T, dir string) {
			plant(t, dir, map[string]string{"restore.ready/restore.json": "{}"})
		}, nil, []string{"✗ restore: ", "was cut off; start the server, which finishes it"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			environ := connected(t, tt.api)
			first := append(slices.Clone(environ), "THROUGHLINE_LOG_LEVEL=error")
			if code, _, stderr := cli(t, append(without(first, "THROUGHLINE_PROVISION"), "THROUGHLINE_ADDR=127.0.0.1:0"), "sync"); code != exitDone {
				t.Fatal(stderr)
			}
			if tt.change != nil {
				tt.change(t, dirOf(environ))
			}
			before := tree(t, dirOf(environ))
			code, stdout, stderr := cli(t, append(environ, tt.env...), "check")
			expect(t, code, exitError, stdout+stderr, append(tt.want, "What is marked ✗ needs you: 1.")...)
			if strings.Contains(stdout, "tell-nobody") {
				t.Errorf("it tells the token:\n%s", stdout)
			}
			if strings.Count(stdout, "\n") > 12 {
				t.Errorf("more than a line each:\n%s", stdout)
			}
			if d := cmp.Diff(before, tree(t, dirOf(environ))); d != "" {
				t.Errorf("it changed:\n%s", d)
			}
		})
	}
}

// Credentials that are not provisioned open only with the key that sealed them.
func TestCheckAnotherKey(t *testing.T) {
	environ := synced(t, 3)
	if err := os.Remove(filepath.Join(dirOf(environ), "secret.key")); err != nil {
		t.Fatal(err)
	}
	code, stdout, _ := cli(t, without(environ, "THROUGHLINE_PROVISION"), "check")
	expect(t, code, exitError, stdout, "✗ secret key: "+dirOf(environ)+"/secret.key is not there, and the credentials of 1 connection are sealed with one; put it back",
		"✗ connection tracker: Its credentials were sealed with another secret key.")
	code, stdout, _ = cli(t, append(without(environ, "THROUGHLINE_PROVISION"), "THROUGHLINE_SECRET_KEY="+strings.Repeat("A", 43)+"="), "check")
	expect(t, code, exitError, stdout, "✗ secret key: the one in THROUGHLINE_SECRET_KEY does not open the credentials of 1 connection; put the right key back")
}

func TestCheckPaused(t *testing.T) {
	environ := synced(t, 3)
	execIn(t, filepath.Join(dirOf(environ), "control.db"), "UPDATE connections SET paused_code = 'user', paused_message = 'by hand', paused_at = 1")
	code, stdout, _ := cli(t, environ, "check")
	expect(t, code, exitError, stdout, "✗ connection tracker: reached as ", ", but it is paused since ", "by hand. Resume it under Settings → Connections → tracker")
}

func TestCheckConfiguration(t *testing.T) {
	code, stdout, stderr := cli(t, append(dataDir(t), "THROUGHLINE_ADRR=:1", "THROUGHLINE_LOG_LEVEL=loud"), "check")
	expect(t, code, exitUsage, stderr, "the configuration cannot be used:\n", "\n  THROUGHLINE_ADRR: unknown variable", "\n  THROUGHLINE_LOG_LEVEL: ")
	if stdout != "" {
		t.Errorf("it said %s", stdout)
	}
	file := filepath.Join(t.TempDir(), "file")
	plant(t, filepath.Dir(file), map[string]string{"file": ""})
	code, stdout, _ = cli(t, []string{"THROUGHLINE_DATA_DIR=" + file}, "check")
	expect(t, code, exitError, stdout, "✗ data directory "+file+": it is a file; set THROUGHLINE_DATA_DIR to a directory")
	code, stdout, _ = cli(t, []string{"THROUGHLINE_DATA_DIR=" + filepath.Join(file, "data")}, "check")
	expect(t, code, exitError, stdout, "✗ data directory: ", "not a directory")
}
