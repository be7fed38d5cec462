package web

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

// wordsOf is how many values of a filter are written out.
const wordsOf = 3

// filterWords says a filter in words, without the queries for series.
func filterWords(ctx context.Context, of delivery.Subject, f url.Values) []string {
	p := i18n.From(ctx)
	out := scopeWords(ctx, of, f)
	say := func(label, value string) { out = append(out, p.T("embeds.word", "label", p.T(label), "value", value)) }
	if span := periodText(ctx, f); span != "" {
		say("flow.period", span)
	}
	if bucket := f.Get("bucket"); bucket != "" && bucket != "auto" {
		say("flow.bucket", messageOr(p, "flow.bucket."+bucket, bucket))
	}
	if clock := f.Get("clock"); clock != "" {
		say("flow.clock", messageOr(p, "flow.clock."+clock, clock))
	}
	if items := f.Get("items"); items != "" {
		say("fan.items", items)
	}
	switch f.Get("restarts") {
	case "true":
		say("pipelines.restarts", p.T("pipelines.restarts.only"))
	case "false":
		say("pipelines.restarts", p.T("pipelines.restarts.without"))
	}
	for _, name := range []string{"links", "start", "benchmark"} {
		if v := f.Get(name); v != "" && of == delivery.OfDora {
			say("dora."+name, messageOr(p, "dora."+name+"."+v, v))
		}
	}
	return out
}

// scopeWords says in words which part of the records a filter lets through.
func scopeWords(ctx context.Context, of delivery.Subject, f url.Values) []string {
	p := i18n.From(ctx)
	var out []string
	say := func(label, value string) { out = append(out, p.T("embeds.word", "label", p.T(label), "value", value)) }
	for _, name := range slices.Concat(embedLists[of], []string{"repository"}) {
		if values := f[name]; len(values) > 0 {
			label := "flow." + name
			if name == "repository" {
				label = "embeds.repository"
			}
			say(label, someOf(ctx, name, values))
		}
	}
	if day := f.Get("definition"); day != "" {
		say("pinned.word", instantText(ctx, day))
	}
	return out
}

// someOf are the first of some values, and how many more there are.
func someOf(ctx context.Context, name string, values []string) string {
	var names []string
	for _, v := range values[:min(len(values), wordsOf)] {
		if name == "branch" && v == delivery.AnyBranch {
			v = i18n.T(ctx, "pipelines.branch.any")
		}
		names = append(names, cut(v, 60))
	}
	text := strings.Join(names, ", ")
	if more := len(values) - len(names); more > 0 {
		text += " +" + strconv.Itoa(more)
	}
	return text
}

func periodText(ctx context.Context, f url.Values) string {
	span, from, to := f.Get("range"), f.Get("from"), f.Get("to")
	switch {
	case span != "":
		return views.RangeWords(ctx, span)
	case from+to == "":
		return views.RangeWords(ctx, defaultRange)
	}
	return strings.TrimSpace(instantText(ctx, from) + " – " + instantText(ctx, to))
}

// instantText is a day of a filter as it is read, anything else as it was written.
func instantText(ctx context.Context, text string) string {
	if d, err := delivery.ParseDate(text); err == nil {
		return dayText(i18n.From(ctx), d)
	}
	return text
}

func messageOr(p *i18n.Printer, id, other string) string {
	if p.Has(id) {
		return p.T(id)
	}
	return other
}
