package web

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"throughline/internal/control"
	"throughline/internal/i18n"
	"throughline/internal/source"
	"throughline/views"
)

// intervals are the choices of how often to pull.
func intervals() []time.Duration {
	return []time.Duration{5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 24 * time.Hour}
}

// hookAddress is where a source sends the hooks of a connection.
func (s *Server) hookAddress(r *http.Request, name string) string {
	if name == "" {
		name = "NAME"
	}
	return s.siteURL(r) + hooksBelow + name
}

// offerHooks says where hooks go, and proposes a secret for them where there is
// none, or where another one is asked for. A given one is made elsewhere.
func (s *Server) offerHooks(r *http.Request, f *views.ConnectionForm, secret *views.SecretInput, given bool) {
	f.Hook = s.hookAddress(r, f.Name)
	if path, ok := map[string]string{githubKind: githubHooks, jiraKind: jiraHooks}[f.Kind]; ok {
		f.HookAny = s.siteURL(r) + path
	}
	if f.Provisioned || given {
		return
	}
	if !secret.Set || r.URL.Query().Get("secret") == "new" {
		secret.Proposed = rand.Text() + rand.Text()
	} else {
		secret.Renew = "/settings/connections/" + f.Name + "?secret=new"
	}
}

// connectionForm is the form of c as it is stored.
func (s *Server) connectionForm(r *http.Request, kind source.Kind, c control.Connection) views.ConnectionForm {
	p := i18n.From(r.Context())
	f := views.ConnectionForm{
		New: c.ID == 0, Name: c.Name, Kind: kind.Name, KindTitle: kind.Title, Provisioned: c.Provisioned,
		Form: views.Form{Values: map[string]string{"name": c.Name, "every": everyValue(c.Every)}},
	}
	f.Pushed, f.BuiltIn = kind.Pushed, control.BuiltIn(c.Name)
	if f.BuiltIn {
		f.New = false
	}
	if f.New {
		for _, k := range s.cfg.Kinds {
			f.Kinds = append(f.Kinds, views.Tab{Label: k.Title, Path: "/settings/connections/new?kind=" + k.Name, Current: k.Name == kind.Name})
		}
	}
	every := intervals()
	if !slices.Contains(every, c.Every) {
		every = append(every, c.Every)
		slices.Sort(every)
	}
	for _, d := range every {
		f.Intervals = append(f.Intervals, views.Option{Value: everyValue(d), Label: p.Duration(d.Seconds(), 24)})
	}
	for _, field := range kind.Secrets {
		in := views.SecretInput{Input: fieldInput(p, kind, field, c.Provisioned), Set: slices.Contains(c.Secrets, field.Name)}
		if field.Name == source.WebhookSecret {
			s.offerHooks(r, &f, &in, field.Given)
		}
		f.Secrets = append(f.Secrets, in)
	}
	for _, field := range kind.Fields {
		value := storedValue(c.Settings, field)
		if f.New && field.Name == "language" && slices.Contains(field.Options, p.Lang()) {
			value = p.Lang() // names in the language of who connects
		}
		f.Values[field.Name] = value
		input := views.ConnectionInput{Input: fieldInput(p, kind, field, c.Provisioned), Check: field.Type == source.Bool, Options: options(p, kind, field)}
		if field.Advanced {
			f.Advanced = append(f.Advanced, input)
			f.Open = f.Open || value != "" && value != field.Default
		} else {
			f.Fields = append(f.Fields, input)
		}
	}
	return f
}

func everyValue(d time.Duration) string { return strconv.Itoa(int(d / time.Second)) }

func fieldInput(p *i18n.Printer, kind source.Kind, field source.Field, disabled bool) views.Input {
	id := "connection." + kind.Name + "." + field.Name
	i := views.Input{Name: field.Name, Label: p.T(id), Placeholder: field.Default, Disabled: disabled}
	if p.Has(id + ".help") {
		i.Help = p.T(id + ".help")
	}
	if field.Type == source.URL {
		i.Type = "url"
	}
	return i
}

func options(p *i18n.Printer, kind source.Kind, field source.Field) []views.Option {
	var out []views.Option
	for _, value := range field.Options {
		label := value
		if id := "connection." + kind.Name + "." + field.Name + "." + value; p.Has(id) {
			label = p.T(id)
		}
		out = append(out, views.Option{Value: value, Label: label})
	}
	return out
}

// storedValue is a setting as the form shows it: "" where the default holds,
// but for choices and checkboxes, which show the default itself.
func storedValue(set source.Settings, field source.Field) string {
	_, given := set[field.Name]
	switch field.Type {
	case source.Bool:
		if on, err := set.Bool(field); err == nil && on {
			return "on"
		}
		return ""
	case source.List:
		if list, err := set.List(field); err == nil && given {
			return strings.Join(list, ", ")
		}
		return ""
	case source.Choice:
		text, err := set.Text(field)
		if err != nil {
			return field.Default
		}
		return text
	}
	if text, err := set.Text(field); err == nil && given {
		return text
	}
	return ""
}

// typedConnection is what a form says.
type typedConnection struct {
	connection control.Connection
	secrets    map[string]string // to set, or with "" to remove
	values     map[string]string // as typed, without secrets
}

