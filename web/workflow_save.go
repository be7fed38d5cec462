package web

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/views"
)

// workflowScope is what the form of statuses shows: the common lists, those of
// a queue or of a team; and of which version.
type workflowScope struct {
	queue, team string
	from        delivery.Date // of the version
	newest      bool          // whatever its day
	err         error         // the version cannot be read
}

func scopeOf(q url.Values) workflowScope {
	s := workflowScope{queue: q.Get("queue"), team: q.Get("team"), newest: !q.Has("version")}
	if s.queue != "" {
		s.team = ""
	}
	s.err = s.from.UnmarshalText([]byte(q.Get("version")))
	return s
}

// path is where the form is found.
func (s workflowScope) path() string {
	q := url.Values{}
	if s.queue != "" {
		q.Set("queue", s.queue)
	}
	if s.team != "" {
		q.Set("team", s.team)
	}
	if !s.newest {
		q.Set("version", s.from.String())
	}
	if len(q) == 0 {
		return "/settings/workflow"
	}
	return "/settings/workflow?" + q.Encode()
}

// version is the index of the version that is shown, -1 while there is none.
func (s workflowScope) version(versions []control.WorkflowVersion) (int, error) {
	if s.newest {
		return len(versions) - 1, nil
	}
	i := slices.IndexFunc(versions, func(v control.WorkflowVersion) bool { return v.From == s.from })
	if s.err != nil || i < 0 && (len(versions) > 0 || !s.from.IsZero()) {
		return -1, control.ErrNotFound
	}
	return i, nil
}

// own reports whether a queue or team has lists of its own.
func (s workflowScope) own(w delivery.Workflow) bool {
	_, queue := w.Queues[s.queue]
	_, team := w.Teams[s.team]
	return s.queue != "" && queue || s.team != "" && team
}

func (s workflowScope) editable(may rights) bool {
	return may.admin || s.team != "" && may.team(s.team)
}

// narrow is the filter of what the scope concerns.
func (s workflowScope) narrow() url.Values {
	switch {
	case s.queue != "":
		return url.Values{"queue": {s.queue}}
	case s.team != "":
		return url.Values{"team": {s.team}}
	}
	return nil
}

// readVersions makes of the stored versions those that the form asks for.
func readVersions(form url.Values, scope workflowScope, stored []control.WorkflowVersion, today delivery.Date) ([]control.WorkflowVersion, error) {
	at, err := scope.version(stored)
	if err != nil {
		return nil, err
	}
	var shown control.WorkflowVersion
	if at >= 0 {
		shown = stored[at]
	}
	from, err := readFrom(form, shown.From, today)
	if err != nil {
		return nil, err
	}
	var mistake error
	next := control.ChangeFrom(stored, from, shown.From, func(w *delivery.Workflow) {
		mistake = errors.Join(mistake, readScope(form, scope, shown.Workflow, w))
	})
	return next, mistake
}

// readFrom is the day from which a change of a version is to hold: that of the
// version itself unless another is asked for.
func readFrom(form url.Values, version, today delivery.Date) (delivery.Date, error) {
	switch when := form.Get("when"); when {
	case "beginning":
		return delivery.Date{}, nil
	case "version":
		return version, nil
	case "", "day":
		text := strings.TrimSpace(form.Get("from"))
		if text == "" && when == "" {
			return version, nil
		}
		if text == "" {
			return delivery.Date{}, &control.FieldError{Field: "from", Code: "required", Message: "give the day from which it holds"}
		}
		days, err := readDates("from", text)
		if err == nil && len(days) != 1 {
			err = &control.FieldError{Field: "from", Code: "date", Message: "give one day like 2026-11-03"}
		}
		if err != nil {
			return delivery.Date{}, err
		}
		return days[0], nil
	}
	return delivery.Date{}, &control.FieldError{Field: "from", Code: "when", Message: "choose from when it holds"}
}

// readScope reads the form into w. Lists are written in full, so that what is
// seen is what holds; statuses that the form does not show stay as in shown.
func readScope(form url.Values, scope workflowScope, shown delivery.Workflow, w *delivery.Workflow) error {
	if scope.queue == "" && scope.team == "" {
		w.ExcludedResolutions = resolutionKeys(form)
	}
	return readScopeLists(form, scope, shown, w)
}

// resolutionKeys are the resolutions that a form leaves out.
func resolutionKeys(form url.Values) (keys []string) {
	for _, text := range form["excluded_resolutions"] {
		for key := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune(", ;\n\r\t", r) }) {
			keys = append(keys, key)
		}
	}
	return keys
}

// readScopeLists is readScope for the lists of statuses only.
func readScopeLists(form url.Values, scope workflowScope, shown delivery.Workflow, w *delivery.Workflow) (err error) {
	if scope.queue == "" && scope.team == "" {
		w.StatusLists, err = readLists(form, shown.StatusLists)
		return err
	}
	name, base, overrides := scope.queue, shown.Queues[scope.queue], &w.Queues
	if scope.team != "" {
		name, base, overrides = scope.team, shown.Teams[scope.team], &w.Teams
	}
	if form.Get("act") == "common" {
		delete(*overrides, name)
		return nil
	}
	lists, err := readLists(form, base)
	if *overrides == nil {
		*overrides = map[string]delivery.StatusLists{}
	}
	(*overrides)[name] = lists
	return err
}

