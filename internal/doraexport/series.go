package doraexport

import "strings"

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
