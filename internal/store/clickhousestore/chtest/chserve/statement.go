package main

import "regexp"

var (
	values = regexp.MustCompile(`(?is)^\s*INSERT\s+INTO\s.*?\sVALUES\b`)
	// Nobody in the library removes what is dropped, and SYNC waits for it.
	dropSync = regexp.MustCompile(`(?is)^(\s*(?:DROP|DETACH)\s+\w+\s+(?:IF\s+EXISTS\s+)?\S.*?)\s(?:SYNC|NO\s+DELAY)(\s*;?\s*)$`)
)

// single returns a statement that is no query, as the engine can run it. The
// engine parses no further than VALUES before it runs the first of several.
func single(sql string) (string, error) {
	if at := values.FindStringIndex(sql); at != nil && continues(sql[at[1]:]) {
		return "", newException(syntaxError, "SYNTAX_ERROR", "Syntax error (Multi-statements are not allowed)")
	}
	return dropSync.ReplaceAllString(sql, "$1$2"), nil
}

// continues says whether anything but a comment follows a semicolon that is no
// part of a text.
func continues(rows string) bool {
	ended := false
	for i := 0; i < len(rows); i++ {
		switch c := rows[i]; {
		case c == '\'' || c == '"' || c == '`':
			if ended {
				return true
			}
			for i++; i < len(rows) && rows[i] != c; i++ {
				if rows[i] == '\\' {
					i++
				}
			}
		case c == '-' && i+1 < len(rows) && rows[i+1] == '-':
			for i < len(rows) && rows[i] != '\n' {
				i++
			}
		case c == '/' && i+1 < len(rows) && rows[i+1] == '*':
			for i += 2; i+1 < len(rows) && (rows[i] != '*' || rows[i+1] != '/'); i++ {
			}
			i++
		case c == ';':
			ended = true
		case c != ' ' && c != '\t' && c != '\r' && c != '\n':
			if ended {
				return true
			}
		}
	}
	return false
}
