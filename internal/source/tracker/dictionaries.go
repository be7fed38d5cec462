package tracker

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"throughline/internal/delivery"
	"throughline/internal/source"
)

// dictionaries asks for the statuses' types, and for people where something is
// made of them. A pull goes on without them; why it had to is told once, not by
// every pull.
func (p *pull) dictionaries(ctx context.Context) error {
	statuses, problem, err := p.readStatuses(ctx)
	if err != nil {
		return err
	}
	p.statuses, p.closed = statuses, map[string]bool{}
	for _, status := range statuses {
		p.closed[status.Key] = status.Type == "done"
	}
	p.tell(problem, &p.cursor.Told)
	if p.dropIn.Database == "" {
		return nil
	}
	people, problem, err := p.readPeople(ctx)
	if err != nil {
		return err
	}
	p.people = people
	p.tell(problem, &p.cursor.ToldPeople)
	return nil
}

// tell reports a problem unless it is the one told last.
func (p *pull) tell(problem source.Problem, told *string) {
	if problem.Message != *told && problem.Message != "" {
		p.problems = append(p.problems, problem)
	}
	*told = problem.Message
}

func (s *Source) readStatuses(ctx context.Context) (out []delivery.Status, problem source.Problem, err error) {
	items, _, err := s.client.list(ctx, request{method: http.MethodGet, path: "/statuses", limit: maxOtherBody})
	if isStatus(err, http.StatusNotFound) {
		return nil, problem, nil // a server without a dictionary lacks no record
	}
	if err != nil {
		var network *source.NetworkError
		problem, _, ok := ofRecord(err)
		if !ok || errors.As(err, &network) {
			return nil, problem, err
		}
		problem.Record = "statuses"
		problem.Message, problem.ID = "the types of statuses cannot be read: "+problem.Message, "statuses>"+problem.ID
		return nil, problem, nil
	}
	for i, raw := range items {
		status, f := s.statusOf(raw)
		if f != nil {
			problem = f.at(i).problem("statuses")
			continue
		}
		out = append(out, status)
	}
	return out, problem, nil
}

func (s *Source) statusOf(raw json.RawMessage) (delivery.Status, *fault) {
	o := openObject(raw)
	status := delivery.Status{
		Connection: s.connection,
		Key:        o.required("key"),
		Name:       o.text("name"),
		Order:      o.number("order"),
	}
	if isObject(o.fields["type"]) {
		status.Type = o.ref("type").Key
	} else {
		status.Type = o.text("type")
	}
	if status.Name == "" {
		status.Name = status.Key
	}
	return status, o.fault
}
