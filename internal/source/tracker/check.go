package tracker

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

// Check asks who the token belongs to and which queues it opens. Somebody waits
// for the answer: nothing is tried twice.
func (s *Source) Check(ctx context.Context) (source.Report, error) {
	report := source.Report{Organization: s.organization}
	var err error
	if report.Account, err = s.account(ctx); err != nil {
		return report, fatal(err)
	}
	if report.Scope, err = s.queues(ctx); err != nil {
		return report, fatal(err)
	}
	for _, queue := range s.wanted {
		if !slices.ContainsFunc(report.Scope, func(q string) bool { return strings.EqualFold(q, queue) }) {
			report.Missing = append(report.Missing, source.Message{
				Text:   "Queue " + queue + " does not exist, or the token's owner may not see it.",
				Phrase: source.Phrase{ID: "check.queue", Args: []string{"queue", queue}},
			})
		}
	}
	_, err = s.client.do(ctx, request{
		method: http.MethodPost, path: "/issues/_count", limit: maxOtherBody, once: true,
		body: map[string]string{"query": s.scope.between(delivery.InstantOf(s.now().Add(-s.initial)), 0)},
	})
	switch {
	case isStatus(err, http.StatusBadRequest, http.StatusUnprocessableEntity):
		report.Missing = append(report.Missing, refusedSearch("check.query", "Tracker does not accept the search: ", err))
	case isStatus(err, http.StatusForbidden):
		report.Missing = append(report.Missing, refusedSearch("check.search", "The token's owner may not search for issues: ", err))
	case err != nil && !isStatus(err, http.StatusNotFound):
		return report, err
	}
	return report, nil
}

// refusedSearch says that a search was refused, and what Tracker said to it.
func refusedSearch(id, text string, err error) source.Message {
	return source.Message{Text: text + err.Error() + ".", Phrase: source.Phrase{ID: id, Args: []string{"said", err.Error()}}}
}

// account is the token's owner, "" where the server does not say.
func (s *Source) account(ctx context.Context) (string, error) {
	a, err := s.client.do(ctx, request{method: http.MethodGet, path: "/myself", limit: maxOtherBody, once: true})
	if isStatus(err, http.StatusNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	raw := json.RawMessage(a.body)
	if list, ok := elements(raw); ok && len(list) > 0 { // as the documentation has it
		raw = list[0]
	}
	o := openObject(raw)
	name, login := o.text("display"), o.text("login")
	switch {
	case o.fault != nil:
		return "", &answerError{path: a.path, id: "user", what: "is not a user: " + o.fault.sentence()}
	case name == "" || login == "":
		return name + login, nil
	}
	return name + " (" + login + ")", nil
}

// queues are the keys of all queues in sight.
func (s *Source) queues(ctx context.Context) ([]string, error) {
	const size, most = 1000, 100
	var keys []string
	for page := 1; page <= most; page++ {
		items, a, err := s.client.list(ctx, request{
			method: http.MethodGet, path: "/queues", limit: maxOtherBody, once: true,
			query: url.Values{"perPage": {strconv.Itoa(size)}, "page": {strconv.Itoa(page)}},
		})
		if err != nil {
			return nil, err
		}
		before := len(keys)
		for _, raw := range items {
			o := openObject(raw)
			if key := o.text("key"); key != "" && !slices.Contains(keys, key) {
				keys = append(keys, key)
			}
		}
		pages, ok := headerInt(a.header, "X-Total-Pages")
		if len(keys) == before || ok && page >= pages || !ok && a.next() == nil && len(items) < size {
			break
		}
	}
	slices.Sort(keys)
	return keys, nil
}
