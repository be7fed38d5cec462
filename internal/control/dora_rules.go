package control

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"throughline/internal/delivery"
)

// Bounds of the rules of deployments.
const (
	MaxTogether = 2 * time.Hour
	MaxWindow   = 30 * 24 * time.Hour
	MaxSilence  = 1000 * 24 * time.Hour

	MaxErrorUsers = 100_000

	maxEnvironments    = 100 // names of production
	maxEnvironmentName = 100 // characters
)

// rulesRow are the rules as they are stored and audited. Times are in words like
// 10m0s.
type rulesRow struct {
	Production     []string            `json:"production"`
	Together       string              `json:"together"`
	Window         string              `json:"window"`
	Silence        string              `json:"silence"`
	HotfixLabels   delivery.Patterns   `json:"hotfix_labels,omitempty"`
	HotfixBranches delivery.Patterns   `json:"hotfix_branches,omitempty"`
	HotfixTitles   delivery.Patterns   `json:"hotfix_titles,omitempty"`
	Bots           delivery.Patterns   `json:"bots,omitempty"`
	ErrorLevel     string              `json:"error_level,omitempty"`
	ErrorUsers     *int                `json:"error_users,omitempty"` // none: of before they could be set
	Teams          map[string][]string `json:"teams,omitempty"`
}

func rowOfRules(r delivery.DoraRules, teams map[string][]string) rulesRow {
	return rulesRow{
		Production: r.Production, Together: r.Together.String(), Window: r.Window.String(), Silence: r.Silence.String(),
		HotfixLabels: r.HotfixLabels, HotfixBranches: r.HotfixBranches, HotfixTitles: r.HotfixTitles, Bots: r.Bots, Teams: teams,
		ErrorLevel: r.ErrorLevel, ErrorUsers: &r.ErrorUsers,
	}
}

func (row rulesRow) rules() (delivery.DoraRules, error) {
	r := delivery.DoraRules{
		Production:   row.Production,
		HotfixLabels: row.HotfixLabels, HotfixBranches: row.HotfixBranches, HotfixTitles: row.HotfixTitles, Bots: row.Bots,
		ErrorLevel: cmp.Or(row.ErrorLevel, delivery.DefaultErrorLevel), ErrorUsers: delivery.DefaultErrorUsers,
	}
	if row.ErrorUsers != nil {
		r.ErrorUsers = *row.ErrorUsers
	}
	var errs [3]error
	r.Together, errs[0] = time.ParseDuration(row.Together)
	r.Window, errs[1] = time.ParseDuration(row.Window)
	r.Silence, errs[2] = time.ParseDuration(row.Silence)
	return r, errors.Join(errs[:]...)
}

// DoraRules are the rules in force, and each team's own names of production, nil
// when no team has any.
func (db *DB) DoraRules(ctx context.Context) (rules delivery.DoraRules, teams map[string][]string, err error) {
	body, err := rulesBody(ctx, db.sql.Reader)
	if err != nil || body == "" {
		return delivery.DefaultDoraRules(), nil, err
	}
	return rulesIn(body)
}

func rulesIn(body string) (delivery.DoraRules, map[string][]string, error) {
	var row rulesRow
	err := json.Unmarshal([]byte(body), &row)
	if err != nil {
		return delivery.DoraRules{}, nil, fmt.Errorf("rules of deployments: %w", err)
	}
	rules, err := row.rules()
	if err != nil {
		return delivery.DoraRules{}, nil, fmt.Errorf("rules of deployments: %w", err)
	}
	return rules, row.Teams, nil
}

// rulesBody are the stored rules, "" while nobody chose any.
func rulesBody(ctx context.Context, q querier) (string, error) {
	var body string
	err := q.QueryRowContext(ctx, `SELECT body FROM dora_rules`).Scan(&body)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("rules of deployments: %w", err)
	}
	return body, nil
}

// SaveDoraRules changes the rules, and each team's own names of production; it
// returns the audit entry to undo it by, 0 when nothing changed. Errors:
// *FieldError, joined, for production, together, window, silence, hotfix_labels,
// hotfix_branches, hotfix_titles, bots, error_level, error_users or team.NAME.
func (db *DB) SaveDoraRules(ctx context.Context, rules delivery.DoraRules, teamNames map[string][]string) (audit int64, err error) {
	rules, own, err := NormalDoraRules(rules, teamNames)
	if err != nil {
		return 0, err
	}
	err = db.tx(ctx, func(tx *sql.Tx) error {
		if err := checkProductionTeams(ctx, tx, own); err != nil {
			return err
		}
		body, err := toJSON(rowOfRules(rules, own))
		if err != nil {
			return err
		}
		audit, err = db.recorded(ctx, tx, "dora.save", rulesObject, func() error { return putRules(ctx, tx, body) })
		return err
	})
	return audit, err
}

