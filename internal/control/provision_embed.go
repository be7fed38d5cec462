package control

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

type declaredEmbed struct {
	Embed
	hash  []byte
	line  int            // of its name
	teams []declaredName // that it is narrowed to
}

// embed reads an embed. Whether its teams exist is known when the file is applied.
func (d *declarations) embed(n yamlNode) {
	m := d.mapping(n, "an embed", "name", "panel", "filter", "frame_ancestors", "theme", "lang", "title", "names", "drill", "width", "height", "expires", "token")
	e := declaredEmbed{line: cmp.Or(m["name"].line, n.line), Embed: Embed{
		Name: d.text(m["name"]), Panel: d.required(n, m, "panel"), Ancestors: d.texts(m["frame_ancestors"]), Provisioned: true,
		Theme: cmp.Or(d.text(m["theme"]), ReadersOwn), Lang: d.text(m["lang"]), Titled: d.flag(m["title"], true), Named: d.flag(m["names"], true),
		Drill: d.texts(m["drill"]), Width: d.whole(m["width"], 0), Height: d.whole(m["height"], UsualEmbedHeight(d.text(m["panel"]))), Expires: d.date(m["expires"]),
	}}
	filter, lines := d.embedFilter(m["filter"], &e)
	e.Filter = filter
	if also := filter.Get("lang"); also != "" && e.Lang != "" && also != e.Lang {
		d.fail(lines["lang"], "filter: lang: the embed has another one")
	}
	e.Lang = cmp.Or(e.Lang, filter.Get("lang"), ReadersOwn)
	filter.Del("lang")
	before := len(d.problems)
	normal, err := e.normal()
	lineOf := n.lineIn(m)
	if e.Panel == "" { // said already
		err = withoutField(err, "panel")
	}
	d.fieldErrors(embedErrors(err), func(field string) int {
		if name, ok := strings.CutPrefix(field, "filter: "); ok && lines[name] > 0 {
			return lines[name]
		} else if ok {
			field = "filter"
		}
		return lineOf(field)
	})
	if len(d.problems) == before {
		e.Embed = normal
	}
	if e.Name != "" {
		d.unique("embed", strings.ToLower(e.Name), n.line)
	}
	e.hash = d.embedToken(n, m)
	d.out.embeds = append(d.out.embeds, e)
}

// embedErrors name parts of the filter as the file does.
func embedErrors(err error) error {
	var out []error
	for _, e := range flatten(err) {
		if field, ok := errors.AsType[*FieldError](e); ok {
			e = &FieldError{strings.Replace(field.Field, "filter.", "filter: ", 1), field.Code, field.Message}
		}
		out = append(out, e)
	}
	return errors.Join(out...)
}

func withoutField(err error, name string) error {
	return errors.Join(slices.DeleteFunc(flatten(err), func(e error) bool {
		field, ok := errors.AsType[*FieldError](e)
		return ok && field.Field == name
	})...)
}

// embedFilter is the filter as a query, and the lines of its names.
func (d *declarations) embedFilter(n yamlNode, e *declaredEmbed) (url.Values, map[string]int) {
	filter, lines := url.Values{}, map[string]int{}
	if n.null() {
		return filter, lines
	}
	for _, entry := range d.entries(n, "filter") {
		lines[entry.name] = entry.line
		values := []string{}
		items := []yamlNode{entry}
		if _, several := entry.node.(*ast.SequenceNode); several {
			items = d.list(entry)
		}
		for _, item := range items {
			text := d.text(item)
			values = append(values, text)
			if entry.name == "team" {
				e.teams = append(e.teams, declaredName{text, item.line})
			}
		}
		filter[entry.name] = values
	}
	return filter, lines
}

// embedToken is the hash of the token, of which no message may say anything. It
// becomes part of an address.
func (d *declarations) embedToken(n yamlNode, m map[string]yamlNode) []byte {
	t := declaredToken{}
	before := len(d.problems)
	d.tokenValue(n, m, &t)
	value := d.text(m["token"])
	if len(d.problems) == before && !EmbedToken(value) {
		d.fail(m["token"].line, "token: it stands in an address: only letters and digits of ASCII, - and _, up to %d", maxEmbedToken)
	}
	return t.hash
}

const maxEmbedToken = 200

// EmbedToken reports whether a text can be the token of an embed.
func EmbedToken(text string) bool {
	bad := func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_'
	}
	return len(text) >= minToken && len(text) <= maxEmbedToken && !strings.ContainsFunc(text, bad)
}

// flag is true or false, or what is usual when it is not given.
func (d *declarations) flag(n yamlNode, usual bool) bool {
	if n.null() {
		return usual
	}
	text := d.text(n)
	v, err := strconv.ParseBool(text)
	if err != nil || text != strconv.FormatBool(v) {
		d.fail(n.line, "%s: not true or false: %s", n.name, d.echo(n))
	}
	return v
}

