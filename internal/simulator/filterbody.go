package simulator

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// searchBody is the body of a search: one of filter, query, keys and queue.
type searchBody struct {
	Filter map[string]json.RawMessage `json:"filter"`
	Query  *string                    `json:"query"`
	Query2 json.RawMessage            `json:"query2"`
	Keys   json.RawMessage            `json:"keys"`
	Queue  *string                    `json:"queue"`
	Order  json.RawMessage            `json:"order"`
}

// parse makes a query of the body.
func (c *Company) parseBody(b *searchBody) (query, error) {
	given := 0
	for _, ok := range []bool{b.Filter != nil, b.Query != nil, b.Query2 != nil, b.Keys != nil, b.Queue != nil} {
		if ok {
			given++
		}
	}
	if given > 1 {
		return query{}, apiErrorf(http.StatusBadRequest, "Only one of filter, query, query2, keys and queue may be given")
	}
	if b.Order != nil && b.Filter == nil {
		return query{}, apiErrorf(http.StatusBadRequest, "order: only with filter; a query is sorted by \"Sort By\"")
	}
	switch {
	case b.Query2 != nil:
		return query{}, apiErrorf(http.StatusBadRequest, "query2 is not supported by the simulator")
	case b.Query != nil:
		return c.parseQuery(*b.Query)
	case b.Queue != nil:
		return c.parseQuery("Queue: " + quote(*b.Queue))
	case b.Keys != nil:
		return c.withKeys(b.Keys)
	}
	return c.parseFilter(b)
}

func quote(s string) string { return string(appendText(nil, s)) }

func (c *Company) withKeys(raw json.RawMessage) (query, error) {
	keys, ok := texts(raw)
	if !ok {
		return query{}, apiErrorf(http.StatusBadRequest, "keys: must be a list of keys")
	}
	wanted := map[*issue]bool{}
	for _, k := range keys {
		if is := c.byKey[strings.ToUpper(k)]; is != nil {
			wanted[is] = true
		}
	}
	return query{match: func(s *state) bool { return wanted[s.of] }}, nil
}

// texts reads a text or a list of texts.
func texts(raw json.RawMessage) ([]string, bool) {
	var many []string
	if json.Unmarshal(raw, &many) == nil {
		return many, true
	}
	var one string
	if json.Unmarshal(raw, &one) != nil {
		return nil, false
	}
	return []string{one}, true
}

// filterFields gives the query language's name of a filter's key.
var filterFields = map[string]string{"createdBy": "author", "createdAt": "created", "updatedAt": "updated"}

// parseFilter reads filter and order: each key is a field, each value one
// value, several of which one must hold, or a range of times.
func (c *Company) parseFilter(b *searchBody) (query, error) {
	names := make([]string, 0, len(b.Filter))
	for name := range b.Filter {
		names = append(names, name)
	}
	slices.Sort(names)
	var conditions []string
	for _, name := range names {
		field := name
		if other, ok := filterFields[name]; ok {
			field = other
		}
		if searchFields[strings.ToLower(field)] == nil {
			return query{}, apiErrorf(http.StatusBadRequest, "filter: unknown field %q", name)
		}
		values, err := filterValues(name, b.Filter[name])
		if err != nil {
			return query{}, err
		}
		conditions = append(conditions, field+": "+values)
	}
	q, err := c.parseQuery(strings.Join(conditions, " AND "))
	if err != nil {
		return query{}, err
	}
	if b.Order == nil {
		return q, nil
	}
	orders, ok := texts(b.Order)
	if !ok {
		return query{}, apiErrorf(http.StatusBadRequest, "order: must be a text like +updated")
	}
	for _, o := range orders {
		field := strings.ToLower(strings.TrimLeft(o, "+-"))
		if !sortable(field) {
			return query{}, apiErrorf(http.StatusBadRequest, "order: cannot sort by %q", o)
		}
		q.order = append(q.order, ordering{field, strings.HasPrefix(o, "-")})
	}
	return q, nil
}

// filterValues writes the values of a filter's field in the query language.
func filterValues(name string, raw json.RawMessage) (string, error) {
	var span struct{ From, To string }
	if json.Unmarshal(raw, &span) == nil && span.From+span.To != "" {
		switch {
		case span.To == "":
			return ">= " + quote(span.From), nil
		case span.From == "":
			return "<= " + quote(span.To), nil
		}
		return quote(span.From) + " .. " + quote(span.To), nil
	}
	values, ok := texts(raw)
	if !ok || len(values) == 0 {
		return "", apiErrorf(http.StatusBadRequest, "filter: %s must be a text or a list of texts", name)
	}
	var out []string
	for _, v := range values {
		not := ""
		if strings.HasPrefix(v, "!") {
			not, v = "!", v[1:]
		}
		switch v {
		case "empty()", "notEmpty()", "me()":
		default:
			v = quote(v)
		}
		out = append(out, not+v)
	}
	return strings.Join(out, ", "), nil
}
