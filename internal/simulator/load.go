package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"throughline/internal/delivery"
)

// loaded is an issue given in the API's own form; it is served as it came.
type loaded struct {
	properties map[string]json.RawMessage
	whole      json.RawMessage
	records    []record

	queue, status, statusName, typ, priority, resolution string
	assignee, author                                     string
	tags                                                 []string
}

// Load adds an issue with its changelog, both as the API returns them, so that
// recorded histories are served like any other. One with the same id is
// replaced. The changelog keeps its order.
func (c *Company) Load(given, changelog json.RawMessage) error {
	var in struct {
		ID, Key              string
		Aliases              []string
		CreatedAt, UpdatedAt string
		Queue, Status        struct{ Key, Display string }
		Type, Priority       struct{ Key string }
		Resolution           struct{ Key string }
		Assignee, CreatedBy  struct{ ID string }
		Tags                 []string
	}
	if err := json.Unmarshal(given, &in); err != nil {
		return fmt.Errorf("load an issue: %w", err)
	}
	raw := &loaded{
		whole: given, queue: in.Queue.Key, status: in.Status.Key, statusName: in.Status.Display, typ: in.Type.Key,
		priority: in.Priority.Key, resolution: in.Resolution.Key, assignee: in.Assignee.ID, author: in.CreatedBy.ID, tags: in.Tags,
	}
	if err := json.Unmarshal(given, &raw.properties); err != nil {
		return fmt.Errorf("load issue %s: %w", in.Key, err)
	}
	if err := raw.read(changelog); err != nil {
		return fmt.Errorf("load the changelog of %s: %w", in.Key, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	is := c.byID[in.ID]
	if is == nil {
		is = &issue{c: c, n: -1, id: in.ID}
		c.loaded = append(c.loaded, is)
		c.byID[in.ID] = is
	} else if is.raw == nil {
		return fmt.Errorf("load issue %s: the id is taken", in.Key)
	}
	keys := append(in.Aliases[:len(in.Aliases):len(in.Aliases)], in.Key)
	for _, k := range keys {
		if other := c.byKey[k]; other != nil && other != is {
			return fmt.Errorf("load issue %s: the key %s is taken", in.Key, k)
		}
	}
	for _, k := range keys {
		c.byKey[k] = is
	}
	is.keys, is.raw = keys, raw
	is.st = &state{of: is, raw: raw, moves: uint8(len(keys) - 1), createdAt: readStamp(in.CreatedAt), updatedAt: readStamp(in.UpdatedAt)}
	c.changed()
	return nil
}

func (l *loaded) read(changelog json.RawMessage) error {
	var events []json.RawMessage
	if len(changelog) == 0 {
		return nil
	}
	if err := json.Unmarshal(changelog, &events); err != nil {
		return err
	}
	for _, e := range events {
		var in struct {
			ID, Type string
			Fields   []struct{ Field struct{ ID string } }
		}
		if err := json.Unmarshal(e, &in); err != nil {
			return err
		}
		r := record{id: in.ID, kind: in.Type, write: func(b []byte) []byte { return append(b, e...) }}
		for _, f := range in.Fields {
			r.fields = append(r.fields, f.Field.ID)
		}
		l.records = append(l.records, r)
	}
	return nil
}

// readStamp reads a time of the API; 0 when it is none.
func readStamp(s string) delivery.Instant {
	for _, layout := range []string{"2006-01-02T15:04:05.999999999-0700", time.RFC3339Nano} {
		if t, err := time.Parse(layout, s); err == nil {
			return delivery.InstantOf(t)
		}
	}
	return 0
}

func (l *loaded) appendIssue(b []byte, wanted map[string]bool) []byte {
	if wanted == nil {
		return append(b, l.whole...)
	}
	some := map[string]json.RawMessage{}
	for name, v := range l.properties {
		if wanted[name] || name == "self" || name == "id" || name == "key" || name == "version" {
			some[name] = v
		}
	}
	return appendJSON(b, some)
}

// queueKey is the key of the queue the issue is in.
func (s *state) queueKey() string {
	if s.raw != nil {
		return s.raw.queue
	}
	return queues[s.queue].key
}

// AddUser adds somebody who is named by loaded issues.
func (c *Company) AddUser(id, login, display, email string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.members = append(c.members, person{id: id, login: login, display: display, email: email})
}

// notFound is a 404 of something other than an issue.
func notFound(what string) error {
	return apiErrorf(http.StatusNotFound, "%s not found.", what)
}
