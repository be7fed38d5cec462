package tracker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

const (
	peoplePage     = 1000
	minPeoplePage  = 10
	maxPeoplePages = 500
	maxPerson      = 1 << 10 // bytes of a person's login, e-mail and name each
)

// readPeople asks for everybody in the organisation: records name people by id,
// and only this list has their e-mails. What was read before a page that cannot
// be had is of use all the same.
func (s *Source) readPeople(ctx context.Context) (out []delivery.Person, problem source.Problem, err error) {
	seen, size := map[string]bool{}, peoplePage
	for page := 1; page <= maxPeoplePages; page++ {
		items, a, err := s.client.list(ctx, request{
			method: http.MethodGet, path: "/users", limit: maxOtherBody,
			query: url.Values{"perPage": {strconv.Itoa(size)}, "page": {strconv.Itoa(page)}},
		})
		if page == 1 && size > minPeoplePage && isStatus(err, http.StatusBadRequest, http.StatusUnprocessableEntity) {
			size, page = max(size/4, minPeoplePage), 0 // a server that gives less at once
			continue
		}
		if err != nil {
			problem, err = ofPeople(err)
			return out, problem, err
		}
		before := len(seen)
		for i, raw := range items {
			person, f := personOf(raw)
			if f != nil {
				problem = f.at(i).problem("people")
				continue
			}
			if !seen[person.ID] {
				seen[person.ID] = true
				out = append(out, person)
			}
		}
		pages, ok := headerInt(a.header, "X-Total-Pages")
		if len(seen) == before || ok && page >= pages || !ok && a.next() == nil && len(items) < size {
			break
		}
	}
	return out, problem, nil
}

// ofPeople tells what the pull goes on after from what ends it.
func ofPeople(err error) (source.Problem, error) {
	var network *source.NetworkError
	problem, _, ok := ofRecord(err)
	if !ok || errors.As(err, &network) {
		return source.Problem{}, err
	}
	problem.Record = "people"
	problem.Message, problem.ID = "the list of people cannot be read: "+problem.Message, "people>"+problem.ID
	return problem, nil
}

func personOf(raw []byte) (delivery.Person, *fault) {
	o := openObject(raw)
	// References have the first of these that there is for their id.
	id := cmp.Or(o.text("id"), o.text("uid"), o.text("trackerUid"), o.text("passportUid"), o.text("cloudUid"))
	p := delivery.Person{ID: id, Login: o.text("login"), Email: o.text("email"), Name: o.text("display")}
	if id == "" {
		o.missing("uid")
	}
	if n := max(len(p.Login), len(p.Email), len(p.Name)); n > maxPerson {
		o.keep("display", wrong("long", fmt.Sprintf("is too long: %d bytes, and at most %d are kept", n, maxPerson),
			"bytes", strconv.Itoa(n), "most", strconv.Itoa(maxPerson)))
	}
	return p, o.fault
}
