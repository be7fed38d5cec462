package control

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"throughline/internal/delivery"
	"throughline/internal/secret"
	"throughline/internal/source"
)

// Provision is what a provisioning file declares, checked. It holds secrets:
// nothing of it is exported, lest it be printed.
type Provision struct {
	connections []declaredConnection
	calendars   []Calendar
	teams       []declaredTeam
	workflow    *declaredWorkflow // nil when not declared
	services    []Service
	catalog     *declaredCatalog // nil when not declared
	tokens      []declaredToken
	embeds      []declaredEmbed
}

type declaredConnection struct {
	Connection
	secrets map[string]string
}

type declaredToken struct {
	name       string
	scopes     []string
	connection string
	hash       []byte
	line       int // of the connection's name
}

// ProvisionError is all that is wrong with a provisioning file.
type ProvisionError struct {
	File     string // as it is to be called; "" for provision.yml
	Problems []ProvisionProblem
}

// ProvisionProblem is one mistake. Message never holds a secret.
type ProvisionProblem struct {
	Line    int // 0 when it concerns the whole file
	Message string
}

// Error has a line for each problem.
func (e *ProvisionError) Error() string {
	var b strings.Builder
	for i, p := range e.Problems {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(cmp.Or(e.File, "provision.yml") + ": ")
		if p.Line > 0 {
			fmt.Fprintf(&b, "line %d: ", p.Line)
		}
		b.WriteString(p.Message)
	}
	return b.String()
}

// maxProvision bounds the file, in bytes.
const maxProvision = 1 << 20

// ParseProvision reads a provisioning file. ${NAME} is looked up, ${file:PATH}
// read with readFile; settings are checked by their kind, which is made on
// trial. The error is a *ProvisionError with all problems.
func ParseProvision(data []byte, lookup func(string) (string, bool), readFile func(string) ([]byte, error), kinds []source.Kind) (*Provision, error) {
	if len(data) > maxProvision {
		return nil, &ProvisionError{Problems: []ProvisionProblem{{0, "the file is larger than 1 MiB"}}}
	}
	r := &yamlReader{vars: newVariables(lookup, readFile)}
	root := r.parse(data)
	d := declarations{yamlReader: r, kinds: kinds, lines: map[string]int{}}
	if root != nil {
		d.read(*root)
	}
	if len(r.problems) > 0 {
		slices.SortStableFunc(r.problems, func(a, b ProvisionProblem) int { return cmp.Compare(a.Line, b.Line) })
		return nil, &ProvisionError{Problems: fewer(slices.Compact(r.problems))}
	}
	return &d.out, nil
}

// maxReported bounds a list that nobody would read to its end.
const maxReported = 200

func fewer(problems []ProvisionProblem) []ProvisionProblem {
	if n := len(problems) - maxReported; n > 0 {
		return append(problems[:maxReported], ProvisionProblem{0, fmt.Sprintf("and %d more problems", n)})
	}
	return problems
}

// declarations reads the sections of a file.
type declarations struct {
	*yamlReader
	kinds []source.Kind
	out   Provision
	lines map[string]int // where a name was declared, by section and name
}

func (d *declarations) read(root yamlNode) {
	m := d.mapping(root, "the file", "connections", "calendars", "workflow", "services", "teams", "catalog", "tokens", "embeds")
	for _, item := range d.list(m["connections"]) {
		d.connection(item)
	}
	for _, item := range d.list(m["calendars"]) {
		d.calendar(item)
	}
	if w, ok := m["workflow"]; ok && !w.null() {
		d.workflows(w)
	}
	for _, item := range d.list(m["services"]) {
		d.service(item)
	}
	for _, item := range d.list(m["teams"]) {
		d.team(item)
	}
	if c, ok := m["catalog"]; ok && !c.null() {
		d.catalog(c)
	}
	for _, item := range d.list(m["tokens"]) {
		d.token(item)
	}
	for _, item := range d.list(m["embeds"]) {
		d.embed(item)
	}
}

// unique reports a name that was declared before in the section.
func (d *declarations) unique(section, name string, line int) {
	id := section + "\x00" + name
	if before, ok := d.lines[id]; ok {
		d.fail(line, "%s %q is declared on line %d already", section, name, before)
		return
	}
	d.lines[id] = line
}

// fieldErrors reports what was found wrong with fields on the lines that
// lineOf knows.
func (d *declarations) fieldErrors(err error, lineOf func(field string) int) {
	before := slices.Clone(d.problems)
	for _, e := range flatten(err) {
		var field *FieldError
		if !errors.As(e, &field) {
			d.fail(lineOf(""), "%s", e.Error())
			continue
		}
		line := lineOf(field.Field)
		said := func(p ProvisionProblem) bool { return p.Line == line && strings.HasPrefix(p.Message, field.Field+":") }
		if field.Code != "required" || !slices.ContainsFunc(before, said) {
			d.fail(line, "%s", field.Error())
		}
	}
}

// flatten takes joined errors apart.
func flatten(err error) []error {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var out []error
	for _, e := range joined.Unwrap() {
		out = append(out, flatten(e)...)
	}
	return out
}

