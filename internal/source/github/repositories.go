package github

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"throughline/internal/source"
)

const (
	perPage     = 100
	maxOrgPages = 100
)

// found is a repository that is to be read.
type found struct {
	ID            int64  `json:"id"`
	FullName      string `json:"full_name"`
	DefaultBranch string `json:"default_branch"`
	Archived      bool   `json:"archived"`

	etag string
}

// unseen is what the settings name and the token cannot see.
type unseen struct {
	name         string
	organization bool
	err          error
}

func (u *unseen) message() source.Message {
	switch {
	case u.organization:
		return source.Message{
			Text:   "There is no organisation or user " + u.name + ", or the token cannot see it.",
			Phrase: source.Phrase{ID: "github.organization", Args: []string{"name", u.name}},
		}
	case isStatus(u.err, http.StatusNotFound):
		return source.Message{
			Text:   "There is no repository " + u.name + ", or the token cannot see it.",
			Phrase: source.Phrase{ID: "github.repository", Args: []string{"name", u.name}},
		}
	}
	return source.MessageOf(u.err, u.err.Error())
}

// finder looks up what the settings name.
type finder struct {
	*Source
	known  func(name string) *found // as it was last seen, nil when it was not
	once   bool
	all    []found
	unseen []unseen
	ids    map[int64]bool
}

// find looks up the repositories and those of the organisations. Its error concerns
// them all.
func (f *finder) find(ctx context.Context) error {
	f.ids = map[int64]bool{}
	for _, name := range f.repositories {
		if f.excludes(name) {
			continue
		}
		r, err := f.repository(ctx, name)
		if err = f.concerns(unseen{name: name, err: err}); err != nil {
			return err
		}
		f.add(r)
	}
	for _, name := range f.organizations {
		err := f.organization(ctx, "/orgs/", name)
		if isStatus(err, http.StatusNotFound) {
			err = f.organization(ctx, "/users/", name)
		}
		if err = f.concerns(unseen{name, true, err}); err != nil {
			return err
		}
	}
	return nil
}

// concerns keeps an error of one name; others are returned.
func (f *finder) concerns(u unseen) error {
	if u.err == nil {
		return nil
	}
	if !ofOne(u.err) {
		return u.err
	}
	u.organization = u.organization && isStatus(u.err, http.StatusNotFound)
	f.unseen = append(f.unseen, u)
	return nil
}

func (f *finder) add(r found) {
	if r.ID != 0 && !f.ids[r.ID] && !f.excludes(r.FullName) {
		f.ids[r.ID] = true
		f.all = append(f.all, r)
	}
}

// repository asks for one by name; GitHub leads to one that was renamed.
func (f *finder) repository(ctx context.Context, name string) (found, error) {
	r := request{path: "/repos/" + name, limit: maxOtherBody, once: f.once}
	known := f.known(name)
	if known != nil {
		r.etag = known.etag
	}
	a, err := f.client.do(ctx, r)
	if err != nil {
		return found{}, err
	}
	if a.same {
		return *known, nil
	}
	got, err := foundIn(a.path, a.body)
	got.etag = a.header.Get("ETag")
	return got, err
}

func foundIn(path string, raw json.RawMessage) (found, error) {
	var r found
	if json.Unmarshal(raw, &r) != nil || r.ID == 0 || !isRepository(r.FullName) {
		return found{}, &answerError{path: path, id: "shape", what: "does not hold what was asked for"}
	}
	return r, nil
}

// organization asks for all repositories of an account.
func (f *finder) organization(ctx context.Context, kind, name string) error {
	for page := 1; page <= maxOrgPages; page++ {
		a, err := f.client.do(ctx, request{
			path: kind + name + "/repos", limit: maxListBody, once: f.once,
			query: url.Values{"per_page": {strconv.Itoa(perPage)}, "page": {strconv.Itoa(page)}},
		})
		if err != nil {
			return err
		}
		var list []json.RawMessage
		if json.Unmarshal(a.body, &list) != nil || list == nil {
			return &answerError{path: a.path, id: "not_list", what: "is not a list"}
		}
		for _, raw := range list {
			r, err := foundIn(a.path, raw)
			if err != nil {
				return err
			}
			f.add(r)
		}
		if len(list) < perPage && !a.hasNext() || len(list) == 0 {
			return nil
		}
	}
	return nil
}

// ofOne reports whether an error concerns only what was asked for, not GitHub as a
// whole.
func ofOne(err error) bool {
	if e, ok := errors.AsType[*statusError](err); ok {
		return e.status < 500
	}
	if _, ok := errors.AsType[*graphError](err); ok {
		return true
	}
	_, ok := errors.AsType[*answerError](err)
	return ok
}

// repositoryOf is what the mapping needs to know of it.
func (s *Source) repositoryOf(name, branch string) repository {
	if s.ownBranches {
		branch = ""
	}
	return repository{name: name, branch: branch}
}
