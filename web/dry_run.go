package web

import (
	"context"
	"errors"
	"net/http"

	"throughline/internal/control"
	"throughline/internal/delivery"
)

// dryRun says what would be stored.
func (s *Server) dryRun(w http.ResponseWriter, r *http.Request, p *pushed) {
	usable := "would_store"
	if p.Key != "" {
		there, err := s.cfg.Inbox.Has(r.Context(), p.entry.Kind, p.entry.Connection, p.Key)
		if err != nil {
			s.apiFail(w, r, err)
			return
		}
		if there {
			usable = "duplicate"
		}
	}
	items, _ := pushedItems(p, usable)
	if err := s.tell(r.Context(), p, items); err != nil {
		s.apiFail(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"dry_run": true, "connection": p.entry.Connection, "items": items})
}

// tell says of each item what would be stored, by the settings of its connection.
func (s *Server) tell(ctx context.Context, p *pushed, items []pushedItem) error {
	c, err := s.db.Connection(ctx, p.entry.Connection)
	if errors.Is(err, control.ErrNotFound) {
		c, err = control.Connection{Name: p.entry.Connection, Kind: p.entry.Connection}, nil
	}
	if err != nil {
		return err
	}
	kind, _ := s.kind(c.Kind)
	for i, item := range p.Items {
		if item.Err != nil {
			continue
		}
		b := delivery.Batch{Connection: c.Name}
		item.Add(&b)
		if kind.Settle != nil {
			if err := kind.Settle(c.Settings, &b); err != nil {
				return err
			}
		}
		items[i].Would = item.Told(&b)
	}
	return nil
}