func (s *Server) saveWorkflow(w http.ResponseWriter, r *http.Request) {
	if !s.parseForm(w, r) {
		return
	}
	ctx, scope := r.Context(), scopeOf(r.PostForm)
	may, err := s.rights(ctx)
	if err != nil || !scope.editable(may) {
		s.refuse(w, r, err)
		return
	}
	audit, err := s.db.ChangeWorkflow(ctx, func(stored []control.WorkflowVersion) ([]control.WorkflowVersion, error) {
		next, err := readVersions(r.PostForm, scope, stored, s.today(ctx))
		if err == nil && !may.workflow(stored, next) {
			err = errForbidden
		}
		return next, err
	})
	errs, isForm := fieldErrors(ctx, err)
	switch {
	case errors.Is(err, control.ErrProvisioned), errors.Is(err, errForbidden):
		s.errorPage(w, r, http.StatusForbidden)
	case isForm:
		s.wrongWorkflow(w, r, scope, errs)
	case err != nil:
		s.fail(w, r, err)
	default:
		s.changed(w, r, audit, s.savedAt(r, scope).path(), "workflow.saved")
	}
}

// savedAt is the scope with the version that holds on the day that was asked
// for: what the form showed may be another's now.
func (s *Server) savedAt(r *http.Request, scope workflowScope) workflowScope {
	versions, err := s.db.WorkflowVersions(r.Context())
	day, ferr := readFrom(r.PostForm, scope.from, s.today(r.Context()))
	i := control.WorkflowAt(versions, day)
	if err != nil || ferr != nil || i < 0 || scope.newest && r.PostForm.Get("when") == "" {
		scope.newest = true
		return scope
	}
	scope.from, scope.newest = versions[i].From, i == len(versions)-1
	return scope
}

// errForbidden is for changes that the reader may not make.
var errForbidden = errors.New("not theirs to change")

// wrongWorkflow shows the form again with what is wrong with it.
func (s *Server) wrongWorkflow(w http.ResponseWriter, r *http.Request, scope workflowScope, errs map[string]string) {
	f, err := s.workflowForm(r.Context(), scope)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	f.Errors = errs
	f.Values["excluded_resolutions"] = r.PostFormValue("excluded_resolutions")
	f.Values["from"], f.Values["when"] = r.PostFormValue("from"), r.PostFormValue("when")
	s.showWorkflow(w, r, http.StatusUnprocessableEntity, f)
}

// previewWorkflow says what the form would change; nothing is saved.
func (s *Server) previewWorkflow(w http.ResponseWriter, r *http.Request) {
	if !s.parseForm(w, r) {
		return
	}
	ctx, scope := r.Context(), scopeOf(r.PostForm)
	may, err := s.rights(ctx)
	if err != nil || !scope.editable(may) {
		s.refuse(w, r, err)
		return
	}
	stored, err := s.db.WorkflowVersions(ctx)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	next, err := readVersions(r.PostForm, scope, stored, s.today(ctx))
	if errs, isForm := fieldErrors(ctx, err); isForm {
		s.render(w, r, http.StatusUnprocessableEntity, views.PreviewMistakes(slices.Sorted(maps.Values(errs))))
		return
	}
	var numbers *views.Numbers
	if err == nil {
		numbers, err = s.workflowNumbers(ctx, next, scope.narrow())
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.render(w, r, http.StatusOK, views.NumbersPart(*numbers))
}

// deleteWorkflowVersion leaves out a version of the workflow.
func (s *Server) deleteWorkflowVersion(w http.ResponseWriter, r *http.Request) {
	if !s.parseForm(w, r) {
		return
	}
	ctx, scope := r.Context(), scopeOf(r.PostForm)
	may, err := s.rights(ctx)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if scope.err != nil || scope.newest {
		s.errorPage(w, r, http.StatusBadRequest)
		return
	}
	audit, err := s.db.ChangeWorkflow(ctx, func(stored []control.WorkflowVersion) ([]control.WorkflowVersion, error) {
		next, err := control.DeleteVersion(stored, scope.from)
		if err == nil && !may.workflow(stored, next) || errors.Is(err, control.ErrLastVersion) && !may.admin {
			err = errForbidden
		}
		return next, err
	})
	switch {
	case errors.Is(err, errForbidden):
		s.errorPage(w, r, http.StatusForbidden)
	case s.notDeleted(w, r, err, "/settings/workflow"):
	case err != nil:
		s.fail(w, r, err)
	default:
		scope.newest = true
		s.changed(w, r, audit, scope.path(), "definitions.version_deleted")
	}
}

const classPrefix = "class:"

func readLists(form url.Values, base delivery.StatusLists) (delivery.StatusLists, error) {
	chosen := map[string]string{}
	for name, values := range form {
		if key, ok := strings.CutPrefix(name, classPrefix); ok && len(values) > 0 {
			chosen[key] = values[0]
		}
	}
	keep := func(keys []string) []string {
		out := []string{}
		for _, key := range keys {
			if _, ok := chosen[key]; !ok {
				out = append(out, key)
			}
		}
		return out
	}
	lists := delivery.StatusLists{Waiting: keep(base.Waiting), Active: keep(base.Active), Closed: keep(base.Closed)}
	for _, key := range slices.Sorted(maps.Keys(chosen)) {
		switch chosen[key] {
		case delivery.Waiting.String():
			lists.Waiting = append(lists.Waiting, key)
		case delivery.Active.String():
			lists.Active = append(lists.Active, key)
		case delivery.Closed.String():
			lists.Closed = append(lists.Closed, key)
		default:
			return lists, &control.FieldError{Field: key, Code: "class", Message: "choose waiting, active or closed"}
		}
	}
	return lists, nil
}

// setWorkflow hands the store the workflows in force.
func (s *Server) setWorkflow(ctx context.Context) error {
	workflows, err := s.workflows(ctx)
	if err != nil {
		return err
	}
	return s.store.SetWorkflow(ctx, workflows)
}
