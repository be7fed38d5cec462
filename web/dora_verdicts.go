package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"throughline/internal/control"
	"throughline/internal/delivery"
)

// saveVerdict records what a person says of a deployment, and derives its service
// anew before it answers.
func (s *Server) saveVerdict(w http.ResponseWriter, r *http.Request) {
	if !s.parseForm(w, r) {
		return
	}
	ctx := r.Context()
	service := r.PostFormValue("service")
	services, err := s.services(ctx)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	i := slices.IndexFunc(services, func(o delivery.Service) bool { return o.Name == service })
	if i < 0 {
		s.errorPage(w, r, http.StatusUnprocessableEntity)
		return
	}
	switch may, err := s.mayJudge(ctx, service); {
	case err != nil:
		s.fail(w, r, err)
		return
	case !may:
		s.errorPage(w, r, http.StatusForbidden)
		return
	}
	verdicts, said, err := s.askedVerdicts(ctx, &services[i], r)
	var audit int64
	if err == nil {
		audit, err = s.db.SaveVerdicts(ctx, verdicts...)
	}
	var field *control.FieldError
	switch {
	case errors.Is(err, errNoVerdict), errors.Is(err, delivery.ErrNotFound), errors.As(err, &field):
		s.errorPage(w, r, http.StatusUnprocessableEntity)
		return
	case err != nil:
		s.fail(w, r, err)
		return
	}
	s.deriveAgain(ctx, service)
	s.changed(w, r, audit, dashboard(r.PostFormValue("back")), said)
}

// deriveAgain derives services for a person who waits for it.
func (s *Server) deriveAgain(ctx context.Context, services ...string) {
	deriver := delivery.Deriver{Store: s.store, Setup: s.db.DoraSetup}
	for _, service := range services {
		if err := deriver.Of(ctx, service); err != nil {
			s.log.Warn("deployments wait for the next run to be derived anew", "service", service, "error", err)
		}
	}
}

// errNoVerdict is of a form that says no verdict.
var errNoVerdict = errors.New("not a verdict")

// askedVerdicts reads the verdicts of a form, and the message that confirms them.
func (s *Server) askedVerdicts(ctx context.Context, service *delivery.Service, r *http.Request) ([]delivery.Verdict, string, error) {
	group := r.PostFormValue("group")
	if err := s.deploymentOf(ctx, service, group); err != nil {
		return nil, "", err
	}
	incident, err := s.incidentKey(ctx, r.PostFormValue("incident"))
	if err != nil {
		return nil, "", err
	}
	one := delivery.Verdict{Service: service.Name, Group: group, Incident: incident, Note: r.PostFormValue("note")}
	switch r.PostFormValue("decision") {
	case "confirm":
		one.Decision = delivery.Confirm
		return []delivery.Verdict{one}, "dora.verdict.confirmed", nil
	case "reject":
		one.Decision = delivery.Reject
		return []delivery.Verdict{one}, "dora.verdict.rejected", nil
	case "relink":
		to := r.PostFormValue("to")
		if incident == "" || to == group {
			return nil, "", errNoVerdict
		}
		if err := s.deploymentOf(ctx, service, to); err != nil {
			return nil, "", err
		}
		other := one
		one.Decision, other.Group, other.Decision = delivery.Reject, to, delivery.Link
		return []delivery.Verdict{one, other}, "dora.verdict.relinked", nil
	}
	return nil, "", errNoVerdict
}

// deploymentOf is nil of a group's id that a deployment of the service has.
func (s *Server) deploymentOf(ctx context.Context, service *delivery.Service, group string) error {
	n, err := strconv.ParseInt(group, 10, 64)
	if err != nil || delivery.GroupID(n) != group {
		return errNoVerdict
	}
	d, err := s.store.Deployment(ctx, n)
	if err == nil && !service.Has(&d.Deployment) {
		err = errNoVerdict
	}
	return err
}

// incidentKey is what verdicts call the incident of a number; "" is none.
func (s *Server) incidentKey(ctx context.Context, text string) (string, error) {
	if text == "" || text == "0" {
		return "", nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return "", errNoVerdict
	}
	i, err := s.store.Incident(ctx, n)
	return i.Connection + "/" + i.ID, err
}
