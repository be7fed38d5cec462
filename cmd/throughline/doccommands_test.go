package main

import (
	"flag"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestDocumentedCommands: documents name commands and flags that there are, and all of
// them.
func TestDocumentedCommands(t *testing.T) {
	flags := map[string][]string{"": nil} // by command
	var add func(group string, all []command)
	add = func(group string, all []command) {
		for _, c := range all {
			name := group + c.name
			flags[name] = nil
			if c.sub != nil {
				add(name+" ", c.sub)
				continue
			}
			set := flag.NewFlagSet(name, flag.ContinueOnError)
			c.define(set)
			set.VisitAll(func(f *flag.Flag) { flags[name] = append(flags[name], f.Name) })
		}
	}
	add("", commands())
	named := map[string]bool{}
	call := regexp.MustCompile(`(?:^|\s|\s/|dist/)throughline ([a-z][a-z-]*(?: [a-z]+)?)(.*)`)
	option := regexp.MustCompile(`--([a-z-]+)`)
	for _, name := range documents(t) {
		for _, code := range codeOf(read(t, "../../"+name)) {
			m := call.FindStringSubmatch(code)
			if m == nil {
				continue
			}
			first, _, _ := strings.Cut(m[1], " ")
			command := m[1]
			if _, known := flags[command]; !known {
				command = first
			}
			if _, known := flags[command]; !known {
				t.Errorf("%s: there is no command %q: %s", name, command, code)
				continue
			}
			named[command] = true
			for _, o := range option.FindAllStringSubmatch(strings.SplitN(m[0], "|", 2)[0], -1) {
				if o[1] != "help" && !slices.Contains(flags[command], o[1]) {
					t.Errorf("%s: throughline %s has no flag --%s: %s", name, command, o[1], code)
				}
				named[command+" --"+o[1]] = true
			}
		}
	}
	groups := []string{""}
	for _, c := range commands() {
		if c.sub != nil {
			groups = append(groups, c.name)
		}
	}
	for command, its := range flags {
		if !named[command] && !slices.Contains(groups, command) {
			t.Errorf("no document names the command %q", command)
		}
		for _, f := range its {
			if !named[command+" --"+f] {
				t.Errorf("no document names the flag --%s of %s", f, command)
			}
		}
	}
}

// TestDocumentedSettings: docs/configuration.md has every setting and secret of every
// kind of connection, with its default, and no others.
func TestDocumentedSettings(t *testing.T) {
	text := read(t, "../../docs/configuration.md")
	row := regexp.MustCompile("(?m)^\\| `([a-z0-9_]+)` \\| ([^|]*) \\|")
	secret := regexp.MustCompile("`([a-z_]+)`")
	for _, k := range kinds() {
		_, section, found := strings.Cut(text, "\n### "+k.Name+"\n")
		if !found {
			t.Errorf("there is no section ### %s", k.Name)
			continue
		}
		section, _, _ = strings.Cut(section, "\n### ")
		documented := map[string]string{}
		for _, m := range row.FindAllStringSubmatch(section, -1) {
			documented[m[1]] = strings.Trim(m[2], "`")
		}
		for _, f := range k.Fields {
			is, ok := documented[f.Name]
			if !ok {
				t.Errorf("%s: %s is not documented", k.Name, f.Name)
			} else if f.Default != "" && is != f.Default {
				t.Errorf("%s: the default of %s is %q, not %q", k.Name, f.Name, f.Default, is)
			}
			delete(documented, f.Name)
		}
		for name := range documented {
			t.Errorf("%s has no setting %s", k.Name, name)
		}
		_, secrets, _ := strings.Cut(section, "\nSecrets: ")
		for _, f := range k.Secrets {
			if !slices.ContainsFunc(secret.FindAllStringSubmatch(secrets, -1), func(m []string) bool { return m[1] == f.Name }) {
				t.Errorf("%s: the secret %s is not documented", k.Name, f.Name)
			}
		}
		if len(k.Secrets) == 0 && secrets != "" {
			t.Errorf("%s has no secrets", k.Name)
		}
	}
}
