package main

import (
	"context"
	"strings"

	"throughline/internal/catalog"
	"throughline/internal/control"
	"throughline/internal/i18n"
	"throughline/internal/safehttp"
)

// catalog asks the catalogue of owners, if there is one, of some repository.
func (c *checking) catalog(ctx context.Context, db *control.DB) error {
	set, err := db.Catalog(ctx)
	if err != nil || !set.On() {
		return err
	}
	place := "under Settings → Services"
	if set.Provisioned {
		place = "in the provisioning file"
	}
	token, opens, err := db.CatalogToken(ctx)
	switch {
	case err != nil:
		return err
	case !opens:
		c.bad("catalog: its token was sealed with another secret key; put the right key back, or enter it again %s", place)
		return nil
	}
	services, err := db.Services(ctx)
	if err != nil {
		return err
	}
	repository := "throughline/throughline" // whose it is does not matter
	for _, s := range services {
		if s.Repository != "" {
			repository = s.Repository
		}
	}
	client := safehttp.Client(c.cfg.AllowedNetworks, sourceTimeout)
	defer client.CloseIdleConnections()
	_, err = catalog.New(client, set.Endpoint, set.Annotation, token).Owner(ctx, repository)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		text := i18n.For("en").T("catalog.fault."+catalogCode(err), "detail", err.Error())
		if token != "" { // should a server repeat what it was sent
			text = strings.ReplaceAll(text, token, "***")
		}
		c.bad("catalog %s: %s Its settings are %s. Until then repositories stay with the teams that it named before.", set.Endpoint, text, place)
		return nil
	}
	c.good("catalog %s: answers; teams are looked up by %s", set.Endpoint, set.Annotation)
	return nil
}

func catalogCode(err error) string {
	if coded, ok := err.(*catalog.Error); ok { //nolint:errorlint // returned as it is
		return coded.Code()
	}
	return catalog.Unreachable
}
