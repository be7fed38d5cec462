package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

const rulesPath = servicesPath + "/rules"

// ruleFields are the fields of the form, in their order; those of teams follow.
var ruleFields = []string{"production", "together", "window", "silence", "hotfix_labels", "hotfix_branches", "hotfix_titles", "bots", "error_level", "error_users"}

// teamField is the field of a team's own names of production; control calls it by
// the team's name.
func teamField(t *control.Team) string { return "team." + strconv.FormatInt(t.ID, 10) }

func (s *Server) rulesPage(w http.ResponseWriter, r *http.Request) {
	s.showRules(w, r, http.StatusOK, nil)
}

func (s *Server) showRules(w http.ResponseWriter, r *http.Request, status int, errs map[string]string) {
	f, err := s.rulesForm(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if status != http.StatusOK {
		for name := range f.Values {
			if r.PostForm.Has(name) {
				f.Values[name] = r.PostFormValue(name)
			}
		}
	}
	f.Errors = map[string]string{}
	for name, text := range errs {
		if i := slices.IndexFunc(f.Teams, func(t views.RulesTeam) bool { return "team."+t.Name == name }); i >= 0 {
			name = f.Teams[i].Field
		}
		f.Errors[name] = text
	}
	s.render(w, r, status, views.RulesPage(s.page(r, i18n.T(r.Context(), "rules.title"), "settings"), f))
}

func (s *Server) rulesForm(ctx context.Context) (views.RulesForm, error) {
	rules, own, err := s.db.DoraRules(ctx)
	if err != nil {
		return views.RulesForm{}, err
	}
	teams, err := s.db.Teams(ctx)
	if err != nil {
		return views.RulesForm{}, err
	}
	f := views.RulesForm{Path: rulesPath, Form: views.Form{Order: ruleFields, Values: map[string]string{
		"production": strings.Join(rules.Production, "\n"),
		"together":   inUnits(rules.Together, time.Minute), "window": inUnits(rules.Window, time.Hour), "silence": inUnits(rules.Silence, 24*time.Hour),
		"hotfix_labels": lines(rules.HotfixLabels), "hotfix_branches": lines(rules.HotfixBranches), "hotfix_titles": lines(rules.HotfixTitles),
		"bots": lines(rules.Bots), "error_level": rules.ErrorLevel, "error_users": strconv.Itoa(rules.ErrorUsers),
	}}}
	for _, level := range delivery.ErrorLevels() {
		f.Levels = append(f.Levels, views.Option{Value: level, Label: i18n.T(ctx, "rules.error_level."+level)})
	}
	for i := range teams {
		field, name := teamField(&teams[i]), teams[i].Name
		f.Teams = append(f.Teams, views.RulesTeam{Name: name, Field: field})
		f.Values[field] = strings.Join(own[name], ", ")
	}
	f.Preview, err = s.rulesPreview(ctx, rules.Production)
	return f, err
}

// inUnits is a duration as a number of units, which may have a fraction.
func inUnits(d, unit time.Duration) string {
	return strconv.FormatFloat(float64(d)/float64(unit), 'f', -1, 64)
}

// readRules reads the form. The error is of numbers that are none, as those of
// control are of wrong ones.
func (s *Server) readRules(r *http.Request) (rules delivery.DoraRules, own map[string][]string, err error) {
	teams, err := s.db.Teams(r.Context())
	if err != nil {
		return rules, nil, err
	}
	rules = delivery.DoraRules{
		Production:   patternLines(r, "production"),
		HotfixLabels: titleLines(r, "hotfix_labels"), HotfixBranches: titleLines(r, "hotfix_branches"), HotfixTitles: titleLines(r, "hotfix_titles"),
		Bots: titleLines(r, "bots"), ErrorLevel: strings.TrimSpace(r.PostFormValue("error_level")), ErrorUsers: delivery.DefaultErrorUsers,
	}
	var errs []error
	if text := strings.TrimSpace(r.PostFormValue("error_users")); text != "" {
		if rules.ErrorUsers, err = strconv.Atoi(text); err != nil {
			errs = append(errs, &control.FieldError{Field: "error_users", Code: "range", Message: "not a number of them"})
		}
	}
	for _, span := range ruleSpans(&rules) {
		if err := span.read(r.PostForm); err != nil {
			errs = append(errs, err)
		}
	}
	own = map[string][]string{}
	for i := range teams {
		own[teams[i].Name] = patternLines(r, teamField(&teams[i]))
	}
	return rules, own, errors.Join(errs...)
}

// ruleSpan is a field that says a duration as a number of units.
type ruleSpan struct {
	field string
	unit  time.Duration
	to    *time.Duration
}

func ruleSpans(rules *delivery.DoraRules) []ruleSpan {
	return []ruleSpan{{"together", time.Minute, &rules.Together}, {"window", time.Hour, &rules.Window}, {"silence", 24 * time.Hour, &rules.Silence}}
}

// read reads the field. The error is a *control.FieldError.
func (s ruleSpan) read(form url.Values) error {
	text := strings.Replace(strings.TrimSpace(form.Get(s.field)), ",", ".", 1)
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || !(n >= 0 && n <= 100_000) {
		return &control.FieldError{Field: s.field, Code: "range", Message: "not a number of them"}
	}
	*s.to = time.Duration(n * float64(s.unit)).Round(time.Second)
	return nil
}

// titleLines reads one pattern from each line: titles have commas in them.
func titleLines(r *http.Request, field string) delivery.Patterns {
	var out delivery.Patterns
	for line := range strings.SplitSeq(r.PostFormValue(field), "\n") {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

func (s *Server) saveRules(w http.ResponseWriter, r *http.Request) {
	if !s.parseForm(w, r) {
		return
	}
	ctx := r.Context()
	rules, own, err := s.readRules(r)
	var audit int64
	if err == nil {
		audit, err = s.db.SaveDoraRules(ctx, rules, own)
	}
	errs, isForm := fieldErrors(ctx, err)
	switch {
	case isForm:
		s.showRules(w, r, http.StatusUnprocessableEntity, errs)
	case err != nil:
		s.fail(w, r, err)
	default:
		s.changed(w, r, audit, rulesPath, "rules.saved")
	}
}

// previewRules sorts the environments in the data by the names in the form.
func (s *Server) previewRules(w http.ResponseWriter, r *http.Request) {
	if !s.parseForm(w, r) {
		return
	}
	p, err := s.rulesPreview(r.Context(), patternLines(r, "production"))
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.render(w, r, http.StatusOK, views.RulesPreviewPart(p))
}

func (s *Server) rulesPreview(ctx context.Context, production []string) (views.RulesPreview, error) {
	facets, away, err := s.doraFacetsOrNone(ctx)
	p := views.RulesPreview{Away: away}
	for _, found := range facets.Environments {
		e := views.SeenEnvironment{Name: found.Key, Deployments: found.Count}
		switch {
		case found.Key == "":
		case delivery.IsProduction(production, found.Key):
			p.Production = append(p.Production, e)
		default:
			p.Other = append(p.Other, e)
		}
	}
	return p, err
}
