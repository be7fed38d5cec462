package web

import (
	"context"
	"errors"
	"net/http"

	"throughline/internal/control"
	"throughline/internal/delivery"
)

type apiError struct {
	Code    string      `json:"code"`
	Message string      `json:"message"`
	Path    string      `json:"path"` // what it concerns; "$" for the whole request
	Details []apiDetail `json:"details"`
}

type apiDetail struct {
	Path    string `json:"path"`
	Message string `json:"message"`
	code    string // of the message in the catalogue, for pages
	query   *delivery.QueryNote
}

// writeAPIError answers a program what is wrong. With details, its path is that
// of the first.
func writeAPIError(w http.ResponseWriter, status int, code, message string, details ...apiDetail) {
	e := apiError{Code: code, Message: message, Path: "$", Details: []apiDetail{}}
	if len(details) > 0 {
		e.Path, e.Details = details[0].Path, details
	}
	writeJSON(w, status, map[string]apiError{"error": e})
}

// badRequest names every parameter that is wrong.
func badRequest(w http.ResponseWriter, err error) {
	details := filterDetails(err)
	if len(details) == 0 {
		details = []apiDetail{{Path: "$", Message: err.Error()}}
	}
	message := details[0].Path + ": " + details[0].Message
	if len(details) > 1 {
		message = "several parameters cannot be used"
	}
	writeAPIError(w, http.StatusBadRequest, "bad_request", message, details...)
}

// filterDetails are the parts of an error that name a parameter.
func filterDetails(err error) []apiDetail {
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		var out []apiDetail
		for _, e := range joined.Unwrap() {
			out = append(out, filterDetails(e)...)
		}
		return out
	}
	var f *delivery.FilterError
	if errors.As(err, &f) {
		return []apiDetail{{Path: f.Param, Message: f.Message, code: f.Code, query: f.Query}}
	}
	return nil
}

// apiFail answers an error of a database and logs it.
func (s *Server) apiFail(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, control.ErrNotFound), errors.Is(err, delivery.ErrNotFound):
		writeAPIError(w, http.StatusNotFound, "not_found", "not found")
		return
	case errors.Is(err, context.Canceled) && r.Context().Err() != nil:
		return // the client went away
	case errors.Is(err, delivery.ErrUnavailable):
		s.apiAway(w, err)
		return
	}
	s.log.Error("request failed", "error", err)
	if errors.Is(err, context.DeadlineExceeded) {
		writeAPIError(w, http.StatusGatewayTimeout, "timeout", "the answer took too long; narrow the filter or try again")
		return
	}
	writeAPIError(w, http.StatusInternalServerError, "internal", "something went wrong here; it is in the log")
}
