package web

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"throughline/internal/delivery"
	"throughline/internal/i18n"
)

func TestUnknownTeam(t *testing.T) {
	s := newSite(t, nil)
	s.provision("tokens:\n  - {name: reader, scopes: [read], token: " + readToken + "}\n")
	s.addIssues()
	for _, path := range []string{"/api/v1/issues", "/api/v1/issues.csv", "/api/v1/panels/cycle-time", "/api/v1/panels/time-in-status.csv"} {
		res := s.api(http.MethodGet, path+"?team=Nobody", readToken)
		if res.status != http.StatusBadRequest {
			t.Errorf("%s: %d", path, res.status)
			continue
		}
		if e := errorOf(t, res).Error; e.Path != "team" || !strings.Contains(e.Message, `no such team: "Nobody"`) {
			t.Errorf("%s: %+v", path, e)
		}
	}
}

func TestPanelKey(t *testing.T) {
	keys := map[string]delivery.Filter{}
	for _, f := range []delivery.Filter{
		{},
		{Scope: []string{}},
		{Scope: []string{"all"}},
		{Queues: []string{"A"}},
		{Scope: []string{"A"}},
		{Teams: []string{"A"}},
		{Teams: []string{"A"}, Scope: []string{}},
		{Teams: []string{"A"}, Scope: []string{"A"}},
		{Types: []string{"A"}},
		{Connections: []string{"A"}},
		{Clock: delivery.Business},
		{Unit: delivery.Week},
		{From: 1},
		{To: 1},
	} {
		key := panelKey("cycle-time", f)
		if other, ok := keys[key]; ok {
			t.Errorf("%+v and %+v have the same key %s", f, other, key)
		}
		keys[key] = f
	}
}

func TestMarkersInPanels(t *testing.T) {
	p, _ := panelBySlug("cycle-time")
	q := delivery.FlowQuery{Calendar: delivery.NewCalendar(delivery.CalendarVersion{Zone: delivery.Instant(1).Time().Location()})}
	d := delivery.CycleTime{}.Panel(q)
	answer := func() string {
		t.Helper()
		text, err := json.Marshal(panelReport(p, d, i18n.For("en")))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	if text := answer(); strings.Contains(text, "markers") {
		t.Errorf("no markers: %s", text)
	}
	d.Markers = []delivery.Marker{{At: 1_700_000_000_000, Kind: "workflow", Name: "default"}}
	if text := answer(); !strings.Contains(text, `"markers":[{"t":"2023-11-14T22:13:20.000Z","kind":"workflow","name":"default"}]`) {
		t.Errorf("a marker: %s", text)
	}
}
