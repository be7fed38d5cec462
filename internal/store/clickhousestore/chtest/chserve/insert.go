package main

import (
	"fmt"
	"io"
	"os"
	"regexp"
)

// insertOf takes an INSERT apart whose rows come in the body: the table and its
// columns, settings, the format.
var insertOf = regexp.MustCompile(`(?is)^(\s*INSERT\s+INTO\s.*?)(\sSETTINGS\s.*?)?\sFORMAT\s+(\w+)\s*;?\s*$`)

// insert writes the rows to a file for the engine, which takes none from a
// client, and returns the statement that reads it and a function to remove it.
func insert(sql string, data io.Reader) (string, func(), error) {
	parts := insertOf.FindStringSubmatch(sql)
	file, err := os.CreateTemp("", "chserve-rows-")
	if err != nil {
		return "", nil, fmt.Errorf("keep the rows: %w", err)
	}
	remove := func() { _ = os.Remove(file.Name()) }
	_, err = io.Copy(file, data)
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		remove()
		return "", nil, fmt.Errorf("read the rows: %w", err)
	}
	return fmt.Sprintf("%s FROM INFILE %s COMPRESSION 'none' %s FORMAT %s",
		parts[1], quoted('\'', file.Name()), parts[2], parts[3]), remove, nil
}
