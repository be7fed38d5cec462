package main

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
)

// Codes of ClickHouse that this server gives by itself.
const (
	badArguments         = 36
	syntaxError          = 62
	unknownSetting       = 115
	queryTooLarge        = 165
	notImplemented       = 48
	authenticationFailed = 516
	unknownException     = 1002
)

// exception is an error as ClickHouse has them.
type exception struct {
	code int
	text string // begins with the code
}

func (e *exception) Error() string { return e.text }

func (e *exception) status() int {
	if e.code == authenticationFailed {
		return http.StatusForbidden
	}
	return http.StatusBadRequest
}

func newException(code int, name, format string, args ...any) *exception {
	return &exception{code: code, text: fmt.Sprintf("Code: %d. DB::Exception: %s. (%s)", code, fmt.Sprintf(format, args...), name)}
}

var exceptionCode = regexp.MustCompile(`Code: (\d+)\. `)

// parseException reads a text of the engine; some begin with a word of the
// library's own.
func parseException(text string) *exception {
	at := exceptionCode.FindStringSubmatchIndex(text)
	if at == nil {
		return newException(unknownException, "UNKNOWN_EXCEPTION", "%s", text)
	}
	code, err := strconv.Atoi(text[at[2]:at[3]])
	if err != nil {
		return newException(unknownException, "UNKNOWN_EXCEPTION", "%s", text)
	}
	return &exception{code: code, text: text[at[0]:]}
}
