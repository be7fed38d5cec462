package web

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"throughline/internal/i18n"
	"throughline/views"
)

// Bounds of what the log shows of one entry.
const (
	maxChanges     = 60
	maxChangeValue = 300 // characters
)

// auditChanges are the fields in which two JSON values differ, by path. What
// is new or gone has an empty side.
func auditChanges(ctx context.Context, before, after json.RawMessage) views.AuditChanges {
	was, is := flatten(ctx, before), flatten(ctx, after)
	paths := map[string]bool{}
	for path := range was {
		paths[path] = true
	}
	for path := range is {
		paths[path] = true
	}
	var out views.AuditChanges
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		if was[path] == is[path] {
			continue
		}
		if len(out.Fields) == maxChanges {
			out.More++
			continue
		}
		out.Fields = append(out.Fields, views.AuditChange{Path: path, Before: clip(was[path]), After: clip(is[path])})
	}
	return out
}

// flatten is the leaves of a JSON value by path. What cannot be read is one
// leaf.
func flatten(ctx context.Context, data json.RawMessage) map[string]string {
	out := map[string]string{}
	if len(data) == 0 {
		return out
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		out[""] = string(data)
		return out
	}
	leaves(i18n.From(ctx), "", v, out)
	return out
}

func leaves(p *i18n.Printer, path string, v any, out map[string]string) {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			leaves(p, strings.TrimPrefix(path+"."+key, "."), value, out)
		}
	case []any:
		if text, ok := flatList(p, v); ok {
			leaves(p, path, text, out)
			return
		}
		for i, value := range v {
			leaves(p, path+"["+strconv.Itoa(i+1)+"]", value, out)
		}
	default:
		if text := leaf(p, v); text != "" {
			out[path] = text
		}
	}
}

// flatList writes a list without lists and objects in it on one line.
func flatList(p *i18n.Printer, list []any) (string, bool) {
	texts := make([]string, len(list))
	for i, v := range list {
		switch v.(type) {
		case map[string]any, []any:
			return "", false
		}
		texts[i] = leaf(p, v)
	}
	return strings.Join(texts, ", "), true
}

func leaf(p *i18n.Printer, v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case bool:
		if v {
			return p.T("audit.yes")
		}
		return p.T("audit.no")
	}
	return fmt.Sprint(v)
}

func clip(text string) string {
	if utf8.RuneCountInString(text) <= maxChangeValue {
		return text
	}
	return string([]rune(text)[:maxChangeValue]) + "…"
}
