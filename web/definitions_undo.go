package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"

	"throughline/internal/control"
	"throughline/internal/i18n"
	"throughline/views"
)

const (
	sessionUndo     = "undo"
	sessionUndoAlso = "undo_also"
)

// changed tells everybody of a saved definition, and the reader of the page
// that comes next, who may undo it there. audit is 0 when nothing changed.
func (s *Server) changed(w http.ResponseWriter, r *http.Request, audit int64, path, said string) {
	s.changedSaying(w, r, audit, path, i18n.T(r.Context(), said))
}

// changedSaying is changed with a text in the reader's language.
func (s *Server) changedSaying(w http.ResponseWriter, r *http.Request, audit int64, path, text string) {
	if audit == 0 {
		s.flash(r, "definitions.same")
		s.redirect(w, r, path)
		return
	}
	// The store is told here already, so that the next page knows whether
	// numbers are being rebuilt.
	_, _, err := unlessAway(struct{}{}, s.setWorkflow(r.Context())) // the worker tells it later
	s.cfg.Worker.WorkflowChanged()
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.sessions.Put(r.Context(), sessionFlash, text)
	s.sessions.Put(r.Context(), sessionUndo, audit)
	s.redirect(w, r, path)
}

// changedAll is changed of several definitions that were saved at once, and that are
// undone so.
func (s *Server) changedAll(w http.ResponseWriter, r *http.Request, audits []int64, path, said string) {
	var first int64
	if len(audits) > 0 {
		first = audits[0]
	}
	if len(audits) > 1 {
		s.sessions.Put(r.Context(), sessionUndoAlso, audits[1:])
	}
	s.changed(w, r, first, path, said)
}

// undo takes back a change of a definition that the audit log holds, and those that
// were saved with it.
func (s *Server) undo(w http.ResponseWriter, r *http.Request) {
	if !s.parseForm(w, r) {
		return
	}
	ctx := r.Context()
	var changes []control.Change
	for _, text := range append([]string{chi.URLParam(r, "id")}, r.PostForm["also"]...) {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			s.notFound(w, r)
			return
		}
		change, err := s.db.Change(ctx, id)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		if may, err := s.mayUndo(ctx, change); err != nil || !may {
			s.refuse(w, r, err)
			return
		}
		changes = append(changes, change)
	}
	var audits []int64
	for _, change := range changes {
		audit, err := s.db.Undo(ctx, change.ID)
		if reason := whyNotUndone(err); reason != "" {
			page := s.page(r, i18n.T(ctx, "undo.failed"), "settings")
			s.render(w, r, http.StatusConflict, views.UndoFailedPage(page, reason, undoPath(change.Object)))
			return
		}
		if err != nil {
			s.fail(w, r, err)
			return
		}
		if audit != 0 {
			audits = append(audits, audit)
		}
		if strings.HasPrefix(change.Object, "verdict/") {
			s.deriveAgain(ctx, control.JudgedServices(change)...)
		}
	}
	path := undoPath(changes[0].Object)
	if back := r.PostFormValue("back"); back != "" {
		path = safeNext(back)
	}
	s.changedAll(w, r, audits, path, "undo.done")
}

// refuse answers who may not do something, or the error of finding that out.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.errorPage(w, r, http.StatusForbidden)
}

// whyNotUndone names the message that says why, "" for another error or none.
func whyNotUndone(err error) string {
	var field *control.FieldError
	switch {
	case errors.Is(err, control.ErrChanged):
		return "undo.changed"
	case errors.Is(err, control.ErrProvisioned):
		return "undo.provisioned"
	case errors.Is(err, control.ErrInUse):
		return "undo.in_use"
	case errors.Is(err, control.ErrNameTaken):
		return "undo.name_taken"
	case errors.Is(err, control.ErrNoUndo), errors.As(err, &field):
		return "undo.impossible"
	}
	return ""
}

// undoPath is where an object is edited.
func undoPath(object string) string {
	switch kind, name, _ := strings.Cut(object, "/"); kind {
	case "calendar":
		return calendarPath(name, "")
	case "workflow":
		return "/settings/workflow"
	case "service":
		return servicesPath
	case "dora":
		return rulesPath
	case "verdict":
		return "/dora"
	default:
		return "/settings/teams"
	}
}

// mayUndo reports whether the reader could have made the change that undoing
// another one is.
func (s *Server) mayUndo(ctx context.Context, c control.Change) (bool, error) {
	r, err := s.rights(ctx)
	if err != nil || r.admin {
		return err == nil, err
	}
	kind, name, _ := strings.Cut(c.Object, "/")
	switch kind {
	case "team":
		if c.Before == "" || c.After == "" || !r.team(name) || !sameName(c) {
			return false, nil
		}
		return s.mayShareAgain(ctx, r, name, c)
	case "calendar":
		return c.Before != "" && r.calendar(name), nil
	case "service":
		return s.mayUndoService(ctx, r, name, c)
	case "verdict":
		return s.mayJudge(ctx, control.JudgedServices(c)...)
	case "workflow":
		before, after, err := control.WorkflowsOf(c)
		if errors.Is(err, control.ErrNoUndo) {
			return false, nil
		}
		return err == nil && r.workflow(after, before), err
	}
	return false, nil
}

// mayUndoService reports whether a change of a service was of what a lead may change
// of it.
func (s *Server) mayUndoService(ctx context.Context, r rights, name string, c control.Change) (bool, error) {
	if c.Before == "" || c.After == "" || !sameName(c) {
		return false, nil
	}
	var before, after struct {
		Repository string `json:"repository"`
	}
	if errors.Join(json.Unmarshal([]byte(c.Before), &before), json.Unmarshal([]byte(c.After), &after)) != nil || before != after {
		return false, nil //nolint:nilerr // an entry that cannot be read is not undone
	}
	one, err := s.db.Service(ctx, name)
	if errors.Is(err, control.ErrNotFound) {
		return false, nil
	}
	return err == nil && r.service(&one.Service), err
}

// mayShareAgain reports whether the queues that a team had before a change are
// still the reader's to give it.
func (s *Server) mayShareAgain(ctx context.Context, r rights, name string, c control.Change) (bool, error) {
	was, err := control.QueuesBefore(c)
	if err != nil {
		return false, nil //nolint:nilerr // an entry that cannot be read is not undone
	}
	i := slices.IndexFunc(r.all, func(t control.Team) bool { return t.Name == name })
	err = s.checkShares(ctx, r, r.all[i].ID, r.all[i].Queues, was)
	var taken *control.FieldError
	if errors.As(err, &taken) {
		return false, nil
	}
	return err == nil, err
}

func sameName(c control.Change) bool {
	var before, after struct {
		Name string `json:"name"`
	}
	err := errors.Join(json.Unmarshal([]byte(c.Before), &before), json.Unmarshal([]byte(c.After), &after))
	return err == nil && before.Name == after.Name && !slices.Contains([]string{before.Name, after.Name}, "")
}