// whole is a whole number, or what is usual when it is not given.
func (d *declarations) whole(n yamlNode, usual int) int {
	if n.null() {
		return usual
	}
	v, err := strconv.Atoi(d.text(n))
	if err != nil {
		d.fail(n.line, "%s: not a whole number: %s", n.name, d.echo(n))
		return usual
	}
	return v
}

// applyEmbeds sets embeds and revokes those of an earlier file, like tokens. What
// somebody made under a name that is declared now goes on under another one.
func (db *DB) applyEmbeds(ctx context.Context, tx *sql.Tx, declared []declaredEmbed) error {
	if err := checkEmbedTeams(ctx, tx, declared); err != nil {
		return err
	}
	stored, err := list(ctx, tx, scanEmbed, selectEmbed+` WHERE revoked_at = 0 ORDER BY id`)
	if err != nil {
		return fmt.Errorf("embeds: %w", err)
	}
	byName := map[string]Embed{}
	taken := func(name string) bool {
		same := func(e Embed) bool { return strings.EqualFold(e.Name, name) }
		return slices.ContainsFunc(stored, same) || slices.ContainsFunc(declared, func(d declaredEmbed) bool { return same(d.Embed) })
	}
	for _, e := range stored {
		if e.Provisioned && !slices.ContainsFunc(declared, func(d declaredEmbed) bool { return strings.EqualFold(d.Name, e.Name) }) {
			if err := db.revokeEmbed(ctx, tx, e); err != nil {
				return err
			}
			continue
		}
		if e.Provisioned {
			byName[strings.ToLower(e.Name)] = e
		} else if slices.ContainsFunc(declared, func(d declaredEmbed) bool { return strings.EqualFold(d.Name, e.Name) }) {
			if err := db.renameEmbed(ctx, tx, e, taken); err != nil {
				return err
			}
		}
	}
	for _, d := range declared {
		old, ok := byName[strings.ToLower(d.Name)]
		if err := db.freeEmbedHash(ctx, tx, d.hash, old.ID); err != nil {
			return err
		}
		if err := db.putEmbed(ctx, tx, old, ok, d); err != nil {
			return err
		}
	}
	return nil
}

// renameEmbed makes room for a declared embed of the same name.
func (db *DB) renameEmbed(ctx context.Context, tx *sql.Tx, e Embed, taken func(string) bool) error {
	next := e
	for n := 2; ; n++ {
		suffix := fmt.Sprintf(" %d", n)
		runes := []rune(e.Name)
		next.Name = string(runes[:min(len(runes), MaxEmbedName-len(suffix))]) + suffix
		if !taken(next.Name) {
			return db.changeEmbed(ctx, tx, e, next)
		}
	}
}

// freeEmbedHash takes an address from whatever else has it: two embeds may have swapped
// theirs, or one that was revoked is declared again. What somebody made by hand ends with
// its address.
func (db *DB) freeEmbedHash(ctx context.Context, tx *sql.Tx, hash []byte, keep int64) error {
	made, err := list(ctx, tx, scanEmbed, selectEmbed+` WHERE hash = ? AND id <> ? AND revoked_at = 0 AND provisioned = 0`, hash, keep)
	if err != nil {
		return fmt.Errorf("addresses of embeds: %w", err)
	}
	for _, e := range made {
		if err := db.revokeEmbed(ctx, tx, e); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, `UPDATE embeds SET hash = randomblob(32) WHERE hash = ? AND id <> ?`, hash, keep); err != nil {
		return fmt.Errorf("addresses of embeds: %w", err)
	}
	return nil
}

func (db *DB) putEmbed(ctx context.Context, tx *sql.Tx, old Embed, stands bool, d declaredEmbed) error {
	var same bool
	if stands {
		if err := tx.QueryRowContext(ctx, `SELECT hash = ? FROM embeds WHERE id = ?`, d.hash, old.ID).Scan(&same); err != nil {
			return fmt.Errorf("embed %s: %w", d.Name, err)
		}
	}
	if same {
		return db.changeEmbed(ctx, tx, old, d.Embed)
	}
	if stands {
		if err := db.revokeEmbed(ctx, tx, old); err != nil {
			return err
		}
	}
	if _, err := db.insertEmbed(ctx, tx, d.Embed, d.hash); err != nil {
		return err
	}
	return db.audit(ctx, tx, "embed.create", embedObject+d.Name, nil, d.Embed)
}

// checkEmbedTeams refuses teams that there are not, unless a catalogue names teams
// later.
func checkEmbedTeams(ctx context.Context, tx *sql.Tx, declared []declaredEmbed) error {
	all, err := teams(ctx, tx)
	if err != nil {
		return err
	}
	var problems []ProvisionProblem
	for _, e := range declared {
		for _, named := range e.teams {
			if !slices.ContainsFunc(all, func(t Team) bool { return t.Name == named.name }) {
				problems = append(problems, ProvisionProblem{named.line, fmt.Sprintf("filter: team: there is no team called %q", cut(named.name, 60))})
			}
		}
	}
	if problems == nil {
		return nil
	}
	if c, err := catalog(ctx, tx); err != nil || c.On() {
		return err
	}
	return &ProvisionError{Problems: problems}
}
