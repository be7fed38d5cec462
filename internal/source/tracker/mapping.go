package tracker

import (
	"encoding/json"
	"hash/fnv"
	"net/url"
	"slices"
	"strings"
	"time"

	"throughline/internal/delivery"
)

// entry is one record of a search answer, read.
type entry struct {
	// id, key and updated are what could be read of a broken record.
	id, key string
	updated delivery.Instant
	stamp   uint64 // differs between versions of an issue
	issue   delivery.Issue
	fault   *fault
	took    time.Duration // to map it, with what was fetched of its history
}

// name is what a record is called in a list of problems.
func (e *entry) name() string {
	if e.key != "" {
		return e.key
	}
	return e.id
}

// entryOf maps a record of the issue API.
func (s *Source) entryOf(raw json.RawMessage) (e entry) {
	began := time.Now()
	o := openObject(raw)
	e = entry{fault: o.fault, stamp: digest(raw)}
	if o.fault != nil {
		return e
	}
	defer func() { e.took = time.Since(began) }()
	e.id, _ = textOf(o.fields["id"])
	e.key, _ = textOf(o.fields["key"])
	e.updated, _ = instantOf(o.fields["updatedAt"])
	e.issue = s.issueOf(o)
	e.fault = o.fault
	if e.fault == nil {
		e.updated = e.issue.UpdatedAt
		e.stamp = mark(fingerprint(&e.issue), s.incidents.match(&e.issue))
	}
	return e
}

func (s *Source) issueOf(o *object) delivery.Issue {
	i := delivery.Issue{
		Connection: s.connection,
		ID:         o.required("id"),
		Key:        o.required("key"),
		Title:      o.text("summary"),
		Type:       o.ref("type"),
		Priority:   o.ref("priority"),
		Status:     statusRef(o.ref("status")),
		Resolution: o.ref("resolution"),
		Project:    o.ref("project"),
		Assignee:   o.ref("assignee"),
		Author:     o.ref("createdBy"),
		QAEngineer: o.ref("qaEngineer"),

		Tags:       o.texts("tags"),
		Components: o.names("components"),
		Sprints:    o.names("sprint"),

		StoryPoints: o.decimal("storyPoints"),
		Deadline:    o.date("deadline"),
		StartDate:   o.date("start"),
		EndDate:     o.date("end"),

		ParentKey: o.ref("parent").Key,
		EpicKey:   o.ref("epic").Key,
		Comments:  o.number("commentWithoutExternalMessageCount") + o.number("commentWithExternalMessageCount"),

		Version:         integer(o.fields["version"]),
		CreatedAt:       o.instant("createdAt"),
		UpdatedAt:       o.instant("updatedAt"),
		ResolvedAt:      o.instant("resolvedAt"),
		StatusStartedAt: o.instant("statusStartTime"),
	}
	if i.Status.Key == "" {
		o.missing("status")
	}
	if !i.CreatedAt.Known() {
		o.missing("createdAt")
	}
	if !i.UpdatedAt.Known() {
		i.UpdatedAt = i.CreatedAt
	}
	if i.Queue = o.ref("queue").Key; i.Queue == "" {
		i.Queue = i.Key[:max(strings.LastIndexByte(i.Key, '-'), 0)]
	}
	i.Aliases = slices.DeleteFunc(o.texts("aliases"), func(a string) bool { return a == i.Key })
	i.URL = s.site + url.PathEscape(i.Key)
	i.Custom = s.customOf(o)
	return i
}

// statusRef makes sure that a status has the key it is known by.
func statusRef(r delivery.Ref) delivery.Ref {
	if r.Key == "" {
		r.Key = r.ID
	}
	return r
}

// customOf picks the fields chosen in the settings. Local fields of a queue
// are called <hash>--key; the key alone finds them, too.
func (s *Source) customOf(o *object) map[string]json.RawMessage {
	if len(s.custom) == 0 || o.fault != nil {
		return nil
	}
	out := map[string]json.RawMessage{}
	for _, want := range s.custom {
		name := want
		if _, ok := o.fields[name]; !ok {
			for have := range o.fields {
				if strings.HasSuffix(have, "--"+want) && (name == want || have < name) {
					name = have
				}
			}
		}
		value := o.fields[name]
		if isNull(value) {
			continue
		}
		if value = compact(value); len(value) > maxText {
			o.keep(name, tooLong(len(value)))
			continue
		}
		out[want] = value
	}
	return out
}

// mappingVersion is part of every fingerprint: raise it when issues are mapped
// differently, and the next pull that sees them writes them again.
const mappingVersion = 1

// fingerprint is a digest of an issue as it is mapped, never 0.
func fingerprint(i *delivery.Issue) uint64 {
	text, err := json.Marshal(i)
	if err != nil { // only a custom field that is no JSON, and answers are
		return 1
	}
	return digest(append(text, mappingVersion))
}

func digest(text []byte) uint64 {
	h := fnv.New64a()
	_, _ = h.Write(text) // a hash takes everything
	return max(h.Sum64(), 1)
}
