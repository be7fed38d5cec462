package web

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/i18n"
	"throughline/views"
)

func (s *Server) workflowRoutes(r chi.Router) {
	r.Get("/workflow", s.workflowPage)
	r.Post("/workflow", s.saveWorkflow)
	r.Post("/workflow/preview", s.previewWorkflow)
	r.Get("/workflow/delete", s.deleteWorkflowVersionPage)
	r.Post("/workflow/delete", s.deleteWorkflowVersion)
	r.Get("/workflow/rebuild", s.rebuildPart)
}

func (s *Server) workflowPage(w http.ResponseWriter, r *http.Request) {
	f, err := s.workflowForm(r.Context(), scopeOf(r.URL.Query()))
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.showWorkflow(w, r, http.StatusOK, f)
}

func (s *Server) showWorkflow(w http.ResponseWriter, r *http.Request, status int, f views.WorkflowForm) {
	r = r.WithContext(views.WithLookOnly(r.Context(), f.Disabled && !f.Provisioned))
	title := i18n.T(r.Context(), "settings.workflow")
	if of := cmp.Or(f.Queue, f.Team); of != "" {
		title = of + " · " + title
	}
	s.render(w, r, status, views.WorkflowPage(s.page(r, versionTitle(r.Context(), title, f.Versions), "settings"), f))
}

func (s *Server) rebuildPart(w http.ResponseWriter, r *http.Request) {
	rebuild, err := s.rebuild(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.render(w, r, http.StatusOK, views.RebuildPart(rebuild))
}

// versionTitle is the title of a page that shows a version, with its day unless
// it is the newest one.
func versionTitle(ctx context.Context, title string, versions []views.Version) string {
	i := slices.IndexFunc(versions, func(v views.Version) bool { return v.Current })
	if i < 0 || i == len(versions)-1 {
		return title
	}
	return title + " · " + versionDay(ctx, versions[i])
}

// versionDay names a version by its first day.
func versionDay(ctx context.Context, v views.Version) string {
	if v.From == "" {
		return i18n.T(ctx, "calendar.versions.first")
	}
	return i18n.T(ctx, "definitions.from", "day", v.From)
}

// rebuild is how far a rebuild under way is; none while the fact store does not
// answer.
func (s *Server) rebuild(ctx context.Context) (views.Rebuild, error) {
	pending, _, err := unlessAway(s.store.Rebuilding(ctx))
	b := views.Rebuild{Pending: pending}
	b.Done, b.Total = s.cfg.Worker.Rebuilt()
	return b, err
}

// workflowForm is the sorting of every status found in the data, or in one
// queue or the queues of one team, by one version.
func (s *Server) workflowForm(ctx context.Context, scope workflowScope) (views.WorkflowForm, error) {
	versions, err := s.db.WorkflowVersions(ctx)
	if err != nil {
		return views.WorkflowForm{}, err
	}
	may, err := s.rights(ctx)
	if err != nil {
		return views.WorkflowForm{}, err
	}
	found, away, err := unlessAway(s.statusesInUse(ctx))
	if err != nil {
		return views.WorkflowForm{}, err
	}
	rebuild, err := s.rebuild(ctx)
	if err != nil {
		return views.WorkflowForm{}, err
	}
	at, err := scope.version(versions)
	if err != nil {
		return views.WorkflowForm{}, err
	}
	var workflow delivery.Workflow
	f := views.WorkflowForm{Queue: scope.queue, Team: scope.team, Rebuild: rebuild, Away: away}
	if at >= 0 {
		workflow, f.Version, f.Provisioned = versions[at].Workflow, versions[at].From.String(), versions[at].Provisioned
	}
	f.Disabled = f.Provisioned || !scope.editable(may)
	f.Form = views.Form{Values: map[string]string{"excluded_resolutions": strings.Join(workflow.ExcludedResolutions, ", "), "from": s.today(ctx).String()}}
	f.Own = scope.own(workflow)
	p := i18n.From(ctx)
	for _, class := range []delivery.Class{delivery.Waiting, delivery.Active, delivery.Closed} {
		f.Classes = append(f.Classes, views.Option{Value: class.String(), Label: p.T("workflow.class." + class.String())})
	}
	teams := deliveryTeams(may.all)
	if scope.team != "" {
		if _, ok := teams.Named(scope.team); !ok {
			return f, fmt.Errorf("team %q: %w", scope.team, control.ErrNotFound)
		}
		f.Shared = sharedQueues(found, teams, scope.team)
	}
	f.Queues, f.Teams = queueTabs(p, found, &workflow, scope), teamTabs(p, teams, &workflow, scope)
	f.Versions = workflowVersionViews(p, versions, at, scope, may)
	f.Statuses = statusChoices(p, found, &workflow, teams, scope)
	for _, status := range f.Statuses {
		if !status.Mapped {
			f.Unmapped++
		}
	}
	return f, nil
}

// today is the day it is by the default calendar.
func (s *Server) today(ctx context.Context) delivery.Date {
	return delivery.DateOf(s.now().In(s.zone(ctx)))
}

// workflowVersionViews are the versions to open; none while there is one only.
func workflowVersionViews(p *i18n.Printer, versions []control.WorkflowVersion, at int, scope workflowScope, may rights) []views.Version {
	var out []views.Version
	for i, v := range versions {
		one := scope
		one.from, one.newest = v.From, i == len(versions)-1
		view := views.Version{Path: one.path(), Current: i == at, Value: v.From.String()}
		if i > 0 {
			view.From = dayText(p, v.From)
		}
		view.Flow = flowBy(v.From, i+1 < len(versions), func() delivery.Date { return versions[i+1].From }, scope.narrow())
		if next, err := control.DeleteVersion(versions, v.From); err == nil && !v.Provisioned {
			view.Deletable = may.workflow(versions, next)
		}
		out = append(out, view)
	}
	return out
}

// flowBy is flow by the version of a definition that begins on a day: as it was on that
// day, or the day before the next one when it is the first; "" for the only one.
func flowBy(from delivery.Date, followed bool, next func() delivery.Date, narrow url.Values) string {
	if from.IsZero() && !followed {
		return ""
	}
	if from.IsZero() {
		from = next().AddDays(-1)
	}
	return withQuery("/flow", narrow, url.Values{"definition": {from.String()}})
}

func dayText(p *i18n.Printer, d delivery.Date) string {
	return p.Date(time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC))
}

