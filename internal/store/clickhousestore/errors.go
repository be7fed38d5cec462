package clickhousestore

import (
	"context"
	"crypto/tls"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"

	"github.com/ClickHouse/clickhouse-go/v2"

	"throughline/internal/delivery"
)

// RefusedError is returned when the server does not let the user in. To wait
// does not help.
type RefusedError struct {
	User string
	err  error
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("the server does not let the user %q in: the name or the password is wrong (%v)", e.User, e.err)
}

func (e *RefusedError) Unwrap() error { return e.err }

// ClickHouse's codes that are treated in a way of their own.
var (
	// refusing are those for a user who is not let in.
	refusing = []int32{192, 193, 194, 516}
	// slow are those for a statement that took longer than it may.
	slow = []int32{159, 160}
	// transient are those for faults that pass: too many queries, parts or
	// connections, networks, memory, replicas and Keeper.
	transient = []int32{202, 203, 209, 210, 236, 241, 242, 252, 279, 285, 319, 999}
)

// explain makes an error a delivery.ErrUnavailable when the server is to be
// waited for, a context.DeadlineExceeded when it gave up because of the time,
// and the caller's own when the caller gave up.
func (s *Store) explain(ctx context.Context, err error) error { return s.address.explain(ctx, err) }

func (a *Address) explain(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if cause := ctx.Err(); cause != nil {
		return fmt.Errorf("%w (%w)", cause, err)
	}
	if refused, ok := errors.AsType[*clickhouse.Exception](err); ok {
		switch {
		case slices.Contains(refusing, refused.Code):
			return &RefusedError{a.user, refused}
		case slices.Contains(slow, refused.Code):
			return fmt.Errorf("%w: %w", context.DeadlineExceeded, err)
		case slices.Contains(transient, refused.Code):
			return fmt.Errorf("%w: %w", delivery.ErrUnavailable, refused)
		}
		return err
	}
	if !unreachable(err) {
		return err
	}
	if sent, ok := errors.AsType[*url.Error](err); ok {
		err = sent.Err // without an address that has every setting in it
	}
	return fmt.Errorf("%w: %w", delivery.ErrUnavailable, err)
}

// unreachable reports whether an error is of the way to the server. A
// certificate that is not trusted is none of these: it does not get better.
func unreachable(err error) bool {
	if _, untrusted := errors.AsType[*tls.CertificateVerificationError](err); untrusted {
		return false
	}
	if answer, ok := errors.AsType[*clickhouse.HTTPError](err); ok {
		// Of a proxy before it.
		return slices.Contains([]int{http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout}, answer.StatusCode)
	}
	_, network := errors.AsType[net.Error](err)
	return network || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, sqldriver.ErrBadConn) || errors.Is(err, clickhouse.ErrAcquireConnTimeout)
}