// NormalDoraRules are rules and names as SaveDoraRules stores them. Errors are its own,
// but for those of teams that there are not.
func NormalDoraRules(rules delivery.DoraRules, teamNames map[string][]string) (delivery.DoraRules, map[string][]string, error) {
	rules, err := normalRules(rules)
	own, teamsErr := normalProduction(teamNames)
	return rules, own, errors.Join(err, teamsErr)
}

// putRules stores rules, or with "" none.
func putRules(ctx context.Context, tx *sql.Tx, body string) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM dora_rules`)
	if err == nil && body != "" {
		_, err = tx.ExecContext(ctx, `INSERT INTO dora_rules (id, body) VALUES (1, ?)`, body)
	}
	if err != nil {
		return fmt.Errorf("store rules of deployments: %w", err)
	}
	return nil
}

func normalRules(r delivery.DoraRules) (delivery.DoraRules, error) {
	var errs []error
	var err error
	if r.Production, err = normalNames("production", r.Production); err == nil && len(r.Production) == 0 {
		err = &FieldError{"production", "required", "name at least one environment"}
	}
	errs = append(errs, err)
	for _, span := range []struct {
		field         string
		value         time.Duration
		least, most   time.Duration
		inWords, code string
	}{
		{"together", r.Together, 0, MaxTogether, "between 0 and 120 minutes", "range"},
		{"window", r.Window, time.Minute, MaxWindow, "between a minute and 30 days", "range"},
		{"silence", r.Silence, 24 * time.Hour, MaxSilence, "between 1 and 1000 days", "range"},
	} {
		if span.value < span.least || span.value > span.most {
			errs = append(errs, &FieldError{span.field, span.code, span.inWords})
		}
	}
	for _, kind := range []struct {
		field    string
		patterns *delivery.Patterns
	}{{"hotfix_labels", &r.HotfixLabels}, {"hotfix_branches", &r.HotfixBranches}, {"hotfix_titles", &r.HotfixTitles}, {"bots", &r.Bots}} {
		*kind.patterns = normalPatterns(*kind.patterns)
		if err := kind.patterns.Validate(); err != nil {
			errs = append(errs, &FieldError{kind.field, "patterns", err.Error()})
		}
	}
	if r.ErrorLevel == "" {
		r.ErrorLevel = delivery.DefaultErrorLevel
	}
	if !slices.Contains(delivery.ErrorLevels(), r.ErrorLevel) {
		errs = append(errs, &FieldError{"error_level", "choice", "not one of " + strings.Join(delivery.ErrorLevels(), ", ")})
	}
	if r.ErrorUsers < 0 || r.ErrorUsers > MaxErrorUsers {
		errs = append(errs, &FieldError{"error_users", "range", "between 0 and 100000"})
	}
	if err := errors.Join(errs...); err != nil {
		return r, err
	}
	if err := r.Validate(); err != nil {
		return r, &FieldError{"production", "rules", err.Error()}
	}
	return r, nil
}

// normalNames are names of environments, trimmed, each once whatever its case.
func normalNames(field string, in []string) ([]string, error) {
	var out []string
	for _, name := range in {
		name = strings.TrimSpace(name)
		switch {
		case name == "" || slices.ContainsFunc(out, func(o string) bool { return strings.EqualFold(o, name) }):
		case badText(name, maxEnvironmentName):
			return nil, &FieldError{field, "text_long", "a name has up to 100 characters on one line"}
		default:
			out = append(out, name)
		}
	}
	if len(out) > maxEnvironments {
		return nil, &FieldError{field, "length", fmt.Sprintf("more than %d names", maxEnvironments)}
	}
	return out, nil
}

// normalProduction leaves out teams without names of their own.
func normalProduction(in map[string][]string) (map[string][]string, error) {
	var errs []error
	var out map[string][]string
	for _, team := range slices.Sorted(maps.Keys(in)) {
		names, err := normalNames("team."+team, in[team])
		errs = append(errs, err)
		if len(names) == 0 {
			continue
		}
		if out == nil {
			out = map[string][]string{}
		}
		out[team] = names
	}
	return out, errors.Join(errs...)
}

func checkProductionTeams(ctx context.Context, q querier, own map[string][]string) error {
	all, err := teams(ctx, q)
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(own)) {
		if !slices.ContainsFunc(all, func(t Team) bool { return t.Name == name }) {
			errs = append(errs, &FieldError{"team." + name, "unknown", fmt.Sprintf("there is no team called %q", cut(name, 60))})
		}
	}
	return errors.Join(errs...)
}

// renameProduction takes a team's own names of production along to its new name.
func (db *DB) renameProduction(ctx context.Context, tx *sql.Tx, from, to string) error {
	body, err := rulesBody(ctx, tx)
	if err != nil || body == "" {
		return err
	}
	rules, own, err := rulesIn(body)
	names, has := own[from]
	if err != nil || !has {
		return err
	}
	delete(own, from)
	own[to] = names
	if body, err = toJSON(rowOfRules(rules, own)); err != nil {
		return err
	}
	_, err = db.recorded(ctx, tx, "dora.save", rulesObject, func() error { return putRules(ctx, tx, body) })
	return err
}