// readConnection reads the form over c. A stored secret that is not typed again
// is kept, unless the address it would be sent to changes.
func (s *Server) readConnection(r *http.Request, kind source.Kind, c control.Connection) (typedConnection, error) {
	typed := typedConnection{connection: c, secrets: map[string]string{}, values: map[string]string{}}
	for _, name := range []string{"name", "every"} {
		typed.values[name] = r.PostFormValue(name)
	}
	if seconds, err := strconv.Atoi(r.PostFormValue("every")); err == nil {
		typed.connection.Every = time.Duration(seconds) * time.Second
	}
	typed.connection.Settings = source.Settings{}
	moved := false
	for _, field := range kind.Fields {
		text := strings.TrimSpace(r.PostFormValue(field.Name))
		typed.values[field.Name] = text
		raw, err := settingJSON(field, text)
		if err != nil {
			return typed, err
		}
		if raw != nil {
			typed.connection.Settings[field.Name] = raw
		}
		moved = moved || field.Type == source.URL && storedValue(c.Settings, field) != text
	}
	var errs []error
	for _, field := range kind.Secrets {
		value := strings.TrimSpace(r.PostFormValue(field.Name))
		stored := slices.Contains(c.Secrets, field.Name)
		switch {
		case value != "" || stored && r.PostFormValue("forget."+field.Name) == "on":
			typed.secrets[field.Name] = value
		case stored && moved:
			errs = append(errs, &control.FieldError{Field: field.Name, Code: "again", Message: "enter it again, since the address has changed"})
		}
	}
	return typed, errors.Join(errs...)
}

// settingJSON is a typed text as the setting's JSON; nil where it leaves the
// default.
func settingJSON(field source.Field, text string) (json.RawMessage, error) {
	var v any = text
	switch field.Type {
	case source.Bool:
		on := text == "on"
		if on == (field.Default == "true") {
			return nil, nil
		}
		v = on
	case source.List:
		var list []string
		for item := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ',' || r == '\n' }) {
			if item = strings.TrimSpace(item); item != "" {
				list = append(list, item)
			}
		}
		if list == nil {
			return nil, nil
		}
		v = list
	default:
		if text == "" || text == field.Default {
			return nil, nil
		}
	}
	return json.Marshal(v)
}

// checkConnection finds all that is wrong with a form: the name, and what the
// kind says of settings and secrets as they would be after saving. The source
// is not asked.
func (s *Server) checkConnection(ctx context.Context, kind source.Kind, typed typedConnection) error {
	c := typed.connection
	_, err := s.openConnection(ctx, kind, typed)
	err = errors.Join(c.Validate(), err)
	if c.ID != 0 {
		return err
	}
	switch _, found := s.db.Connection(ctx, c.Name); {
	case found == nil:
		return errors.Join(nameTaken(), err)
	case !errors.Is(found, control.ErrNotFound):
		return errors.Join(found, err)
	}
	return err
}

func nameTaken() error {
	return &control.FieldError{Field: "name", Code: "taken", Message: "the name is taken"}
}

// openConnection makes the source of what is typed, with the secrets kept.
func (s *Server) openConnection(ctx context.Context, kind source.Kind, typed typedConnection) (source.Source, error) {
	secrets := map[string]string{}
	if typed.connection.ID != 0 {
		var err error
		if _, secrets, err = s.db.Config(ctx, typed.connection); err != nil {
			return nil, err
		}
	}
	for name, value := range typed.secrets {
		secrets[name] = value
	}
	return kind.New(source.Config{
		Connection: typed.connection.Name, Settings: typed.connection.Settings, Secrets: secrets, Known: s.store, Now: s.now,
	}, s.cfg.Client)
}

// connectionErrors are the words for a refused form: the catalogue's for the field of
// the kind, else what the kind says, else those for fields of the type.
func (s *Server) connectionErrors(ctx context.Context, kind source.Kind, err error) (map[string]string, bool) {
	errs, ok := fieldErrors(ctx, err)
	p := i18n.From(ctx)
	for _, field := range slices.Concat(kind.Fields, kind.Secrets) {
		if errs[field.Name] == "" || anyError(err, isFieldError(field.Name)) {
			continue
		}
		ids := []string{"mistake." + kind.Name + "." + field.Name}
		if !anyError(err, saysItself(kind.Name, field.Name)) {
			ids = append(ids, "mistake.type."+string(field.Type))
		}
		for _, id := range ids {
			if p.Has(id) {
				errs[field.Name] = p.T(id)
				break
			}
		}
	}
	return errs, ok
}

// isFieldError reports whether the control database, not the kind, named the field.
func isFieldError(name string) func(error) bool {
	return func(err error) bool {
		field, ok := err.(*control.FieldError) //nolint:errorlint // anyError walks the tree
		return ok && field.Field == name
	}
}

// saysItself reports whether a kind has a text of its own for what is wrong.
func saysItself(kind, name string) func(error) bool {
	return func(err error) bool {
		setting, ok := err.(*source.SettingError) //nolint:errorlint // anyError walks the tree
		return ok && setting.Field == name && strings.HasPrefix(setting.ID, "setting."+kind+".")
	}
}

// anyError reports whether an error, or one that it holds, matches.
func anyError(err error, match func(error) bool) bool {
	if err == nil || match(err) {
		return err != nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return slices.ContainsFunc(joined.Unwrap(), func(e error) bool { return anyError(e, match) })
	}
	return anyError(errors.Unwrap(err), match)
}
