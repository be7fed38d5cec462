package web

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"throughline/internal/control"
	"throughline/internal/i18n"
	"throughline/views"
)

// catalogForm is where teams are looked up, and how that goes.
func (s *Server) catalogForm(ctx context.Context) (views.CatalogForm, error) {
	c, err := s.db.Catalog(ctx)
	if err != nil {
		return views.CatalogForm{}, err
	}
	owners, err := s.db.OwnersByRepository(ctx)
	f := views.CatalogForm{
		Form: views.Form{Values: map[string]string{"endpoint": c.Endpoint, "annotation": c.Annotation}, Order: []string{"endpoint", "annotation", "catalog_token"}},
		On:   c.On(), HasToken: c.HasToken, Provisioned: c.Provisioned, AskedAt: c.AskedAt, Owned: len(owners),
	}
	if !c.On() {
		f.Values["annotation"] = control.DefaultAnnotation
	}
	if code, detail, _ := strings.Cut(c.Fault, ": "); code != "" {
		f.Fault = i18n.T(ctx, "catalog.fault."+code, "detail", detail)
	}
	return f, err
}

// saveCatalog saves where teams are looked up. A stored token that is not typed
// again is kept.
func (s *Server) saveCatalog(w http.ResponseWriter, r *http.Request) {
	if !s.parseForm(w, r) {
		return
	}
	ctx := r.Context()
	c := control.Catalog{Endpoint: r.PostFormValue("endpoint"), Annotation: r.PostFormValue("annotation")}
	var token *string
	if typed := strings.TrimSpace(r.PostFormValue("catalog_token")); typed != "" || r.PostFormValue("forget") == "on" {
		token = &typed
	}
	changed, err := s.db.SaveCatalog(ctx, c, token)
	errs, isForm := fieldErrors(ctx, err)
	switch {
	case errors.Is(err, control.ErrProvisioned):
		s.errorPage(w, r, http.StatusForbidden)
	case isForm:
		s.wrongCatalog(w, r, errs)
	case err != nil:
		s.fail(w, r, err)
	default:
		s.saidCatalog(w, r, changed)
	}
}

func (s *Server) wrongCatalog(w http.ResponseWriter, r *http.Request, errs map[string]string) {
	list, err := s.serviceList(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	list.Catalog.Errors = errs
	for _, name := range []string{"endpoint", "annotation"} {
		list.Catalog.Values[name] = r.PostFormValue(name)
	}
	s.showServices(w, r, http.StatusUnprocessableEntity, list)
}

func (s *Server) saidCatalog(w http.ResponseWriter, r *http.Request, changed bool) {
	said := "definitions.same"
	if changed {
		s.cfg.Worker.WorkflowChanged() // it asks at once
		if said = "catalog.saved"; strings.TrimSpace(r.PostFormValue("endpoint")) == "" {
			said = "catalog.off"
		}
	}
	s.flash(r, said)
	s.redirect(w, r, servicesPath)
}
