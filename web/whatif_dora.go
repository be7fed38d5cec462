package web

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"throughline/internal/control"
	"throughline/internal/delivery"
)

const doraWhatIfPath = "/dora/what-if"

// doraTrialFields are the fields of a trial of deployments, in their order.
var doraTrialFields = []string{"names", "production", "window", "together"}

func isDoraTrial(name string) bool { return slices.Contains(doraTrialFields, name) }

// doraTrial is other rules of deployments than those that are saved.
type doraTrial struct {
	s      *Server
	filter delivery.Filter
	query  url.Values // of the page that it is tried on
	wrong  error      // with that query
	asked  url.Values // what is tried, as it was typed
	own    url.Values // the same, without what is as it is saved
	errs   error      // of the fields

	setup  delivery.DoraSetup // as it is saved
	team   string             // whose names of production may be tried, "" for everybody's only
	common bool               // everybody's are, though there is a team
	rules  delivery.DoraRules
	names  map[string][]string // of teams
}

// doraTrial reads a trial of deployments, like flowTrial.
func (s *Server) doraTrial(ctx context.Context, q url.Values) (trial, error) {
	t, err := s.readDoraTrial(ctx, q)
	return t, err
}

func (s *Server) readDoraTrial(ctx context.Context, q url.Values) (*doraTrial, error) {
	t := &doraTrial{s: s}
	t.asked, t.query = splitQuery(q, isDoraTrial)
	t.filter, t.wrong = s.pageFilterOf(ctx, delivery.OfDora, t.query)
	t.wrong = errors.Join(t.wrong, onlyOnce(t.asked))
	if t.wrong != nil {
		return t, t.wrong
	}
	var err error
	if t.setup, err = s.doraSetup(ctx); err != nil {
		return t, err
	}
	if len(t.filter.Teams) == 1 {
		t.team = t.filter.Teams[0]
	}
	t.common = t.team != "" && t.asked.Get("names") == "common"
	t.read()
	return t, nil
}

// savedNames are the names of production that are tried upon: those of the team, which
// are everybody's while it has none of its own.
func (t *doraTrial) savedNames() []string {
	if own := t.setup.TeamProduction[t.team]; t.team != "" && !t.common && len(own) > 0 {
		return own
	}
	return t.setup.Rules.Production
}

// read reads the rules over those that are saved.
func (t *doraTrial) read() {
	t.own, t.rules, t.names = url.Values{}, t.setup.Rules, map[string][]string{}
	for team, names := range t.setup.TeamProduction {
		t.names[team] = names
	}
	if t.common {
		t.own.Set("names", "common")
	}
	saved := t.savedNames()
	if names := patternsIn(t.asked.Get("production")); t.asked.Has("production") && !slices.Equal([]string(names), saved) {
		t.own.Set("production", strings.Join(names, ", "))
		switch {
		case t.team == "" || t.common:
			t.rules.Production = names
		case len(names) == 0 && len(t.setup.TeamProduction[t.team]) == 0:
			t.own.Del("production") // none is none
		default:
			t.names[t.team] = names
		}
	}
	for _, span := range ruleSpans(&t.rules) {
		if text := t.asked.Get(span.field); t.asked.Has(span.field) && text != inUnits(*span.to, span.unit) {
			t.errs = errors.Join(t.errs, span.read(t.asked))
			t.own.Set(span.field, text)
		}
	}
	var err error
	t.rules, t.names, err = control.NormalDoraRules(t.rules, t.names)
	if t.errs = errors.Join(t.errs, err); t.errs != nil {
		return
	}
	for _, name := range []string{"window", "together"} { // said in another way
		if was, is := t.span(t.setup.Rules, name), t.span(t.rules, name); was == is {
			t.own.Del(name)
		} else {
			t.own.Set(name, is)
		}
	}
}

// span is a duration of rules as its field has it.
func (t *doraTrial) span(rules delivery.DoraRules, name string) string {
	for _, span := range ruleSpans(&rules) {
		if span.field == name {
			return inUnits(*span.to, span.unit)
		}
	}
	return ""
}

// triedNames are the names of production that are tried.
func (t *doraTrial) triedNames() []string {
	if own := t.names[t.team]; t.team != "" && !t.common && len(own) > 0 {
		return own
	}
	return t.rules.Production
}

func (t *doraTrial) tried() bool {
	return t.own.Has("production") || t.own.Has("window") || t.own.Has("together")
}

// then is the setup with the rules that are tried.
func (t *doraTrial) then() delivery.DoraSetup {
	setup := t.setup
	setup.Rules, setup.TeamProduction = t.rules, t.names
	return setup
}

func (t *doraTrial) address() string { return withQuery(doraWhatIfPath, t.query, t.own) }

// back is the page that the trial is about.
func (t *doraTrial) back() string { return withQuery("/dora", t.query) }