func (d *declarations) calendar(n yamlNode) {
	m := d.mapping(n, "a calendar", "name", "timezone", "workdays", "hours", "holidays", "days_off", "working_days", "from")
	c := Calendar{
		Name: d.text(m["name"]), Zone: d.text(m["timezone"]), Hours: d.texts(m["hours"]), Holidays: d.text(m["holidays"]),
		DaysOff: d.dates(m["days_off"]), WorkingDays: d.dates(m["working_days"]), From: d.date(m["from"]), Provisioned: true,
	}
	for _, item := range d.list(m["workdays"]) {
		name := d.text(item)
		day, ok := weekdays()[strings.ToLower(name)]
		if !ok {
			d.fail(item.line, "workdays: not one of mon, tue, wed, thu, fri, sat, sun: %s", d.echo(item))
		}
		c.Workdays = append(c.Workdays, day)
	}
	_, err := c.Compile()
	d.fieldErrors(err, n.lineIn(m))
	c = c.normal()
	if c.Name != "" {
		d.unique("calendar", strings.TrimSpace(c.Name+" "+c.From.String()), n.line)
	}
	d.out.calendars = append(d.out.calendars, c)
}

func weekdays() map[string]time.Weekday {
	return map[string]time.Weekday{
		"mon": time.Monday, "tue": time.Tuesday, "wed": time.Wednesday, "thu": time.Thursday,
		"fri": time.Friday, "sat": time.Saturday, "sun": time.Sunday,
	}
}

func (d *declarations) date(n yamlNode) delivery.Date {
	if n.null() {
		return delivery.Date{}
	}
	text := d.text(n)
	date, err := delivery.ParseDate(text)
	if err != nil && text != "" {
		d.fail(n.line, "%s: not a date like 2026-01-31: %s", n.name, d.echo(n))
	}
	return date
}

func (d *declarations) dates(n yamlNode) []delivery.Date {
	var out []delivery.Date
	for _, item := range d.list(n) {
		if date := d.date(item); !date.IsZero() {
			out = append(out, date)
		}
	}
	return out
}

func (d *declarations) token(n yamlNode) {
	m := d.mapping(n, "a token", "name", "scopes", "token", "connection")
	t := declaredToken{name: d.required(n, m, "name"), connection: d.text(m["connection"]), line: m["connection"].line}
	for _, item := range d.list(m["scopes"]) {
		scope := d.text(item)
		if scope != "" && !slices.Contains(Scopes(), scope) {
			d.fail(item.line, "scopes: not one of %s: %s", strings.Join(Scopes(), ", "), d.echo(item))
		}
		t.scopes = append(t.scopes, scope)
	}
	if len(t.scopes) == 0 {
		d.fail(cmp.Or(m["scopes"].line, n.line), "scopes: name at least one of %s", strings.Join(Scopes(), ", "))
	}
	if t.connection != "" && !connectionName.MatchString(t.connection) {
		d.fail(t.line, "connection: not a connection's name: %s", d.echo(m["connection"]))
	}
	if t.name != "" {
		d.unique("token", t.name, n.line)
	}
	d.tokenValue(n, m, &t)
	d.out.tokens = append(d.out.tokens, t)
}

// tokenValue checks the token itself, of which no message may say anything.
func (d *declarations) tokenValue(n yamlNode, m map[string]yamlNode, t *declaredToken) {
	value := d.required(n, m, "token")
	if value == "" {
		return
	}
	if strings.ContainsFunc(value, func(c rune) bool { return c <= ' ' || c > '~' }) {
		d.fail(m["token"].line, "token: only letters, digits and signs of ASCII, without spaces")
	}
	if len(value) < minToken {
		d.fail(m["token"].line, "token: shorter than %d characters", minToken)
	}
	t.hash = secret.HashToken(value)
	id := "the value of a token\x00" + string(t.hash)
	if before, ok := d.lines[id]; ok {
		d.fail(m["token"].line, "token: the same as on line %d", before)
		return
	}
	d.lines[id] = m["token"].line
}

// required is the text of a key that must be there and not be empty.
func (d *declarations) required(n yamlNode, m map[string]yamlNode, key string) string {
	before := len(d.problems)
	text := d.text(m[key])
	if text == "" && len(d.problems) == before {
		d.fail(cmp.Or(m[key].line, n.line), "%s: is missing", key)
	}
	return text
}

// Declared names what a provisioning file declares.
type Declared struct {
	Connections, Calendars, Services, Teams, Tokens, Embeds []string
	Workflow, Catalog                                       bool
}

// Declared is what the file declares, by name and without secrets.
func (p *Provision) Declared() Declared {
	d := Declared{Workflow: p.workflow != nil, Catalog: p.catalog != nil}
	for _, c := range p.connections {
		d.Connections = append(d.Connections, c.Name)
	}
	for _, c := range p.calendars {
		if !slices.Contains(d.Calendars, c.Name) {
			d.Calendars = append(d.Calendars, c.Name)
		}
	}
	for _, s := range p.services {
		d.Services = append(d.Services, s.Name)
	}
	for _, t := range p.teams {
		d.Teams = append(d.Teams, t.Name)
	}
	for _, t := range p.tokens {
		d.Tokens = append(d.Tokens, t.name)
	}
	for _, e := range p.embeds {
		d.Embeds = append(d.Embeds, e.Name)
	}
	return d
}
