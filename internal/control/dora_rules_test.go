package control

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"throughline/internal/delivery"
)

func someRules() delivery.DoraRules {
	return delivery.DoraRules{
		Production: []string{"production", "eu"}, Together: 15 * time.Minute, Window: 48 * time.Hour, Silence: 30 * 24 * time.Hour,
		HotfixLabels: delivery.Patterns{"hotfix"}, Bots: delivery.Patterns{"renovate*"},
		ErrorLevel: "warning", ErrorUsers: 25,
	}
}

func TestDoraRules(t *testing.T) {
	db := openTest(t)
	rules, teams, err := db.DoraRules(db.ctx)
	must(t, err)
	if !reflect.DeepEqual(rules, delivery.DefaultDoraRules()) || teams != nil {
		t.Errorf("before any: %+v, %v", rules, teams)
	}
	pay := db.team(t, "pay", "")
	in := someRules()
	in.Production = []string{" production ", "EU", "eu", ""}
	audit, err := db.SaveDoraRules(db.ctx, in, map[string][]string{"pay": {"pay-prod"}, "gone": nil})
	must(t, err)
	want, wantTeams := someRules(), map[string][]string{"pay": {"pay-prod"}}
	want.Production = []string{"production", "EU"}
	setup, err := db.DoraSetup(db.ctx)
	must(t, err)
	if !reflect.DeepEqual(setup.Rules, want) || !reflect.DeepEqual(setup.TeamProduction, wantTeams) {
		t.Errorf("rules %+v, of teams %v", setup.Rules, setup.TeamProduction)
	}
	if again, err := db.SaveDoraRules(db.ctx, want, wantTeams); err != nil || again != 0 {
		t.Errorf("the same again is entry %d, %v", again, err)
	}
	_, err = db.Undo(db.ctx, audit)
	must(t, err)
	if rules, teams, err := db.DoraRules(db.ctx); err != nil || !reflect.DeepEqual(rules, delivery.DefaultDoraRules()) || teams != nil {
		t.Errorf("undone: %+v, %v, %v", rules, teams, err)
	}
	_, err = db.SaveDoraRules(db.ctx, want, wantTeams)
	must(t, err)
	pay.Name = "payments"
	_, err = db.SaveTeam(db.ctx, pay)
	must(t, err)
	if _, teams, err := db.DoraRules(db.ctx); err != nil || !reflect.DeepEqual(teams, map[string][]string{"payments": {"pay-prod"}}) {
		t.Errorf("of the renamed team: %v, %v", teams, err)
	}
}

func TestDoraRulesRefused(t *testing.T) {
	db := openTest(t)
	tests := []struct {
		name, field, code string
		change            func(*delivery.DoraRules)
	}{
		{"no production", "production", "required", func(r *delivery.DoraRules) { r.Production = []string{" "} }},
		{"a long name", "production", "text_long", func(r *delivery.DoraRules) { r.Production = []string{strings.Repeat("x", 101)} }},
		{"a long time together", "together", "range", func(r *delivery.DoraRules) { r.Together = 121 * time.Minute }},
		{"a negative time", "together", "range", func(r *delivery.DoraRules) { r.Together = -1 }},
		{"no window", "window", "range", func(r *delivery.DoraRules) { r.Window = 0 }},
		{"a long window", "window", "range", func(r *delivery.DoraRules) { r.Window = 31 * 24 * time.Hour }},
		{"no silence", "silence", "range", func(r *delivery.DoraRules) { r.Silence = time.Hour }},
		{"a pattern", "hotfix_labels", "patterns", func(r *delivery.DoraRules) { r.HotfixLabels = delivery.Patterns{"!x"} }},
		{"a level", "error_level", "choice", func(r *delivery.DoraRules) { r.ErrorLevel = "loud" }},
		{"fewer than no users", "error_users", "range", func(r *delivery.DoraRules) { r.ErrorUsers = -1 }},
		{"a bot", "bots", "patterns", func(r *delivery.DoraRules) { r.Bots = delivery.Patterns{"!x"} }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := someRules()
			tt.change(&r)
			_, err := db.SaveDoraRules(db.ctx, r, nil)
			wantField(t, err, tt.field, tt.code)
		})
	}
	_, err := db.SaveDoraRules(db.ctx, someRules(), map[string][]string{"nobody": {"x"}})
	wantField(t, err, "team.nobody", "unknown")
}
