package web

import (
	"context"
	"slices"
	"strings"

	"throughline/internal/i18n"
	"throughline/internal/source"
)

// said is what a source or a sync has to say in the reader's language, where
// the catalogue has it, else in English. In an id like changelog>field.date the
// text of the second is the {text} of the first.
func said(ctx context.Context, m source.Message) string {
	p, text := i18n.From(ctx), ""
	args := make([]any, 0, len(m.Args)+2)
	for _, a := range m.Args {
		args = append(args, a)
	}
	ids := strings.Split(m.ID, ">")
	slices.Reverse(ids)
	for _, id := range ids {
		if !p.Has("said." + id) {
			return m.Text
		}
		text = p.T("said."+id, append(args, "text", text)...)
	}
	return text
}
