package main

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
)

// answer writes what the engine says as a client wants it. Headers go out with
// the first part, so that an error before it has a status of its own.
type answer struct {
	http.ResponseWriter
	req      *request
	accepted string // encodings of HTTP
	tag      string // of an error after the headers

	out     io.WriteCloser // nil before the first part
	plain   io.Writer      // where an error after the headers goes
	waiting *bytes.Buffer  // what is held back until all is there
}

// ownFormat is a statement's own choice, which goes before the client's.
var ownFormat = regexp.MustCompile(`(?i)\sFORMAT\s+(\w+)\s*;?\s*$`)

func (a *answer) begin() error {
	if a.out != nil {
		return nil
	}
	var sink io.Writer = a.ResponseWriter
	if a.req.whole {
		a.waiting = &bytes.Buffer{}
		sink = a.waiting
	}
	h := a.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("X-ClickHouse-Format", a.format())
	a.tag = rand.Text()[:16]
	h.Set("X-ClickHouse-Exception-Tag", a.tag)
	a.plain = sink
	if a.req.frames {
		f, err := newFrames(sink, a.req.settings["network_compression_method"])
		if err != nil {
			return err
		}
		a.out = f
		return nil
	}
	if out, encoding := encoder(sink, a.accepted); out != nil {
		h.Set("Content-Encoding", encoding)
		a.out, a.plain = out, out
		return nil
	}
	a.out = unclosed{sink}
	return nil
}

func (a *answer) format() string {
	if own := ownFormat.FindStringSubmatch(a.req.sql); own != nil {
		return own[1]
	}
	return a.req.format
}

// part writes a part of the engine's answer.
func (a *answer) part(p []byte) error {
	if err := a.begin(); err != nil {
		return err
	}
	if a.format() == "Native" && a.req.revision > 0 {
		if err := transcode(a.out, p, a.req.revision); err != nil {
			return err
		}
	} else if _, err := a.out.Write(p); err != nil {
		return err
	}
	if a.waiting != nil {
		return nil
	}
	if f, ok := a.out.(interface{ Flush() error }); ok {
		if err := f.Flush(); err != nil {
			return err
		}
	}
	return http.NewResponseController(a.ResponseWriter).Flush()
}

// end completes the answer, or says what went wrong.
func (a *answer) end(err error) {
	if err == nil {
		err = a.finish()
	}
	if err == nil {
		return
	}
	var e *exception
	if !errors.As(err, &e) {
		e = newException(unknownException, "UNKNOWN_EXCEPTION", "%s", err)
	}
	if a.out != nil && a.waiting == nil {
		a.late(e)
		return
	}
	h := a.Header()
	h.Del("Content-Encoding")
	h.Set("Content-Type", "text/plain; charset=UTF-8")
	h.Set("X-ClickHouse-Exception-Code", strconv.Itoa(e.code))
	a.WriteHeader(e.status())
	var out io.Writer = a.ResponseWriter
	if a.req != nil && a.req.frames {
		if f, err := newFrames(out, a.req.settings["network_compression_method"]); err == nil {
			out = f
		}
	}
	_, _ = io.WriteString(out, e.text+"\n")
}

func (a *answer) finish() error {
	if a.out == nil {
		return nil
	}
	if err := a.out.Close(); err != nil {
		return err
	}
	if a.waiting != nil {
		_, err := a.waiting.WriteTo(a.ResponseWriter)
		return err
	}
	return nil
}

// late frames an error that came after the headers, as a server does.
func (a *answer) late(e *exception) {
	_, _ = fmt.Fprintf(a.plain, "\r\n__exception__\r\n%s\r\n%s\n%d %s\r\n__exception__\r\n", a.tag, e.text, len(e.text)+1, a.tag)
	_ = a.out.Close()
}

// unclosed is a writer that has nothing to close.
type unclosed struct{ io.Writer }

func (unclosed) Close() error { return nil }
