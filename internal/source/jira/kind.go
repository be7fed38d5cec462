// Package jira takes hooks that Jira sends: incidents, and tickets that are counted
// only. It pulls from nowhere.
package jira

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strings"

	"throughline/internal/source"
)

var (
	fieldTypes    = source.Field{Name: "incident_types", Type: source.List, Default: "Incident"}
	fieldDone     = source.Field{Name: "done_statuses", Type: source.List}
	fieldUnsigned = source.Field{Name: "allow_unsigned", Type: source.Bool, Default: "false", Advanced: true}

	secretWebhook = source.Field{Name: source.WebhookSecret, Type: source.Text}
)

const (
	maxListed = 100
	maxName   = 400 // bytes
)

// Kind describes connections to Jira. What New makes is a source.Receiver too.
func Kind() source.Kind {
	return source.Kind{
		Name:    "jira",
		Title:   "Jira",
		Fields:  []source.Field{fieldTypes, fieldDone, fieldUnsigned},
		Secrets: []source.Field{secretWebhook},
		New:     open,
	}
}

// Source is a connection to Jira. Its methods may be called at any time.
type Source struct {
	types         []string // of issues that are incidents
	done          []string // names of statuses; none: those of the category done
	secret        string
	allowUnsigned bool
}

var (
	_ source.Source   = (*Source)(nil)
	_ source.Receiver = (*Source)(nil)
)

func open(cfg source.Config, _ *http.Client) (source.Source, error) {
	kind := Kind()
	errs := []error{kind.Validate(cfg.Settings)}
	s := &Source{secret: cfg.Secrets[secretWebhook.Name]}
	s.types, _ = cfg.Settings.List(fieldTypes) // Validate has said what cannot be read
	s.done, _ = cfg.Settings.List(fieldDone)
	s.allowUnsigned, _ = cfg.Settings.Bool(fieldUnsigned)
	for _, list := range []struct {
		field source.Field
		names []string
	}{{fieldTypes, s.types}, {fieldDone, s.done}} {
		for _, name := range list.names {
			if len(name) > maxName {
				errs = append(errs, refuse(list.field, "name_long", fmt.Sprintf("a name is longer than %d bytes", maxName), "most", fmt.Sprint(maxName)))
				break
			}
		}
		if len(list.names) > maxListed {
			errs = append(errs, refuse(list.field, "many", fmt.Sprintf("lists more than %d", maxListed), "most", fmt.Sprint(maxListed)))
		}
	}
	if len(s.types) == 0 {
		errs = append(errs, refuse(fieldTypes, "none", "names no type of issue: nothing would be an incident"))
	}
	if s.secret == "" && !s.allowUnsigned {
		errs = append(errs, refuse(secretWebhook, "secret", "is missing: hooks that nobody signs are refused"))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return s, nil
}

func refuse(f source.Field, id, message string, args ...string) error {
	return &source.SettingError{Field: f.Name, Message: message, Phrase: source.Phrase{ID: "setting.jira." + id, Args: args}}
}

// Pull is part of source.Source: there is nothing to fetch.
func (s *Source) Pull(context.Context, source.Cursor) iter.Seq2[source.Page, error] {
	return func(yield func(source.Page, error) bool) { yield(source.Page{}, nil) }
}

// Check is part of source.Source.
func (s *Source) Check(context.Context) (source.Report, error) {
	return source.Report{HooksOnly: true}, nil
}

func among(names []string, name string) bool {
	for _, n := range names {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}
