package chtest

import "testing"

const database = "throughline"

// Server is an engine of a test's own, which it may stop and start again.
type Server struct {
	process *process
}

// Start runs an engine over a folder of the test and returns when it answers.
// The address may have port 0 for a free one. The engine is killed when the test
// ends. It is always an engine of this machine: what TEST_CLICKHOUSE_DSN names
// is not ours to stop.
func Start(t testing.TB, folder, addr string) *Server {
	t.Helper()
	p, err := start(folder, addr)
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{process: p}
	t.Cleanup(func() {
		s.Stop()
		p.tell(t)
	})
	execute(t, p.dsn("default"), "CREATE DATABASE IF NOT EXISTS "+database)
	return s
}

// DSN is that of a database which is made at the first start and kept in the
// folder: default is of an engine of its own, which is no server's.
func (s *Server) DSN() string { return s.process.dsn(database) }

// Addr is the host and port it listens on, to start another there.
func (s *Server) Addr() string { return s.process.addr }

// Stop kills the engine in the middle of what it does, as a power cut would.
func (s *Server) Stop() { s.process.kill() }
