package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"throughline/internal/control"
	"throughline/internal/delivery"
	"throughline/internal/i18n"
)

// Scopes of tokens, as control knows them.
const (
	scopeRead    = "read"
	scopeIngest  = "ingest"
	scopeMetrics = "metrics"
)

// apiRoutes are those of programs, and of the links to data on pages.
func (s *Server) apiRoutes(r chi.Router) {
	r.Route("/api/v1", func(r chi.Router) {
		r.Use(middleware.Compress(gzipLevel, "application/json", "text/csv", svgType))
		r.NotFound(s.notFound)
		r.MethodNotAllowed(s.methodNotAllowed)
		r.Group(func(r chi.Router) {
			r.Use(s.needScope(scopeRead))
			r.Get("/issues", s.apiIssues)
			r.Get("/issues.csv", s.apiIssuesCSV)
			r.Get("/issues/{key}", s.apiIssue)
			r.Get("/runs", s.apiRuns)
			r.Get("/runs.csv", s.apiRunsCSV)
			r.Get("/runs/{run}", s.apiRun)
			r.Get("/deployments", s.apiDeployments)
			r.Get("/deployments.csv", s.apiDeploymentsCSV)
			r.Get("/changes", s.apiChanges)
			r.Get("/changes.csv", s.apiChangesCSV)
			r.Get("/incidents", s.apiIncidents)
			r.Get("/incidents.csv", s.apiIncidentsCSV)
			r.Get("/incidents/{incident}", s.apiIncident)
			r.Get("/error-groups", s.apiErrorGroups)
			r.Get("/error-groups.csv", s.apiErrorGroupsCSV)
			r.Get("/error-groups/{group}", s.apiErrorGroup)
			r.Get("/overview", s.apiOverview)
			r.Get("/panels", s.apiPanels)
			r.Get("/panels/{slug}", s.apiPanel)
			r.Get("/panels/{slug}/records", s.apiRecords)
			r.Get("/panels/{slug}/records.csv", s.apiRecordsCSV)
			r.Get("/quality", s.apiQuality)
			r.Get("/quality/{kind}", s.apiQualityKind)
			r.Get("/syncs", s.apiSyncs)
		})
		r.Group(func(r chi.Router) {
			r.Use(s.needScope(scopeIngest))
			r.Post("/connections/{name}/sync", s.apiStartSync)
			r.Post("/runs", s.pushFacts("runs"))
			r.Post("/deployments", s.pushFacts("deployments"))
			r.Post("/incidents", s.pushFacts("incidents"))
		})
	})
}

// needScope lets in a token that holds the scope, or whoever is signed in: to
// read anybody, to change things admins, as on the pages.
func (s *Server) needScope(scope string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if header := r.Header.Get("Authorization"); header != "" {
				if token, ok := s.tokenHolds(w, r, header, scope); ok {
					next.ServeHTTP(w, r.WithContext(withPusher(r.Context(), token)))
				}
				return
			}
			u, ok := userFrom(r.Context())
			switch {
			case !ok && scope == scopeRead && isGuest(r.Context()):
				next.ServeHTTP(w, r)
			case !ok:
				unauthorized(w, "send a token: Authorization: Bearer …")
			case scope != scopeRead && u.Role != control.Admin:
				writeAPIError(w, http.StatusForbidden, "forbidden", "only an admin may do this, or a token that holds the scope "+scope)
			case s.crossOrigin.Check(r) != nil:
				writeAPIError(w, http.StatusForbidden, "forbidden", "a session cannot be used from another site; send a token")
			default:
				next.ServeHTTP(w, r)
			}
		})
	}
}

// tokenHolds is the token of a request, which holds a scope; when it does not, the
// answer is written.
func (s *Server) tokenHolds(w http.ResponseWriter, r *http.Request, header, scope string) (token control.Token, ok bool) {
	scheme, value, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		unauthorized(w, "the only way in is Authorization: Bearer …")
		return token, false
	}
	token, err := s.db.TokenFor(r.Context(), strings.TrimSpace(value))
	switch {
	case errors.Is(err, control.ErrNotFound):
		s.wrongToken(w, r)
		return token, false
	case err != nil:
		s.apiFail(w, r, err)
		return token, false
	case !slices.Contains(token.Scopes, scope):
		writeAPIError(w, http.StatusForbidden, "forbidden", "the token "+token.Name+" does not hold the scope "+scope)
		return token, false
	}
	return token, true
}

