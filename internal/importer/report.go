package importer

import (
	"fmt"
	"strings"
)

// Report says what becomes of each variable. It holds no secret.
type Report struct {
	Taken     []Line
	NotNeeded []Line
	NotTaken  []Line // and what to do
	// Set are variables of ours with their values, to be set for the server.
	Set []string
	// Next is what is left to do by hand.
	Next []string
}

// Line is what there is to say of a variable.
type Line struct {
	Variable string // "" when its name may not be shown
	Line     int    // in the file; 0 when it is not set there, -1 when it is of no line
	Text     string
}

// maxListed bounds each list; nobody would read more.
const maxListed = 300

// String is the report as people read it.
func (r *Report) String() string {
	var b strings.Builder
	for _, list := range []struct {
		title string
		lines []Line
	}{{"Taken", r.Taken}, {"Not needed, and why", r.NotNeeded}, {"Could not be taken, and what to do", r.NotTaken}} {
		fmt.Fprintf(&b, "%s:\n", list.title)
		if len(list.lines) == 0 {
			b.WriteString("  nothing\n")
		}
		for _, l := range list.lines[:min(len(list.lines), maxListed)] {
			fmt.Fprintf(&b, "  %s: %s\n", l.place(), l.Text)
		}
		if more := len(list.lines) - maxListed; more > 0 {
			fmt.Fprintf(&b, "  and %d more\n", more)
		}
		b.WriteByte('\n')
	}
	if len(r.Set) > 0 {
		b.WriteString("Set for the server, and start it again:\n")
		for _, line := range r.Set {
			fmt.Fprintf(&b, "  %s\n", line)
		}
		b.WriteByte('\n')
	}
	if len(r.Next) > 0 {
		b.WriteString("What is left to do:\n")
		for _, line := range r.Next {
			fmt.Fprintf(&b, "  %s\n", line)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func (l *Line) place() string {
	switch {
	case l.Line < 0:
		return l.Variable
	case l.Variable == "":
		return fmt.Sprintf("line %d", l.Line)
	case l.Line == 0:
		return l.Variable + " (not set)"
	}
	return fmt.Sprintf("%s (line %d)", l.Variable, l.Line)
}
