package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/go-chi/chi/v5"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

// doraPerPage is how many deployments or changes a page lists.
const doraPerPage = 100

// doraAsked is what a list of deployments or changes is asked for.
type doraAsked struct {
	f        delivery.Filter
	url      url.Values // canonical
	kinds    []string
	failed   string // true, false, evidence: with anything against it; "" for all
	waiting  bool
	excluded string
	page     int
}

var (
	doraKinds = []string{
		string(delivery.KindNormal), string(delivery.KindHotfix), string(delivery.KindConfig), string(delivery.KindRollback), string(delivery.KindRedeploy),
	}
	doraReasons = []string{
		delivery.ChangeBot, delivery.ChangeFirst, delivery.ChangeSilence, delivery.ChangeSkew, delivery.ChangeNoStart, delivery.ChangeNotMerged,
	}
)

// askedDora reads the query of a list. Its own parameters are kind and failed of
// deployments, state and excluded of changes.
func (s *Server) askedDora(r *http.Request) (doraAsked, error) {
	a := doraAsked{url: url.Values{}, page: 1}
	q, err := query(r)
	if err != nil {
		return a, err
	}
	for name, values := range q {
		if values = slices.DeleteFunc(values, func(v string) bool { return v == "" }); len(values) > 0 {
			a.url[name] = values
		}
	}
	f, _, err := s.filter(r.Context(), delivery.OfDora, without(a.url, "kind"), "failed", "state", "excluded", "page")
	a.f, a.kinds, a.failed, a.excluded = f, a.url["kind"], a.url.Get("failed"), a.url.Get("excluded")
	errs := []error{err}
	oneOf := func(name, value string, words []string) {
		if value != "" && !slices.Contains(words, value) {
			errs = append(errs, &delivery.FilterError{Param: name, Code: name, Message: "not one of those there are"})
		}
	}
	for _, kind := range a.kinds {
		oneOf("kind", kind, doraKinds)
	}
	oneOf("failed", a.failed, []string{"true", "false", views.WithEvidence})
	oneOf("state", a.url.Get("state"), []string{"deployed", "waiting"})
	oneOf("excluded", a.excluded, doraReasons)
	a.waiting = a.url.Get("state") == "waiting"
	if text := a.url.Get("page"); text != "" {
		if a.page, err = strconv.Atoi(text); err != nil || a.page < 1 {
			errs = append(errs, &delivery.FilterError{Param: "page", Message: "not a number of a page"})
		}
	}
	return a, errors.Join(errs...)
}

// deploymentsPage is the list of the deployments behind a chart, newest first.
func (s *Server) deploymentsPage(w http.ResponseWriter, r *http.Request) {
	s.doraListPage(w, r, "/deployments", "deployments.title", func(ctx context.Context, a *doraAsked, view *views.DoraList) error {
		data, q, err := s.loadDoraData(ctx, a.f, delivery.PartGroups)
		if err != nil {
			return err
		}
		if a.failed == views.WithEvidence {
			failed := data.Failed(q)
			view.Total, view.PerPage = len(failed), failedOnPage
			view.Sentence = i18n.T(ctx, "dora.failed.sentence", "n", len(failed))
			view.Failed, err = s.failedRows(ctx, data, pageOf(failed, a.page, failedOnPage), q.Zone)
			return err
		}
		groups := groupsOf(data, &q, a)
		view.Total = len(groups)
		view.Groups = pageOf(groups, a.page, doraPerPage)
		view.Sentence = i18n.T(ctx, "deployments.listed", "n", len(groups), "days", daysOf(ctx, &q))
		view.Suspected = a.f.Suspected
		return nil
	})
}

// changesPage is the list of the changes behind a chart, newest first.
func (s *Server) changesPage(w http.ResponseWriter, r *http.Request) {
	s.doraListPage(w, r, "/changes", "changes.title", func(ctx context.Context, a *doraAsked, view *views.DoraList) error {
		if a.waiting {
			data, q, err := s.loadDoraData(ctx, a.f, delivery.PartUndeployed)
			if err != nil {
				return err
			}
			waiting := waitingOf(data, &q, true)
			view.Total, view.Waiting = len(waiting), pageOf(waiting, a.page, doraPerPage)
			view.Sentence = i18n.T(ctx, "changes.listed.waiting", "n", len(waiting), "days", daysOf(ctx, &q))
			return nil
		}
		data, q, err := s.loadDoraData(ctx, a.f, delivery.PartChanges)
		if err != nil {
			return err
		}
		changes, err := changesOf(data, &q, a.excluded)
		if err != nil {
			return err
		}
		view.Total = len(changes)
		view.Sentence = i18n.T(ctx, "changes.listed", "n", len(changes), "days", daysOf(ctx, &q))
		view.Changes, err = s.changeRows(ctx, pageOf(changes, a.page, doraPerPage), a.f.Start)
		return err
	})
}

