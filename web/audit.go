package web

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"

	"throughline/internal/control"
	"throughline/internal/i18n"
	"throughline/views"
)

const auditPerPage = 50

func (s *Server) auditRoutes(r chi.Router) {
	r.Get("/audit", s.auditPage)
}

func (s *Server) auditPage(w http.ResponseWriter, r *http.Request) {
	q, err := auditQuery(r.URL.Query())
	if err != nil {
		s.errorPage(w, r, http.StatusBadRequest)
		return
	}
	ctx := r.Context()
	q.Limit = auditPerPage + 1
	entries, err := s.db.Audit(ctx, q)
	actors, aerr := s.db.AuditActors(ctx)
	kinds, kerr := s.db.AuditKinds(ctx)
	if err := errors.Join(err, aerr, kerr); err != nil {
		s.fail(w, r, err)
		return
	}
	if q.Kind != "" && !slices.Contains(kinds, q.Kind) && !i18n.From(ctx).Has("audit.kind."+q.Kind) {
		s.errorPage(w, r, http.StatusBadRequest)
		return
	}
	log := views.AuditLog{
		User: userParam(q.User), Kind: q.Kind, Users: actorOptions(ctx, actors), Kinds: kindOptions(ctx, kinds),
	}
	if q.Before != 0 {
		log.Newest = auditURL(ctx, q, 0)
	}
	if len(entries) > auditPerPage {
		entries = entries[:auditPerPage]
		log.Older = auditURL(ctx, q, entries[auditPerPage-1].ID)
	}
	for _, e := range entries {
		entry, err := s.auditEntry(ctx, e)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		log.Entries = append(log.Entries, entry)
	}
	s.render(w, r, http.StatusOK, views.AuditPage(s.page(r, i18n.T(ctx, "settings.audit"), "settings"), log))
}

// auditQuery reads the filter of the page: who, what kind of thing, and the
// entry to go on after.
func auditQuery(q url.Values) (control.AuditQuery, error) {
	query := control.AuditQuery{Kind: q.Get("kind")}
	err := onlyParams(q, "user", "kind", "before", "lang")
	number := func(name string) int64 {
		if q.Get(name) == "" {
			return 0
		}
		n, nerr := strconv.ParseInt(q.Get(name), 10, 64)
		if nerr == nil && n < 1 {
			nerr = strconv.ErrRange
		}
		err = errors.Join(err, nerr)
		return n
	}
	if query.Before = number("before"); q.Get("user") == programParam {
		query.User = control.ByProgram
	} else {
		query.User = number("user")
	}
	return query, err
}

// programParam stands for what no user did.
const programParam = "program"

func userParam(id int64) string {
	switch id {
	case 0:
		return ""
	case control.ByProgram:
		return programParam
	}
	return strconv.FormatInt(id, 10)
}

func auditURL(ctx context.Context, q control.AuditQuery, before int64) string {
	v := url.Values{}
	for name, value := range map[string]string{"user": userParam(q.User), "kind": q.Kind, "before": strconv.FormatInt(before, 10)} {
		if value != "" && value != "0" {
			v.Set(name, value)
		}
	}
	path := views.URL(ctx, "/settings/audit")
	if len(v) == 0 {
		return path
	}
	return path + "?" + v.Encode()
}

func actorOptions(ctx context.Context, actors []control.AuditActor) []views.Option {
	out := []views.Option{{Label: i18n.T(ctx, "audit.everybody")}}
	for _, a := range actors {
		out = append(out, views.Option{Value: userParam(a.ID), Label: actorName(ctx, a.ID, a.Email)})
	}
	return out
}

// actorName is an e-mail address, or what stands for one that is not known.
func actorName(ctx context.Context, id int64, email string) string {
	switch {
	case id == 0 && email != "":
		return i18n.T(ctx, "audit.command", "name", email)
	case id == 0 || id == control.ByProgram:
		return i18n.T(ctx, "audit.program")
	}
	return cmp.Or(email, i18n.T(ctx, "audit.somebody", "id", strconv.FormatInt(id, 10)))
}

func kindOptions(ctx context.Context, kinds []string) []views.Option {
	out := []views.Option{{Label: i18n.T(ctx, "audit.everything")}}
	for _, kind := range kinds {
		out = append(out, views.Option{Value: kind, Label: kindName(ctx, kind)})
	}
	slices.SortStableFunc(out[1:], func(a, b views.Option) int { return strings.Compare(a.Label, b.Label) })
	return out
}

// kindName and actionName are the catalogue's words, else the program's own.
func kindName(ctx context.Context, kind string) string { return word(ctx, "audit.kind.", kind) }

func actionName(ctx context.Context, action string) string { return word(ctx, "audit.action.", action) }

// fieldName is the catalogue's word for a field of a kind of thing, else its path.
func fieldName(ctx context.Context, kind, path string) string {
	p, prefix := i18n.From(ctx), "audit.field."+kind+"."
	if p.Has(prefix + path) {
		return p.T(prefix + path)
	}
	part, name, below := strings.Cut(path, ".")
	if below && p.Has(prefix+part) {
		return p.T(prefix+part, "name", messageOr(p, "flow."+name, name))
	}
	return path
}

func word(ctx context.Context, prefix, name string) string {
	if p := i18n.From(ctx); p.Has(prefix + name) {
		return p.T(prefix + name)
	}
	return name
}

// auditEntry is a row of the page. Undo is offered where it can work.
func (s *Server) auditEntry(ctx context.Context, e control.AuditEntry) (views.AuditEntry, error) {
	kind, name, _ := strings.Cut(e.Object, "/")
	change := control.Change{Object: e.Object, Before: string(e.Before), After: string(e.After)}
	entry := views.AuditEntry{
		At: e.At, By: actorName(ctx, e.UserID, e.Email), Action: actionName(ctx, e.Action),
		Kind: kindName(ctx, kind), Name: name, Changes: auditChanges(ctx, e.Before, e.After),
	}
	for i := range entry.Changes.Fields {
		field := &entry.Changes.Fields[i]
		field.Path = fieldName(ctx, kind, field.Path)
	}
	if !change.CanUndo() {
		return entry, nil
	}
	stands, err := s.db.Stands(ctx, change)
	if stands {
		entry.Undo = e.ID
	}
	return entry, err
}
