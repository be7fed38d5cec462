package sentry

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"

	"throughline/internal/delivery"
)

// keyLimits asks for the limits of the keys that clients send events with. The keys
// themselves are not kept.
func (p *pull) keyLimits(ctx context.Context, c *collected) error {
	keys := map[string][]delivery.KeyLimit{}
	for i := range p.projects {
		keys[p.projects[i].ID] = nil // it has none, unless it is said
	}
	r := request{to: toKeys, path: p.org("project-keys/"), query: url.Values{"per_page": {strconv.Itoa(perPage)}}}
	cut, err := pages(asking(ctx, p.get), r, maxPages, func(list []json.RawMessage, _ string) (bool, error) {
		for _, raw := range list {
			number, key, err := readKey(r.path, raw)
			if err != nil {
				return false, err
			}
			if slug, ok := p.numbered(number); ok {
				keys[slug] = append(keys[slug], key)
			}
		}
		return true, nil
	})
	if lacks(err) {
		return p.projectKeys(ctx, c)
	}
	if err != nil {
		return err
	}
	if cut {
		p.problem(tooMany("keys"))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keys = keys
	return nil
}

// projectKeys asks each project for its keys, of servers that lack the others.
func (p *pull) projectKeys(ctx context.Context, c *collected) error {
	for i := range p.projects {
		slug := p.projects[i].ID
		var keys []delivery.KeyLimit
		r := request{to: toProjectKeys, path: p.ofProject(slug, "keys/"), query: url.Values{"per_page": {strconv.Itoa(perPage)}}}
		_, err := pages(asking(ctx, p.client.do), r, maxPages, func(list []json.RawMessage, _ string) (bool, error) {
			for _, raw := range list {
				_, key, err := readKey(r.path, raw)
				if err != nil {
					return false, err
				}
				keys = append(keys, key)
			}
			return true, nil
		})
		if isStatus(err, http.StatusForbidden, http.StatusNotFound) {
			if err := p.alone(ctx, "keys", "project "+slug, err); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		c.mu.Lock()
		c.keys[slug] = keys
		c.mu.Unlock()
	}
	return nil
}

func readKey(path string, raw json.RawMessage) (project string, key delivery.KeyLimit, err error) {
	var wrong faults
	o := openObject(raw, "$", &wrong)
	project = o.text("projectId")
	key.Name = o.text("name")
	if key.Name == "" {
		key.Name = o.text("label")
	}
	if active := o.optionalBool("isActive"); active != nil {
		key.Inactive = !*active
	}
	limit := o.optional("rateLimit")
	key.Count, key.Window = limit.count("count"), limit.count("window")
	if key.Window == 0 {
		key.Count = 0
	}
	if len(wrong) > 0 {
		err = &answerError{path: path, id: "shape", what: "does not hold what was asked for: " + wrong[0].message}
	}
	return project, key, err
}
