package web

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

func (s *Server) workflowRoutes(r chi.Router) {
	r.Get("/workflow", s.workflowPage)
	r.Post("/workflow", s.saveWorkflow)
	r.Get("/workflow/rebuild", s.rebuildPart)
}

func (s *Server) workflowPage(w http.ResponseWriter, r *http.Request) {
	f, err := s.workflowForm(r.Context(), r.URL.Query().Get("queue"))
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.showWorkflow(w, r, http.StatusOK, f)
}

func (s *Server) showWorkflow(w http.ResponseWriter, r *http.Request, status int, f views.WorkflowForm) {
	s.render(w, r, status, views.WorkflowPage(s.page(r, i18n.T(r.Context(), "settings.workflow"), "settings"), f))
}

func (s *Server) rebuildPart(w http.ResponseWriter, r *http.Request) {
	rebuilding, err := s.store.Rebuilding(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.render(w, r, http.StatusOK, views.RebuildPart(rebuilding))
}

// workflowForm is the sorting in force of every status found in the data, or in
// one queue.
func (s *Server) workflowForm(ctx context.Context, queue string) (views.WorkflowForm, error) {
	workflow, err := s.db.Workflow(ctx)
	if err != nil {
		return views.WorkflowForm{}, err
	}
	found, err := s.statusesInUse(ctx)
	if err != nil {
		return views.WorkflowForm{}, err
	}
	rebuilding, err := s.store.Rebuilding(ctx)
	if err != nil {
		return views.WorkflowForm{}, err
	}
	f := views.WorkflowForm{
		Queue: queue, Provisioned: workflow.Provisioned, Rebuilding: rebuilding,
		Form: views.Form{Values: map[string]string{"excluded_resolutions": strings.Join(workflow.ExcludedResolutions, ", ")}},
	}
	_, f.Own = workflow.Queues[queue]
	p := i18n.From(ctx)
	for _, class := range []delivery.Class{delivery.Waiting, delivery.Active, delivery.Closed} {
		f.Classes = append(f.Classes, views.Option{Value: class.String(), Label: p.T("workflow.class." + class.String())})
	}
	f.Queues = queueTabs(p, found, &workflow.Workflow, queue)
	f.Statuses = statusChoices(found, &workflow.Workflow, queue)
	for _, status := range f.Statuses {
		if !status.Mapped {
			f.Unmapped++
		}
	}
	return f, nil
}

func queueTabs(p *i18n.Printer, found []delivery.StatusInUse, w *delivery.Workflow, current string) []views.Tab {
	queues := map[string]bool{}
	for _, status := range found {
		queues[status.Queue] = true
	}
	for queue := range w.Queues {
		queues[queue] = true
	}
	tabs := []views.Tab{{Label: p.T("workflow.all_queues"), Path: "/settings/workflow", Current: current == ""}}
	for _, queue := range slices.Sorted(maps.Keys(queues)) {
		tab := views.Tab{Label: queue, Path: "/settings/workflow?queue=" + url.QueryEscape(queue), Current: queue == current}
		if _, own := w.Queues[queue]; own {
			tab.Mark = p.T("workflow.own.mark")
		}
		tabs = append(tabs, tab)
	}
	return tabs
}

// statusChoices merges statuses by key and orders them as work goes: by type,
// then as the source orders them.
func statusChoices(found []delivery.StatusInUse, w *delivery.Workflow, queue string) []views.StatusChoice {
	byKey := map[string]*views.StatusChoice{}
	first := map[string]delivery.Status{}
	for _, status := range found {
		if queue != "" && status.Queue != queue {
			continue
		}
		choice, ok := byKey[status.Key]
		if !ok {
			choice = &views.StatusChoice{
				Key: status.Key, Name: cmp.Or(status.Name, status.Key),
				Class: w.Class(queue, "", status.Key, status.Type).String(), Mapped: w.Mapped(queue, "", status.Key),
			}
			byKey[status.Key], first[status.Key] = choice, status.Status
		}
		choice.Queues = append(choice.Queues, status.Queue)
		choice.Issues += status.Issues
		choice.Visits += status.Visits
	}
	out := make([]views.StatusChoice, 0, len(byKey))
	for _, choice := range byKey {
		slices.Sort(choice.Queues)
		out = append(out, *choice)
	}
	types := []string{"new", "inProgress", "paused", "done", "cancelled"}
	slices.SortFunc(out, func(a, b views.StatusChoice) int {
		x, y := first[a.Key], first[b.Key]
		return cmp.Or(
			cmp.Compare(typeRank(types, x.Type), typeRank(types, y.Type)),
			cmp.Compare(x.Order, y.Order), strings.Compare(a.Name, b.Name), strings.Compare(a.Key, b.Key),
		)
	})
	return out
}

// typeRank puts a type that is not known between new and in progress.
func typeRank(types []string, name string) int {
	if i := slices.Index(types, name); i >= 0 {
		return 2 * i
	}
	return 1
}

func (s *Server) saveWorkflow(w http.ResponseWriter, r *http.Request) {
	if !s.parseForm(w, r) {
		return
	}
	ctx, queue := r.Context(), r.PostFormValue("queue")
	stored, err := s.db.Workflow(ctx)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	next, err := readWorkflow(r, stored.Workflow, queue)
	if err == nil {
		err = s.db.SaveWorkflow(ctx, next)
	}
	if err == nil {
		// Told here already, so that the next page knows whether numbers are
		// being rebuilt.
		err = s.setWorkflow(ctx)
		s.cfg.Worker.WorkflowChanged()
	}
	errs, isForm := fieldErrors(ctx, err)
	switch {
	case errors.Is(err, control.ErrProvisioned):
		s.errorPage(w, r, http.StatusForbidden)
	case isForm:
		f, err := s.workflowForm(ctx, queue)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		f.Errors = errs
		f.Values["excluded_resolutions"] = r.PostFormValue("excluded_resolutions")
		s.showWorkflow(w, r, http.StatusUnprocessableEntity, f)
	case err != nil:
		s.fail(w, r, err)
	default:
		s.flash(r, "workflow.saved")
		path := "/settings/workflow"
		if queue != "" {
			path += "?queue=" + url.QueryEscape(queue)
		}
		s.redirect(w, r, path)
	}
}

// readWorkflow reads the form over the stored workflow. Lists are written in
// full, so that what is seen is what holds; statuses that the form does not
// show stay where they were.
func readWorkflow(r *http.Request, stored delivery.Workflow, queue string) (delivery.Workflow, error) {
	next := stored
	next.Queues = maps.Clone(stored.Queues)
	if next.Queues == nil {
		next.Queues = map[string]delivery.StatusLists{}
	}
	if queue != "" && r.PostFormValue("act") == "common" {
		delete(next.Queues, queue)
		return next, nil
	}
	base := stored.StatusLists
	if own, ok := stored.Queues[queue]; ok {
		base = own
	} else if queue != "" {
		base = delivery.StatusLists{}
	}
	lists, err := readLists(r.PostForm, base)
	if err != nil {
		return next, err
	}
	if queue != "" {
		next.Queues[queue] = lists
		return next, nil
	}
	next.StatusLists = lists
	next.ExcludedResolutions = nil
	for key := range strings.FieldsFuncSeq(r.PostFormValue("excluded_resolutions"), func(r rune) bool { return strings.ContainsRune(", ;\n\r\t", r) }) {
		next.ExcludedResolutions = append(next.ExcludedResolutions, key)
	}
	return next, nil
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