func queueTabs(p *i18n.Printer, found []delivery.StatusInUse, w *delivery.Workflow, scope workflowScope) []views.Tab {
	queues := map[string]bool{}
	for _, status := range found {
		queues[status.Queue] = true
	}
	for queue := range w.Queues {
		queues[queue] = true
	}
	common := workflowScope{from: scope.from, newest: scope.newest}
	tabs := []views.Tab{{Label: p.T("workflow.all_queues"), Path: common.path(), Current: scope.queue == "" && scope.team == ""}}
	for _, queue := range slices.Sorted(maps.Keys(queues)) {
		one := common
		one.queue = queue
		tab := views.Tab{Label: queue, Path: one.path(), Current: queue == scope.queue}
		if one.own(*w) {
			tab.Mark = p.T("workflow.own.mark")
		}
		tabs = append(tabs, tab)
	}
	return tabs
}

func teamTabs(p *i18n.Printer, teams delivery.Teams, w *delivery.Workflow, scope workflowScope) []views.Tab {
	var tabs []views.Tab
	for _, team := range teams {
		one := workflowScope{team: team.Name, from: scope.from, newest: scope.newest}
		tab := views.Tab{Label: team.Name, Path: one.path(), Current: team.Name == scope.team}
		if one.own(*w) {
			tab.Mark = p.T("workflow.own.mark")
		}
		tabs = append(tabs, tab)
	}
	return tabs
}

// sharedQueues are those of a team that others map too: its own lists do not
// concern them.
func sharedQueues(found []delivery.StatusInUse, teams delivery.Teams, team string) []string {
	queues := map[string]bool{}
	for _, status := range found {
		if of := teams.Of(status.Queue); len(of) > 1 && slices.Contains(of, team) {
			queues[status.Queue] = true
		}
	}
	return slices.Sorted(maps.Keys(queues))
}

// statusChoices merges statuses by key and orders them as work goes: by type,
// then as the source orders them.
func statusChoices(p *i18n.Printer, found []delivery.StatusInUse, w *delivery.Workflow, teams delivery.Teams, scope workflowScope) []views.StatusChoice {
	byKey := map[string]*views.StatusChoice{}
	first := map[string]delivery.Status{}
	for _, status := range found {
		team, _ := teams.Only(status.Queue)
		if scope.queue != "" && status.Queue != scope.queue || scope.team != "" && team.Name != scope.team {
			continue
		}
		choice, ok := byKey[status.Key]
		if !ok {
			choice = &views.StatusChoice{Key: status.Key, Name: cmp.Or(status.Name, status.Key)}
			of := scope.team
			if scope.queue != "" {
				of = team.Name
			}
			choice.Class, choice.Mapped = w.Class(scope.queue, of, status.Key, status.Type).String(), w.Mapped(scope.queue, of, status.Key)
			choice.Source = listSource(p, w, scope.queue, of, status.Key)
			byKey[status.Key], first[status.Key] = choice, status.Status
		}
		if !slices.Contains(choice.Queues, status.Queue) {
			choice.Queues = append(choice.Queues, status.Queue)
		}
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
			cmp.Compare(typeRank(types, x.Type, a.Class), typeRank(types, y.Type, b.Class)),
			cmp.Compare(x.Order, y.Order), strings.Compare(a.Name, b.Name), strings.Compare(a.Key, b.Key),
		)
	})
	return out
}

// listSource says which list gives a status its class in a queue of a team.
func listSource(p *i18n.Printer, w *delivery.Workflow, queue, team, key string) string {
	switch {
	case queue != "" && lists(w.Queues[queue], key):
		return p.T("workflow.source.queue", "queue", queue)
	case team != "" && lists(w.Teams[team], key):
		return p.T("workflow.source.team", "team", team)
	case lists(w.StatusLists, key):
		return p.T("workflow.source.common")
	}
	return p.T("workflow.source.type")
}

func lists(l delivery.StatusLists, key string) bool {
	return slices.Contains(l.Waiting, key) || slices.Contains(l.Active, key) || slices.Contains(l.Closed, key)
}

// typeRank puts a type that is not known by the class: after new, after what is in
// progress, or after what is done.
func typeRank(types []string, name, class string) int {
	if i := slices.Index(types, name); i >= 0 {
		return 2 * i
	}
	switch class {
	case delivery.Active.String():
		return 2*slices.Index(types, "inProgress") + 1
	case delivery.Closed.String():
		return 2*slices.Index(types, "done") + 1
	}
	return 1
}
