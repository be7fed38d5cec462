package doraexport

import (
	"slices"
	"strconv"
	"strings"
)

// series is what a value is kept by: the text of the exposition, with the labels in
// the order of the family.
func series(f *Family, values []string) string {
	var b strings.Builder
	b.WriteString(f.Name)
	b.WriteByte('{')
	for i, label := range f.Labels {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(label + `="`)
		_, _ = escapes.WriteString(&b, strings.ToValidUTF8(values[i], "\ufffd")) // a builder takes everything
		b.WriteByte('"')
	}
	b.WriteByte('}')
	return b.String()
}

var escapes = strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`)

// sampleOf reads the text of a series of any of our families, with its labels in any
// order; false when it is of none. Labels that it lacks are what they were before
// there were any: redeployment "false", others empty.
func sampleOf(text string) (s Sample, ok bool) {
	name, rest, _ := strings.Cut(text, "{")
	all := Families()
	i := slices.IndexFunc(all, func(f Family) bool { return f.Name == strings.TrimSpace(name) })
	if i < 0 {
		return Sample{}, false
	}
	f := &all[i]
	s = Sample{Family: f.Name, Labels: make([]string, len(f.Labels))}
	if at := slices.Index(f.Labels, "redeployment"); at >= 0 {
		s.Labels[at] = "false"
	}
	for rest = strings.TrimSpace(rest); rest != "" && rest != "}"; {
		var label, value string
		if label, value, rest, ok = labelOf(rest); !ok {
			return Sample{}, false
		}
		if at := slices.Index(f.Labels, label); at >= 0 {
			s.Labels[at] = value
		}
	}
	return s, true
}

// labelOf cuts the first label off a list of them.
func labelOf(text string) (label, value, rest string, ok bool) {
	label, rest, ok = strings.Cut(text, "=")
	rest = strings.TrimSpace(rest)
	quoted, err := strconv.QuotedPrefix(rest)
	if !ok || err != nil {
		return "", "", "", false
	}
	if value, err = strconv.Unquote(quoted); err != nil {
		return "", "", "", false
	}
	rest = strings.TrimSpace(rest[len(quoted):])
	rest = strings.TrimSpace(strings.TrimPrefix(rest, ","))
	return strings.TrimSpace(label), value, rest, true
}
