package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/go-chi/chi/v5"

	"throughline/internal/control"
	"throughline/internal/i18n"
	"throughline/views"
)

const tokensPath = "/settings/tokens"

func (s *Server) tokenRoutes(r chi.Router) {
	r.Get("/tokens", s.tokensPage)
	r.Post("/tokens", s.createToken)
	r.Get("/tokens/{id}/revoke", s.revokeTokenPage)
	r.Post("/tokens/{id}/revoke", s.revokeToken)
}

func (s *Server) tokensPage(w http.ResponseWriter, r *http.Request) {
	s.showTokens(w, r, http.StatusOK, views.Form{})
}

func (s *Server) showTokens(w http.ResponseWriter, r *http.Request, status int, f views.Form) {
	ctx := r.Context()
	tokens, err := s.db.Tokens(ctx)
	connections, cerr := s.connectionOptions(ctx)
	if err := errors.Join(err, cerr); err != nil {
		s.fail(w, r, err)
		return
	}
	list := views.TokenList{Form: f, Scopes: []string{scopeRead, scopeIngest, scopeMetrics}, Connections: connections}
	for _, t := range tokens {
		list.Tokens = append(list.Tokens, tokenRow(t))
	}
	value := ""
	if shown, ok := s.revealed(r, tokensPath); ok {
		list.Once = &views.Once{Name: shown.name, Value: shown.value}
		if pushes(tokens, func(t control.Token) bool { return t.Name == shown.name }) {
			value = shown.value
		}
	}
	if value != "" || pushes(tokens, func(control.Token) bool { return true }) {
		list.Examples = s.examples(r, value)
	}
	s.render(w, r, status, views.TokensPage(s.page(r, i18n.T(ctx, "settings.tokens"), "settings"), list))
}

// pushes reports whether any of the tokens asked for may send something.
func pushes(tokens []control.Token, of func(control.Token) bool) bool {
	return slices.ContainsFunc(tokens, func(t control.Token) bool { return of(t) && slices.Contains(t.Scopes, scopeIngest) })
}

// examples are commands that send something, with a token or with a variable in
// its place.
func (s *Server) examples(r *http.Request, token string) []views.Example {
	if token == "" {
		token = "$THROUGHLINE_TOKEN"
	}
	ctx, site := r.Context(), s.siteURL(r)
	now := s.now().UTC().Truncate(time.Second)
	at := func(before time.Duration) string { return now.Add(-before).Format(time.RFC3339) }
	run := `{
  "id": "1001", "project": "shop/web", "workflow": "deploy", "status": "success",
  "branch": "main", "sha": "5f2c0a91", "url": "https://ci.example.com/runs/1001",
  "created_at": "` + at(9*time.Minute) + `", "started_at": "` + at(8*time.Minute) + `", "finished_at": "` + at(0) + `",
  "jobs": [{"name": "test", "status": "success", "duration": 210.5}],
  "builds": [{"name": "image", "duration": 95}]
}`
	send := func(path, body string) string {
		return "curl -fsS '" + site + path + "' \\\n  -H \"Authorization: Bearer " + token + "\" \\\n  -H 'Content-Type: application/json' \\\n  -d '" + body + "'"
	}
	return []views.Example{
		{ID: "example-runs", Title: i18n.T(ctx, "tokens.example.runs"), Command: send("/api/v1/runs", run)},
		{ID: "example-dry", Title: i18n.T(ctx, "tokens.example.dry"), Command: send("/api/v1/runs?dry_run=1", `{"id": "1001", "project": "shop/web", "status": "success", "created_at": "`+at(0)+`"}`)},
		{ID: "example-save-metrics", Title: i18n.T(ctx, "tokens.example.save_metrics"), Command: site + "/save_metrics?token=" + token},
	}
}

func tokenRow(t control.Token) views.TokenRow {
	return views.TokenRow{
		ID: t.ID, Name: t.Name, Scopes: t.Scopes, Connection: t.Connection, Provisioned: t.Provisioned,
		CreatedAt: t.CreatedAt, LastUsedAt: t.LastUsedAt,
	}
}

// connectionOptions are the connections that what a token pushes can go to; the
// first is none in particular.
func (s *Server) connectionOptions(ctx context.Context) ([]views.Option, error) {
	connections, err := s.db.Connections(ctx)
	if err != nil {
		return nil, err
	}
	options := []views.Option{{Label: i18n.T(ctx, "token.connection.usual")}}
	for _, c := range connections {
		if !c.Pushed() || c.Name == usualConnection {
			continue
		}
		options = append(options, views.Option{Value: c.Name, Label: c.Name})
	}
	return options, nil
}

func (s *Server) createToken(w http.ResponseWriter, r *http.Request) {
	if !s.parseForm(w, r) {
		return
	}
	t := control.Token{Name: r.PostFormValue("name"), Scopes: r.PostForm["scopes"], Connection: r.PostFormValue("connection")}
	value, err := s.db.CreateToken(r.Context(), t)
	if errs, ok := tokenErrors(r.Context(), err); ok {
		f := views.Form{Values: map[string]string{"name": t.Name, "connection": t.Connection}, Errors: errs}
		for _, scope := range t.Scopes {
			f.Values["scope."+scope] = "on"
		}
		s.showTokens(w, r, http.StatusUnprocessableEntity, f)
		return
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.reveal(w, r, tokensPath, t.Name, value)
}

// tokenErrors are fieldErrors in words about tokens: names of connections, for
// one, are another matter.
func tokenErrors(ctx context.Context, err error) (map[string]string, bool) {
	errs, ok := fieldErrors(ctx, err)
	if _, wrong := errs["connection"]; wrong {
		errs["connection"] = i18n.T(ctx, "token.connection.gone")
	}
	return errs, ok
}

// namedToken is the token of the path; when there is none that can be revoked,
// the answer is written.
func (s *Server) namedToken(w http.ResponseWriter, r *http.Request) (control.Token, bool) {
	id, ok := s.pathID(w, r)
	if !ok {
		return control.Token{}, false
	}
	t, err := s.db.Token(r.Context(), id)
	switch {
	case err != nil:
		s.fail(w, r, err)
		return control.Token{}, false
	case t.Provisioned:
		s.errorPage(w, r, http.StatusForbidden)
		return control.Token{}, false
	}
	return t, true
}

func (s *Server) revokeTokenPage(w http.ResponseWriter, r *http.Request) {
	if t, ok := s.namedToken(w, r); ok {
		title := i18n.T(r.Context(), "token.revoke.title", "name", t.Name)
		s.render(w, r, http.StatusOK, views.RevokeTokenPage(s.page(r, title, "settings"), tokenRow(t)))
	}
}

func (s *Server) revokeToken(w http.ResponseWriter, r *http.Request) {
	t, ok := s.namedToken(w, r)
	if !ok {
		return
	}
	if err := s.db.DeleteToken(r.Context(), t.ID); err != nil {
		s.fail(w, r, err)
		return
	}
	s.flash(r, "tokens.revoked", "name", t.Name)
	s.redirect(w, r, tokensPath)
}
