package web

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

// page is the form of a trial of deployments.
func (t *doraTrial) page(ctx context.Context) (views.Trial, error) {
	p := i18n.From(ctx)
	view := views.Trial{Intro: p.T("whatif.intro.dora"), Back: t.back(), BackLabel: p.T("whatif.back.dora")}
	view.Title, view.Nav = p.T("whatif.title.dora"), "dora"
	var err error
	view.Filter, err = t.s.filterBar(ctx, delivery.OfDora, doraWhatIfPath, joinedQuery(t.query, t.own), t.wrong, append([]string{"bucket"}, doraTrialFields...)...)
	if err != nil || t.wrong != nil {
		return view, err
	}
	view.Filter.Bucket = "" // there are none
	if view.Empty, err = t.s.noDeployments(ctx); err != nil || view.Empty != nil {
		return view, err
	}
	facets, err := t.s.doraFacets(ctx)
	if err != nil {
		return view, err
	}
	dora := &views.DoraTrial{Scopes: []views.Option{{Value: "common", Label: p.T("whatif.names.common")}}}
	if t.team != "" {
		dora.Scopes = append([]views.Option{{Value: "team", Label: p.T("whatif.names.team", "name", t.team)}}, dora.Scopes...)
	}
	for _, e := range facets.Environments {
		if e.Key != "" {
			dora.Environments = append(dora.Environments, views.TrialEnvironment{Name: e.Key, Deployments: e.Count, Production: delivery.IsProduction(t.triedNames(), e.Key)})
		}
	}
	values := map[string]string{
		"names": "team", "production": strings.Join(t.savedNames(), "\n"),
		"window": t.span(t.setup.Rules, "window"), "together": t.span(t.setup.Rules, "together"),
	}
	if t.common || t.team == "" {
		values["names"] = "common"
	}
	for _, name := range doraTrialFields[1:] {
		if t.asked.Has(name) {
			values[name] = t.asked.Get(name)
		}
	}
	values["production"] = strings.ReplaceAll(values["production"], ", ", "\n")
	view.Form = views.TrialForm{Path: doraWhatIfPath, Keep: hiddenFields(t.query), Dora: dora, Form: views.Form{Values: values}}
	return view, nil
}

// save is how the rules that are tried come to hold, or why not by the reader.
func (t *doraTrial) save(ctx context.Context) views.TrialSave {
	p := i18n.From(ctx)
	save := views.TrialSave{Path: doraWhatIfPath, Hidden: hiddenFields(t.query, t.own)}
	if u, ok := userFrom(ctx); !ok || u.Role != control.Admin {
		save.Why = []string{p.T("whatif.who.rules")}
		return save
	}
	save.Label, save.Help = p.T("whatif.save.rules"), p.T("whatif.save.rules.help")
	return save
}

// saveDoraTrial makes the rules that are tried those that hold.
func (s *Server) saveDoraTrial(w http.ResponseWriter, r *http.Request) {
	if !s.parseForm(w, r) {
		return
	}
	ctx := r.Context()
	t, err := s.readDoraTrial(ctx, r.PostForm)
	if len(filterDetails(err)) > 0 {
		s.errorPage(w, r, http.StatusBadRequest)
		return
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	var audit int64
	if err = t.errs; err == nil && t.tried() {
		audit, err = s.db.SaveDoraRules(ctx, t.rules, t.names)
	}
	var field *control.FieldError
	switch {
	case errors.As(err, &field): // the page says what
		s.redirect(w, r, withQuery(doraWhatIfPath, t.query, t.asked))
	case err != nil:
		s.fail(w, r, err)
	default:
		s.changed(w, r, audit, t.back(), "rules.saved")
	}
}
