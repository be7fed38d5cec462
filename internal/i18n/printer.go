package i18n

import (
	"context"
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// Printer writes messages, numbers, dates and durations in one language.
type Printer struct {
	lang     string
	tag      language.Tag
	messages map[string]message
}

// For returns the printer of a language, that of Default for an unknown one.
func For(lang string) *Printer {
	messages, ok := catalogues()[lang]
	if !ok {
		lang, messages = Default, catalogues()[Default]
	}
	return &Printer{lang: lang, tag: language.Make(lang), messages: messages}
}

// Lang is the printer's language, as in Langs.
func (p *Printer) Lang() string { return p.lang }

type contextKey struct{}

// With returns ctx carrying the printer that T writes with.
func With(ctx context.Context, p *Printer) context.Context {
	return context.WithValue(ctx, contextKey{}, p)
}

// From is the printer of ctx, that of Default when it carries none.
func From(ctx context.Context) *Printer {
	if p, ok := ctx.Value(contextKey{}).(*Printer); ok {
		return p
	}
	return For(Default)
}

// T writes a message in the language of ctx; see Printer.T.
func T(ctx context.Context, id string, args ...any) string { return From(ctx).T(id, args...) }

// T writes a message. args are names and values in turn; {name} in the text is
// replaced by the value, numbers and days formatted for the language. A message
// with plural forms is chosen by the argument called n. An unknown id is
// returned as it is.
func (p *Printer) T(id string, args ...any) string {
	m, ok := p.messages[id]
	if !ok {
		return id
	}
	text := m.text
	if m.forms != nil {
		text = m.forms[p.form(argument(args, "n"))]
		if text == "" {
			text = m.forms["other"]
		}
	}
	if len(args) == 0 {
		return text
	}
	pairs := make([]string, 0, len(args))
	for i := 0; i+1 < len(args); i += 2 {
		pairs = append(pairs, "{"+fmt.Sprint(args[i])+"}", p.format(args[i+1]))
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// Has reports whether the catalogue holds a message.
func (p *Printer) Has(id string) bool {
	_, ok := p.messages[id]
	return ok
}

func argument(args []any, name string) any {
	for i := 0; i+1 < len(args); i += 2 {
		if args[i] == name {
			return args[i+1]
		}
	}
	return nil
}

// form is the plural category of a count; fractions take the form that the
// language has for them.
func (p *Printer) form(n any) string {
	var count int
	switch v := n.(type) {
	case int:
		count = v
	case int64:
		count = int(v)
	case float64:
		if v != float64(int(v)) {
			return categoryName(plural.Cardinal.MatchPlural(p.tag, int(v), 1, 1, 1, 1))
		}
		count = int(v)
	default:
		return "other"
	}
	return categoryName(plural.Cardinal.MatchPlural(p.tag, max(count, -count), 0, 0, 0, 0))
}

func categoryName(f plural.Form) string {
	switch f {
	case plural.One:
		return "one"
	case plural.Few:
		return "few"
	case plural.Many:
		return "many"
	default:
		return "other"
	}
}

func (p *Printer) format(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case int:
		return p.Number(float64(v), 0)
	case int64:
		return p.Number(float64(v), 0)
	case float64:
		return p.Number(v, 1)
	case time.Time:
		return p.Date(v)
	default:
		return fmt.Sprint(v)
	}
}

// Match is the language of the catalogue that an Accept-Language header asks
// for, "" when it asks for none of them.
func Match(acceptLanguage string) string {
	tags, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil {
		return ""
	}
	for _, tag := range tags {
		base, _ := tag.Base()
		for _, lang := range Langs() {
			if base.String() == lang {
				return lang
			}
		}
	}
	return ""
}
