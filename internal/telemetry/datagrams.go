package telemetry

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"
)

// dialTimeout bounds the look-up of a name.
const dialTimeout = 2 * time.Second

// datagrams sends each write as a datagram. The address is looked up when there
// is something to send, and again after a failure: a receiver may come later
// than the program, and at another address than before.
type datagrams struct {
	addr string

	mu   sync.Mutex
	conn net.Conn
}

func (d *datagrams) Write(b []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.conn == nil {
		dialer := net.Dialer{Timeout: dialTimeout}
		conn, err := dialer.DialContext(context.Background(), "udp", d.addr)
		if err != nil {
			return 0, fmt.Errorf("metrics are lost: %w", err)
		}
		d.conn = conn
	}
	n, err := d.conn.Write(b)
	if err != nil {
		_ = d.conn.Close()
		d.conn = nil
		return n, fmt.Errorf("metrics are lost: %w", err)
	}
	return n, nil
}

func (d *datagrams) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.conn == nil {
		return nil
	}
	err := d.conn.Close()
	d.conn = nil
	return err
}

// seldom passes on the first error, and then one each statsdTold at most.
func seldom(tell func(error)) func(error) {
	var mu sync.Mutex
	var told time.Time
	return func(err error) {
		mu.Lock()
		now := time.Now()
		due := told.IsZero() || now.Sub(told) >= statsdTold
		if due {
			told = now
		}
		mu.Unlock()
		if due {
			tell(err)
		}
	}
}