// wrongToken refuses a token that nobody holds, and soon whoever goes on
// guessing; a token that is right is let in all the same, so that one neighbour
// behind an address does not lock out the others.
func (s *Server) wrongToken(w http.ResponseWriter, r *http.Request) {
	if wait, ok := s.guesses.takeAddress(r, s.now()); !ok {
		retryAfter(w, wait)
		writeAPIError(w, http.StatusTooManyRequests, "too_many_requests", "too many wrong tokens from this address; wait a little")
		return
	}
	unauthorized(w, "no such token")
}

func unauthorized(w http.ResponseWriter, message string) {
	w.Header().Set("WWW-Authenticate", "Bearer")
	writeAPIError(w, http.StatusUnauthorized, "unauthorized", message)
}

// apiList is the answer of every list.
type apiList[T any] struct {
	Items      []T    `json:"items"`
	NextCursor string `json:"next_cursor"`
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // a client that went away
}

// query is a request's query, strictly: one that cannot be read is refused, not
// shortened.
func query(r *http.Request) (url.Values, error) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, &delivery.FilterError{Param: "$", Message: "the query is not well formed"}
	}
	return q, nil
}

// filter reads the filter of a query about a subject, narrowed to its teams, and
// refuses any other parameter but lang and extra. The calendar is the one of its
// days.
func (s *Server) filter(ctx context.Context, of delivery.Subject, q url.Values, extra ...string) (delivery.Filter, *delivery.Calendar, error) {
	teams, err := s.teams(ctx)
	if err != nil {
		return delivery.Filter{}, nil, err
	}
	day, err := delivery.ParseDate(q.Get("definition"))
	if err != nil || of != delivery.OfIssues {
		day = delivery.Date{} // what is wrong with it is said below
	}
	calendar, err := s.teamCalendarOn(ctx, teams, delivery.AskedTeams(q), day)
	if err != nil {
		return delivery.Filter{}, nil, err
	}
	f, err := delivery.ParseFilter(q, of, calendar.Zone(), delivery.InstantOf(s.now()), append(extra, "lang")...)
	return f, calendar, errors.Join(err, s.narrow(ctx, of, &f, teams), checkLang(q), single(q, extra...))
}

// narrow sets what the teams of a filter come to.
func (s *Server) narrow(ctx context.Context, of delivery.Subject, f *delivery.Filter, teams delivery.Teams) error {
	if of == delivery.OfErrors {
		return s.narrowErrors(ctx, f, teams)
	}
	if of == delivery.OfDora || of == delivery.OfSeries {
		if len(f.Teams) == 0 && len(f.Services) == 0 {
			return nil
		}
		services, err := s.services(ctx)
		if err != nil {
			return err
		}
		return f.NarrowDora(teams, services)
	}
	if len(f.Teams) == 0 {
		return nil
	}
	if of == delivery.OfQuality {
		return f.Narrow(teams, nil) // there are such teams; each part is narrowed by itself
	}
	if of == delivery.OfRuns {
		facets, err := s.runFacets(ctx)
		if err != nil {
			return err
		}
		return f.NarrowRuns(teams, facetKeys(facets.Projects))
	}
	queues, err := s.queueKeys(ctx)
	if err != nil {
		return err
	}
	return f.Narrow(teams, queues)
}

// checkLang refuses a language that is not spoken here.
func checkLang(q url.Values) error {
	lang := q.Get("lang")
	if lang == "" || slices.Contains(i18n.Langs(), lang) {
		return single(q, "lang")
	}
	return &delivery.FilterError{Param: "lang", Message: "not one of " + strings.Join(i18n.Langs(), ", ")}
}

// single refuses parameters given more than once.
func single(q url.Values, names ...string) error {
	var errs []error
	for _, name := range names {
		if len(q[name]) > 1 {
			errs = append(errs, &delivery.FilterError{Param: name, Message: "given more than once"})
		}
	}
	return errors.Join(errs...)
}

// onlyParams refuses parameters other than those named, and those given twice.
func onlyParams(q url.Values, names ...string) error {
	var errs []error
	for name := range q {
		if !slices.Contains(names, name) {
			errs = append(errs, &delivery.FilterError{Param: name, Message: "no such parameter"})
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errors.Join(errs...), single(q, names...))
}

// Bounds of the parameter limit.
const (
	defaultLimit = 100
	maxLimit     = 1000
)

func limitOf(q url.Values) (int, error) {
	text := q.Get("limit")
	if text == "" {
		return defaultLimit, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxLimit {
		return 0, &delivery.FilterError{Param: "limit", Message: fmt.Sprintf("not a number from 1 to %d", maxLimit)}
	}
	return n, nil
}
