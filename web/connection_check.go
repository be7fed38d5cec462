package web

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"throughline/internal/control"
	"throughline/internal/i18n"
	"throughline/internal/source"
	"throughline/views"
)

// checkDeadline is how long a connection test may take.
const checkDeadline = 20 * time.Second

// testConnection tries what the form says, or what is provisioned, and tells
// what it sees. Nothing is saved.
func (s *Server) testConnection(w http.ResponseWriter, r *http.Request) {
	if !s.parseForm(w, r) {
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), checkDeadline)
	defer cancel()
	var c control.Connection
	kind, ok := s.kind(r.PostFormValue("kind"))
	if chi.URLParam(r, "name") != "" {
		c, kind, ok = s.namedConnection(w, r)
		if !ok {
			return
		}
	} else if !ok {
		s.errorPage(w, r, http.StatusBadRequest)
		return
	}
	typed := typedConnection{connection: c}
	var err error
	if !c.Provisioned {
		typed, err = s.readConnection(r, kind, c)
	}
	var result views.TestResult
	if err == nil {
		result, err = s.tryConnection(ctx, kind, typed)
	}
	if err != nil {
		result = s.failedTest(ctx, kind, err)
		for _, secret := range typed.secrets {
			if secret != "" { // should a server repeat what it was sent
				result.Error = strings.ReplaceAll(result.Error, secret, "***")
			}
		}
	}
	s.render(w, r, http.StatusOK, views.TestPart(result))
}

func (s *Server) tryConnection(ctx context.Context, kind source.Kind, typed typedConnection) (views.TestResult, error) {
	src, err := s.openConnection(ctx, kind, typed)
	if err != nil {
		return views.TestResult{}, err
	}
	report, err := src.Check(ctx)
	if err != nil {
		return views.TestResult{}, err
	}
	result := views.TestResult{Kind: kind.Name, HooksOnly: report.HooksOnly, Account: report.Account, Organization: report.Organization, Scope: report.Scope}
	for _, m := range report.Missing {
		result.Missing = append(result.Missing, said(ctx, m))
	}
	return result, nil
}

// failedTest puts what went wrong into words, with what to do where it is known.
func (s *Server) failedTest(ctx context.Context, kind source.Kind, err error) views.TestResult {
	p := i18n.From(ctx)
	if errs, ok := s.connectionErrors(ctx, kind, err); ok {
		return views.TestResult{Failed: true, Error: joined(p, kind, errs), Advice: p.T("test.form")}
	}
	m := source.MessageOf(err, err.Error())
	result := views.TestResult{Failed: true, Error: said(ctx, m)}
	var auth *source.AuthError
	switch {
	case errors.As(err, &auth) && p.Has("pause."+auth.Code):
		result.Advice = p.T("test.auth." + auth.Code)
		if m.ID == auth.Phrase().ID { // it says the same
			result.Error = ""
		}
	case errors.Is(err, context.DeadlineExceeded):
		result.Error = p.T("test.slow", "n", int(checkDeadline.Seconds()))
	}
	return result
}

// joined lists mistakes by the labels of their fields.
func joined(p *i18n.Printer, kind source.Kind, errs map[string]string) string {
	text := ""
	for _, list := range [][]source.Field{kind.Fields, kind.Secrets} {
		for _, field := range list {
			if errs[field.Name] != "" {
				text += p.T("connection."+kind.Name+"."+field.Name) + ": " + errs[field.Name] + " "
			}
		}
	}
	return text
}
