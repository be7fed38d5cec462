package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// healthz says that the process answers.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	s.writeHealth(w, http.StatusOK, map[string]string{"status": "ok", "version": s.cfg.Version})
}

// readyz says whether requests can be answered: both databases do.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	err := s.databases(ctx)
	if err == nil && s.cfg.Ready != nil {
		err = s.cfg.Ready(ctx)
	}
	if err != nil {
		s.log.Warn("not ready", "error", err)
		s.writeHealth(w, http.StatusServiceUnavailable, map[string]string{"status": "not ready"})
		return
	}
	s.writeHealth(w, http.StatusOK, map[string]string{"status": "ready"})
}

func (s *Server) databases(ctx context.Context) error {
	var errs []error
	if err := s.db.Ping(ctx); err != nil {
		errs = append(errs, fmt.Errorf("control database: %w", err))
	}
	if err := s.store.Ping(ctx); err != nil {
		errs = append(errs, fmt.Errorf("store: %w", err))
	}
	return errors.Join(errs...)
}

func (s *Server) writeHealth(w http.ResponseWriter, status int, body map[string]string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a prober that went away
}
