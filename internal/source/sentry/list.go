package sentry

import (
	"context"
	"encoding/json"
	"net/url"
	"strconv"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

const (
	perPage     = 100
	maxPages    = 200
	maxNamedIDs = 50 // projects named in an address
)

// org is a path below the organisation.
func (s *Source) org(path string) string {
	return "/organizations/" + url.PathEscape(s.organization) + "/" + path
}

// pages asks for a list page by page until take wants no more. It reports whether it
// was cut: there are more pages than are read.
func pages(get func(request) (*answer, error), r request, most int, take func(list []json.RawMessage, next string) (more bool, err error)) (cut bool, err error) {
	query := url.Values{}
	for name, values := range r.query {
		query[name] = values
	}
	r.query = query
	for page := 1; ; page++ {
		a, err := get(r)
		if err != nil {
			return false, err
		}
		list, err := a.list()
		if err != nil {
			return false, err
		}
		next := a.next()
		more, err := take(list, next)
		if err != nil || !more || next == "" || next == query.Get("cursor") {
			return false, err
		}
		if page >= most {
			return true, nil
		}
		query.Set("cursor", next)
	}
}

// asking is client.do, or get, with a context.
func asking(ctx context.Context, do func(context.Context, request) (*answer, error)) func(request) (*answer, error) {
	return func(r request) (*answer, error) { return do(ctx, r) }
}

// project is a project of the organisation.
type project struct {
	delivery.ErrorProject
	number string
}

// allProjects lists those that the token sees, and picks those that the settings ask
// for. What is wrong with one of them is a problem.
func (s *Source) allProjects(ctx context.Context, once bool) (all []project, problems []source.Problem, err error) {
	r := request{to: toProjects, path: s.org("projects/"), query: url.Values{"per_page": {strconv.Itoa(perPage)}}, once: once}
	place := 0
	cut, err := pages(asking(ctx, s.client.do), r, maxPages, func(list []json.RawMessage, _ string) (bool, error) {
		for _, raw := range list {
			var wrong faults
			p, ok := s.readProject(openObject(raw, "$", &wrong), place)
			place++
			if len(wrong) > 0 {
				problems = append(problems, wrong.problems("project "+p.ID)...)
			}
			if ok && len(wrong) == 0 {
				all = append(all, p)
			}
		}
		return true, nil
	})
	if cut {
		problems = append(problems, tooMany("projects"))
	}
	return all, problems, err
}

// tooMany says that a list was not read to its end.
func tooMany(record string) source.Problem {
	return source.Problem{
		Record: record, Path: "$", Message: "There are more than " + strconv.Itoa(maxPages) + " pages of them: the rest was left out",
		Phrase: source.Phrase{ID: "sentry.too_many", Args: []string{"most", strconv.Itoa(maxPages)}},
	}
}

// readProject reads a project; false of one that is being deleted.
func (s *Source) readProject(o *object, place int) (project, bool) {
	number := o.id("id")
	p := project{number: number, ErrorProject: delivery.ErrorProject{
		ID: o.id("slug"), Number: number, Name: o.text("name"), Platform: o.text("platform"), Place: place,
	}}
	if web := s.web(); web != "" {
		p.URL = web + "/projects/" + url.PathEscape(p.ID) + "/"
	}
	if o.has("environments") {
		var names []*string
		if json.Unmarshal(o.fields["environments"], &names) != nil {
			o.refuse("environments", "list", "is not a list")
		}
		for _, name := range names {
			if name != nil && len(*name) <= maxEnvironment {
				p.Environments = append(p.Environments, *name)
			}
		}
	}
	switch o.text("status") {
	case "pending_deletion", "deletion_in_progress":
		return p, false
	}
	return p, true
}

// web is the address of the organisation's pages, "" when it cannot be told from
// that of the API.
func (s *Source) web() string {
	u := *s.root
	const api = "/api/0"
	if len(u.Path) < len(api) || u.Path[len(u.Path)-len(api):] != api {
		return ""
	}
	u.Path = u.Path[:len(u.Path)-len(api)]
	return u.String() + "/organizations/" + url.PathEscape(s.organization)
}

// scope says of which projects something is asked: of those that the settings name,
// or all.
func (p *pull) scope(query url.Values) url.Values {
	query["project"] = []string{"-1"}
	if len(p.Source.projects) > 0 && len(p.projects) <= maxNamedIDs {
		query["project"] = nil
		for i := range p.projects {
			query.Add("project", p.projects[i].number)
		}
	}
	return query
}

// numbered finds a project by its number, as most answers name it.
func (p *pull) numbered(number string) (slug string, ok bool) {
	for i := range p.projects {
		if p.projects[i].number == number {
			return p.projects[i].ID, true
		}
	}
	return "", false
}

// chosen reports whether a project is one of those that are asked for.
func (p *pull) chosen(slug string) bool {
	for i := range p.projects {
		if p.projects[i].ID == slug {
			return true
		}
	}
	return false
}
