package web

import (
	"context"
	"errors"
	"net/http"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

// save is how what is tried comes to hold, or why not by the reader.
func (t *flowTrial) save(ctx context.Context) (views.TrialSave, error) {
	p := i18n.From(ctx)
	save := views.TrialSave{Path: flowWhatIfPath, Hidden: hiddenFields(t.query, t.own)}
	if !t.workflowTried() && !t.hours {
		return save, nil // types are no definition
	}
	next, err := t.changed(t.stored)
	if err != nil {
		return save, err
	}
	if t.workflowTried() && (len(t.stored) > 0 && t.stored[0].Provisioned) || t.hours && t.edit.Provisioned {
		save.Why = append(save.Why, p.T("whatif.provisioned"))
	}
	if t.workflowTried() && !t.may.workflow(t.stored, next) {
		if t.excludes && (len(t.classes) == 0 || t.scope.team != "" && t.may.team(t.scope.team)) {
			save.Why = append(save.Why, p.T("whatif.who.resolutions"))
		} else {
			save.Why = append(save.Why, p.T("whatif.who.statuses"))
		}
	}
	if t.hours && !t.edit.editable() {
		save.Why = append(save.Why, p.T("whatif.who.hours", "name", t.edit.Name))
	}
	if u, ok := userFrom(ctx); (!ok || u.Role == control.Viewer) && (len(save.Why) == 0 || t.scope.team != "" && !t.excludes && !t.hours) {
		save.Why = []string{p.T("whatif.who")} // a lead of the team, for one
	}
	if len(save.Why) > 0 {
		return save, nil
	}
	save.Label, save.Help = p.T("whatif.save"), p.T("whatif.save.help")
	if !t.since.IsZero() {
		save.Label, save.Help = p.T("whatif.save.from", "day", dayText(p, t.since)), p.T("when.help")
	}
	if t.scope.team == "" && t.scope.queue == "" && len(t.classes) > 0 && narrowed(&t.filter) {
		save.Help = p.T("whatif.save.everybody") + " " + save.Help
	}
	return save, nil
}

// saveFlowTrial makes of a trial new versions of the workflow and of the working hours,
// as their settings would.
func (s *Server) saveFlowTrial(w http.ResponseWriter, r *http.Request) {
	if !s.parseForm(w, r) {
		return
	}
	ctx := r.Context()
	t, err := s.readFlowTrial(ctx, r.PostForm)
	if len(filterDetails(err)) > 0 {
		s.errorPage(w, r, http.StatusBadRequest)
		return
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if t.hours && !t.edit.editable() {
		s.errorPage(w, r, http.StatusForbidden)
		return
	}
	var audits []int64
	if err = t.errs; err == nil {
		audits, err = s.db.ChangeDefinitions(ctx, t.definitions())
	}
	_, isForm := fieldErrors(ctx, err)
	switch {
	case errors.Is(err, control.ErrProvisioned), errors.Is(err, errForbidden):
		s.errorPage(w, r, http.StatusForbidden)
	case isForm: // the page says what
		s.redirect(w, r, withQuery(flowWhatIfPath, t.query, t.asked))
	case err != nil:
		s.fail(w, r, err)
	default:
		s.changedAll(w, r, audits, t.back(), "whatif.saved")
	}
}

// definitions is the change that saves a trial.
func (t *flowTrial) definitions() control.DefinitionsChange {
	var c control.DefinitionsChange
	if t.workflowTried() {
		c.Workflow = func(stored []control.WorkflowVersion) ([]control.WorkflowVersion, error) {
			next, err := t.changed(stored)
			if err == nil && !t.may.workflow(stored, next) {
				err = errForbidden
			}
			return next, err
		}
	}
	if t.hours {
		c.Name, c.Calendar = t.calendar.Name, t.changedHours
	}
	return c
}

// narrowed reports whether a filter shows a part of all issues.
func narrowed(f *delivery.Filter) bool {
	return len(f.Connections)+len(f.Queues)+len(f.Teams) > 0
}