func (s *Server) doraListPage(w http.ResponseWriter, r *http.Request, path, title string, fill func(context.Context, *doraAsked, *views.DoraList) error) {
	ctx := r.Context()
	asked, err := s.askedDora(r)
	view := views.DoraList{Page: s.page(r, i18n.T(ctx, title), "dora"), Path: path, Query: asked.url, Number: asked.page, PerPage: doraPerPage}
	if err == nil {
		err = fill(ctx, &asked, &view)
	}
	if err != nil && len(filterDetails(err)) == 0 {
		s.fail(w, r, err)
		return
	}
	status := http.StatusOK
	if view.Problems = filterProblems(ctx, err); len(view.Problems) > 0 {
		status = http.StatusBadRequest
	}
	if view.Filter, err = s.filterBar(ctx, delivery.OfDora, path, asked.url, err, "kind", "failed", "state", "excluded"); err != nil {
		s.fail(w, r, err)
		return
	}
	view.Filter.Bucket = "" // nothing is cut here
	view.Scripts = []string{"charts.js"}
	s.render(w, r, status, views.DoraListPage(view))
}

func daysOf(ctx context.Context, q *delivery.DoraQuery) string {
	return i18n.From(ctx).DateSpan(q.From.Time().In(q.Zone), (q.To - 1).Time().In(q.Zone))
}

func pageOf[T any](all []T, page, size int) []T {
	from := min((page-1)*size, len(all))
	return all[from:min(from+size, len(all))]
}

// groupsOf are the deployments of the period that a list asks for, newest first.
func groupsOf(d *delivery.DoraData, q *delivery.DoraQuery, a *doraAsked) []delivery.Group {
	if a.failed == views.WithEvidence {
		return d.Failed(*q)
	}
	var out []delivery.Group
	for _, g := range d.Groups {
		switch {
		case g.FinishedAt < q.From || g.FinishedAt >= q.To,
			len(a.kinds) > 0 && (!g.Succeeded || !slices.Contains(a.kinds, string(g.Kind))),
			a.failed == "true" && !g.Failed(q.Suspected),
			a.failed == "false" && g.Failed(q.Suspected):
			continue
		}
		out = append(out, g)
	}
	slices.SortFunc(out, func(a, b delivery.Group) int {
		return newestFirst(a.FinishedAt, b.FinishedAt, a.Service+a.ID, b.Service+b.ID)
	})
	return out
}

// deploymentPage is one deployment: its states, what it brought, and what is said
// of it.
func (s *Server) deploymentPage(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	q, err := query(r)
	if err == nil {
		err = errors.Join(onlyParams(q, "lang"), checkLang(q))
	}
	if err != nil {
		s.errorPage(w, r, http.StatusBadRequest)
		return
	}
	text := chi.URLParam(r, "deployment")
	seq, err := strconv.ParseInt(text, 10, 64)
	var one delivery.ListedDeployment
	if err == nil {
		one, err = s.store.Deployment(ctx, seq)
	} else {
		err = delivery.ErrNotFound
	}
	if errors.Is(err, delivery.ErrNotFound) {
		s.render(w, r, http.StatusNotFound, views.NoDoraPage(s.page(r, i18n.T(ctx, "deployment.missing.title"), "dora"), "deployment.missing.text"))
		return
	}
	var view views.DeploymentView
	if err == nil {
		view, err = s.deploymentView(ctx, &one)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.render(w, r, http.StatusOK, views.DeploymentPage(s.page(r, view.Name(), "dora"), view))
}

func (s *Server) deploymentView(ctx context.Context, one *delivery.ListedDeployment) (views.DeploymentView, error) {
	v := views.DeploymentView{Deployment: one.Deployment, Seq: one.Seq, Source: sourceLink(one.URL)}
	at := one.FinishedAt
	if at == 0 {
		at = max(one.StartedAt, one.CreatedAt, one.UpdatedAt)
	}
	f := delivery.Filter{From: at - groupSpan, To: at + groupSpan, Unit: delivery.Day, Start: delivery.FromAuthored, Environments: []string{delivery.Production}}
	if one.Environment != "" {
		f.Environments = append(f.Environments, one.Environment)
	}
	data, q, err := s.loadDoraData(ctx, f, delivery.PartGroups, delivery.PartChanges)
	if err != nil {
		return v, err
	}
	for i := range data.Groups {
		g := &data.Groups[i]
		if !slices.Contains(g.Deployments, one.Seq) {
			continue
		}
		row := views.FailedRow{Group: *g, Judged: judged(g)}
		if row.May, err = s.mayJudge(ctx, g.Service); err != nil {
			return v, err
		}
		if len(row.Judged) == 0 {
			row.Judged = []views.Judged{{}}
		}
		row.Others = otherGroups(ctx, data, g, q.Zone)
		v.Groups = append(v.Groups, row)
	}
	changes, err := changesOf(data, &q, "")
	if err != nil {
		return v, err
	}
	changes = slices.DeleteFunc(changes, func(c delivery.DeployedChange) bool {
		return !slices.ContainsFunc(v.Groups, func(g views.FailedRow) bool { return g.Service == c.Service && g.ID == c.Group })
	})
	v.Changes, err = s.changeRows(ctx, changes[:min(len(changes), doraPerPage)], f.Start)
	return v, err
}
