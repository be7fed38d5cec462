package control

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"throughline/internal/source"
)

func (d *declarations) connection(n yamlNode) {
	m := d.mapping(n, "a connection", "name", "kind", "every", "settings", "secrets")
	c := declaredConnection{Connection: Connection{Name: d.required(n, m, "name"), Kind: d.required(n, m, "kind"), Every: DefaultEvery, Provisioned: true}}
	if c.Name != "" {
		d.unique("connection", c.Name, n.line)
	}
	kind := d.kind(m["kind"], c.Kind)
	if kind != nil && kind.Every != 0 {
		c.Every = kind.Every
	}
	if every, ok := m["every"]; ok && !every.null() {
		c.Every = d.every(every)
	}
	if every := m["every"]; kind != nil && kind.Pushed && !every.null() {
		d.fail(every.line, "every: nothing is pulled from connections of the kind %s", kind.Name)
	}
	settings := d.entries(m["settings"], "settings")
	secrets := d.entries(m["secrets"], "secrets")
	before := len(d.problems)
	c.Settings, c.secrets = d.settings(settings, kind), d.secretValues(secrets, kind)
	d.fieldErrors(c.Validate(), n.lineIn(m))
	if kind != nil && len(d.problems) == before {
		d.tryKind(n, kind, c, append(settings, secrets...))
	}
	d.out.connections = append(d.out.connections, c)
}

func (d *declarations) kind(n yamlNode, name string) *source.Kind {
	var known []string
	for i := range d.kinds {
		if d.kinds[i].Name == name {
			return &d.kinds[i]
		}
		known = append(known, d.kinds[i].Name)
	}
	if name != "" {
		d.fail(n.line, "kind: not one of %s: %s", strings.Join(known, ", "), d.echo(n))
	}
	return nil
}

// every reads a duration like 30m, 1h or 1d.
func (d *declarations) every(n yamlNode) time.Duration {
	text := d.text(n)
	if text == "" {
		return DefaultEvery // said already
	}
	every, err := ParseEvery(text)
	if err != nil {
		d.fail(n.line, "every: not a duration between 1m and 30d, like 30m, 1h or 1d: %s", d.echo(n))
		return DefaultEvery
	}
	return every
}

// ParseEvery reads how often a connection is pulled from: a number of days, or
// a duration as Go writes it, between MinEvery and MaxEvery.
func ParseEvery(text string) (time.Duration, error) {
	text = strings.TrimSpace(text)
	every, err := time.ParseDuration(text)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		var n uint64
		n, err = strconv.ParseUint(days, 10, 8)
		every = time.Duration(n) * 24 * time.Hour
	}
	if err != nil || every < MinEvery || every > MaxEvery {
		return 0, &FieldError{"every", "range", fmt.Sprintf("not a duration between 1m and 30d, like 30m, 1h or 1d: %q", cut(text, 40))}
	}
	return every, nil
}

// settings turns YAML values into JSON ones.
func (d *declarations) settings(entries []yamlNode, kind *source.Kind) source.Settings {
	out := source.Settings{}
	for _, e := range entries {
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(d.value(e)); err != nil {
			d.fail(e.line, "%s: cannot be used", e.name)
			continue
		}
		raw := json.RawMessage(bytes.TrimSpace(b.Bytes()))
		if kind != nil && d.vars.used(e.raw()) && isBool(kind, e.name) {
			// A variable is always text.
			raw = json.RawMessage(strings.Trim(string(raw), `"`))
			if !json.Valid(raw) {
				d.fail(e.line, "%s: must be true or false", e.name)
				continue
			}
		}
		out[e.name] = raw
	}
	return out
}

func isBool(kind *source.Kind, name string) bool {
	return slices.ContainsFunc(kind.Fields, func(f source.Field) bool { return f.Name == name && f.Type == source.Bool })
}

func (d *declarations) secretValues(entries []yamlNode, kind *source.Kind) map[string]string {
	out := map[string]string{}
	for _, e := range entries {
		if kind != nil && !slices.ContainsFunc(kind.Secrets, func(f source.Field) bool { return f.Name == e.name }) {
			d.fail(e.line, "unknown key%s; there is no such secret of %s", e.quoted(), kind.Name)
			continue
		}
		before := len(d.problems)
		value := d.text(e)
		if value == "" && len(d.problems) == before {
			d.fail(e.line, "%s: is empty", e.name)
		}
		out[e.name] = value
	}
	return out
}

// tryKind has the kind check the connection. What it says may quote a setting;
// it is not let through when that would show a secret.
func (d *declarations) tryKind(n yamlNode, kind *source.Kind, c declaredConnection, fields []yamlNode) {
	cfg := source.Config{Connection: c.Name, Settings: c.Settings, Secrets: c.secrets, Now: time.Now}
	_, err := kind.New(cfg, &http.Client{}) // New sends nothing
	told := map[string]bool{}
	for _, e := range flatten(errors.Join(kind.Validate(c.Settings), err)) {
		if told[e.Error()] {
			continue
		}
		told[e.Error()] = true
		line, message, field := n.line, e.Error(), "settings"
		var setting *source.SettingError
		if errors.As(e, &setting) {
			field = setting.Field
			for _, f := range fields {
				if f.name == field {
					line = f.line
				}
			}
		}
		for _, value := range c.secrets {
			if shows(message, value) {
				message = field + ": this value cannot be used"
			}
		}
		d.fail(line, "%s", message)
	}
}
