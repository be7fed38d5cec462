package main

import (
	"runtime"
	"strings"
	"unsafe"
)

// conn is a connection to the engine, for the goroutine that opened it and for
// one statement at a time.
type conn struct {
	lib    *library
	handle *uintptr
}

func (c *conn) close() {
	c.lib.closeConn(c.handle)
	runtime.UnlockOSThread()
}

// notStreamed is how the engine begins to say that it answers a statement as a
// whole only: one that is no query.
const notStreamed = "Streaming query is not supported"

// run executes one statement and hands what it answers to each, a part at a
// time. Several statements are an error, as they are to a server.
func (c *conn) run(sql, format string, params map[string]string, each func([]byte) error) error {
	stream := c.call(c.lib.stream, sql, format, params)
	defer c.lib.destroy(stream)
	if err := c.fault(stream); err != nil {
		if !strings.Contains(err.Error(), notStreamed) {
			return err
		}
		if sql, err = single(sql); err != nil {
			return err
		}
		return c.exec(sql, format, params, each)
	}
	for {
		more, err := c.take(c.lib.fetch(*c.handle, stream), each)
		if err != nil {
			c.lib.cancel(*c.handle, stream)
			return err
		}
		if !more {
			return nil
		}
	}
}

// exec executes statements and hands what the last of them answers to each.
func (c *conn) exec(sql, format string, params map[string]string, each func([]byte) error) error {
	_, err := c.take(c.call(c.lib.query, sql, format, params), each)
	return err
}

// take hands a part of an answer to each and frees it. It returns false for the
// empty part, which is the end.
func (c *conn) take(part uintptr, each func([]byte) error) (more bool, err error) {
	defer c.lib.destroy(part)
	if err := c.fault(part); err != nil {
		return false, err
	}
	length := c.lib.length(part)
	if length == 0 {
		return false, nil
	}
	return true, each(unsafe.Slice((*byte)(c.lib.buffer(part)), length))
}

func (c *conn) call(f call, sql, format string, params map[string]string) uintptr {
	var names, values []string
	for name, value := range params {
		names, values = append(names, name), append(values, value)
	}
	n, v := packed(names), packed(values)
	defer n.free()
	defer v.free()
	return f(*c.handle, sql, uintptr(len(sql)), format, uintptr(len(format)),
		n.data(), n.sizes(), v.data(), v.sizes(), uintptr(len(names)))
}

func (c *conn) fault(answer uintptr) error {
	if text := c.lib.fault(answer); text != "" {
		return parseException(text)
	}
	return nil
}
