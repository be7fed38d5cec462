package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
)

// apiQualityEntry is a kind of what may be wrong with the data: of how many records it
// is, and which charts it spoils how.
type apiQualityEntry struct {
	Kind   delivery.QualityKind `json:"kind"`
	Title  string               `json:"title"`
	Count  *int                 `json:"count"` // null while the fact store does not answer
	Effect string               `json:"effect"`
	Panels []string             `json:"panels"`
}

// apiQuality lists all kinds, those of which there is nothing too.
func (s *Server) apiQuality(w http.ResponseWriter, r *http.Request) {
	q, err := query(r)
	if err != nil {
		badRequest(w, err)
		return
	}
	limit, limitErr := limitOf(q)
	kinds, cursorErr := kindsAfter(q.Get("cursor"))
	f, _, err := s.filter(r.Context(), delivery.OfQuality, q, "limit", "cursor")
	if err != nil && len(filterDetails(err)) == 0 {
		s.apiFail(w, r, err)
		return
	}
	if err := errors.Join(err, limitErr, cursorErr); err != nil {
		badRequest(w, err)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), panelDeadline)
	defer cancel()
	found, err := s.quality(ctx, f, pageStale)
	if err != nil {
		s.apiFail(w, r, err)
		return
	}
	p := i18n.For(s.apiLang(q.Get("lang")))
	answer := apiList[apiQualityEntry]{Items: []apiQualityEntry{}}
	if len(kinds) > limit {
		kinds = kinds[:limit]
		answer.NextCursor = string(kinds[limit-1])
	}
	for _, k := range kinds {
		entry := apiQualityEntry{Kind: k, Title: p.T("quality.kind." + string(k)), Effect: p.T("quality.effect." + string(k)), Panels: []string{}}
		for _, slug := range k.Panels() {
			if _, ok := panelBySlug(slug); ok {
				entry.Panels = append(entry.Panels, slug)
			}
		}
		if total, known := found.count(k); known {
			entry.Count = &total
		}
		answer.Items = append(answer.Items, entry)
	}
	writeJSON(w, http.StatusOK, answer)
}

// count is how many records of a kind there are.
func (q *qualityFound) count(k delivery.QualityKind) (total int, known bool) {
	l, err := q.list(k)
	return l.total, err == nil || !q.away
}

// kindsAfter are the kinds behind the one that a cursor names.
func kindsAfter(cursor string) ([]delivery.QualityKind, error) {
	all := delivery.QualityKinds()
	if cursor == "" {
		return all, nil
	}
	for i, k := range all {
		if string(k) == cursor {
			return all[i+1:], nil
		}
	}
	return nil, &delivery.FilterError{Param: "cursor", Message: "not a cursor of this list"}
}

// apiQualityKind lists the records of a kind; with .csv all of them as a table.
func (s *Server) apiQualityKind(w http.ResponseWriter, r *http.Request) {
	name, csv := strings.CutSuffix(chi.URLParam(r, "kind"), ".csv")
	kind, ok := qualityKindOf(name)
	if !ok {
		s.notFound(w, r)
		return
	}
	q, err := query(r)
	if err != nil {
		badRequest(w, err)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), panelDeadline)
	defer cancel()
	items, next, err := s.qualityItems(ctx, kind, q, csv)
	if err != nil {
		s.listFail(w, r, err)
		return
	}
	if !csv {
		writeJSON(w, http.StatusOK, apiList[qualityItem]{Items: items, NextCursor: next})
		return
	}
	rows := [][]string{{"kind", "reason", "type", "id", "title", "connection", "queue", "service", "at", "n", "url", "message"}}
	for i := range items {
		o := &items[i]
		rows = append(rows, []string{
			string(o.Kind), o.Reason, o.Type, csvText(o.ID), csvText(o.Title), csvText(o.Connection), csvText(o.Queue), csvText(o.Service),
			instantCell(o.At), strconv.Itoa(o.N), csvText(o.URL), csvText(o.Message),
		})
	}
	s.writeRows(w, r, "quality-"+name+".csv", rows)
}

// qualityItems reads what a program asks of a kind: a page of a list, or all of it.
func (s *Server) qualityItems(ctx context.Context, k delivery.QualityKind, q url.Values, all bool) (items []qualityItem, next string, err error) {
	extra := []string{"limit", "cursor"}
	if all {
		extra = nil
	}
	f, _, err := s.filter(ctx, delivery.OfQuality, q, extra...)
	limit, limitErr := limitOf(q)
	offset, cursorErr := recordsOffset(q)
	if err := errors.Join(err, limitErr, cursorErr); err != nil {
		return nil, "", err
	}
	if all {
		limit, offset = 0, 0
	}
	found, err := s.quality(ctx, f, pageStale)
	if err != nil {
		return nil, "", err
	}
	l, err := found.list(k)
	if err != nil && !found.away {
		return []qualityItem{}, "", nil // there are no facts
	}
	if err != nil {
		return nil, "", err
	}
	items, err = l.rows(ctx, offset, limit)
	out := make([]qualityItem, len(items)) // what is kept is not to be changed
	for i := range items {
		out[i] = items[i]
		out[i].Kind = k
	}
	if offset+limit < l.total && !all {
		next = recordsCursor(offset + limit)
	}
	return out, next, err
}
