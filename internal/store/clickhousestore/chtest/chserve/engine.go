package main

import (
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	"github.com/ebitengine/purego"
)

// engine is ClickHouse inside this process. The library holds one, over one
// folder, and any number of connections to it, each with its own database and
// settings.
type engine struct {
	lib    library
	path   string
	anchor *conn // keeps the engine up while nobody asks anything
}

// library is what is used of libchdb.so. An answer of the engine is a pointer
// that has to be destroyed.
type library struct {
	signalHandlers func(enabled bool)
	connect        func(argc int32, argv unsafe.Pointer) *uintptr
	closeConn      func(conn *uintptr)
	query          call
	stream         call
	fetch          func(conn, stream uintptr) uintptr
	cancel         func(conn, stream uintptr)
	fault          func(answer uintptr) string
	buffer         func(answer uintptr) unsafe.Pointer
	length         func(answer uintptr) uintptr
	destroy        func(answer uintptr)
}

// call runs one statement: its text, the format of the answer, and as many
// names and values of parameters as the last argument says.
type call func(conn uintptr, sql string, sqlLength uintptr, format string, formatLength uintptr,
	names, nameLengths, values, valueLengths unsafe.Pointer, count uintptr) uintptr

// openEngine starts ClickHouse over the folder.
func openEngine(file, path string) (*engine, error) {
	handle, err := purego.Dlopen(file, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", file, err)
	}
	e := &engine{path: path}
	for name, f := range map[string]any{
		"chdb_set_signal_handlers_enabled": &e.lib.signalHandlers,
		"chdb_connect":                     &e.lib.connect,
		"chdb_close_conn":                  &e.lib.closeConn,
		"chdb_query_with_params_n":         &e.lib.query,
		"chdb_stream_query_with_params_n":  &e.lib.stream,
		"chdb_stream_fetch_result":         &e.lib.fetch,
		"chdb_stream_cancel_query":         &e.lib.cancel,
		"chdb_result_error":                &e.lib.fault,
		"chdb_result_buffer":               &e.lib.buffer,
		"chdb_result_length":               &e.lib.length,
		"chdb_destroy_query_result":        &e.lib.destroy,
	} {
		symbol, err := purego.Dlsym(handle, name)
		if err != nil {
			return nil, fmt.Errorf("load %s: %w", file, err)
		}
		purego.RegisterFunc(f, symbol)
	}
	// Go sends itself signals, which the engine would take for crashes.
	e.lib.signalHandlers(false)
	if e.anchor, err = e.open(); err != nil {
		return nil, err
	}
	return e, nil
}

// open returns a new connection; it takes less than a millisecond.
func (e *engine) open() (*conn, error) {
	args := packed([]string{"clickhouse", "--path=" + e.path})
	defer args.free()
	// The thread stays the same: the engine keeps things with it.
	runtime.LockOSThread()
	handle := e.lib.connect(2, args.data())
	if handle == nil || *handle == 0 {
		runtime.UnlockOSThread()
		return nil, errors.New("the engine opens no connection to " + e.path)
	}
	return &conn{lib: &e.lib, handle: handle}, nil
}

// cStrings are Go's texts as C wants them: pointers, and lengths beside them.
type cStrings struct {
	pointers []*byte
	lengths  []uintptr
	pins     runtime.Pinner
}

func packed(texts []string) *cStrings {
	c := &cStrings{}
	for _, text := range texts {
		ended := append([]byte(text), 0)
		c.pins.Pin(&ended[0])
		c.pointers = append(c.pointers, &ended[0])
		c.lengths = append(c.lengths, uintptr(len(text)))
	}
	return c
}

func (c *cStrings) data() unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(c.pointers)) }
func (c *cStrings) sizes() unsafe.Pointer {
	return unsafe.Pointer(unsafe.SliceData(c.lengths))
}
func (c *cStrings) free() { c.pins.Unpin() }
