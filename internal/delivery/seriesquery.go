package delivery

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Bounds of a query for series.
const (
	MaxSeriesQuery = 4000 // bytes
	maxFetches     = 20
	maxOutputs     = 50
	maxSteps       = 20 // of one expression
	maxMatchers    = 25
)

// QueryError says what is wrong with a query for series, and where: lines and columns
// are counted from 1, columns in characters.
type QueryError struct {
	Line, Column int
	// Code names a message of the catalogue, of which Args are; Message is its English
	// text.
	Code    string
	Args    []string
	Message string
}

func (e *QueryError) Error() string {
	if e.Line > 1 {
		return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Message)
	}
	return fmt.Sprintf("column %d: %s", e.Column, e.Message)
}

// SeriesProgram is a query for series that was read:
//
//	a = fetch('ci.time', suite='unit', host=~'web.*').downsample('1m', 'p95')
//	b = a.avg_by('host')
//	output(a, b)
//
// Statements are separated by semicolons or newlines; what is not assigned is put out
// as it is. A regular expression is RE2 and matches the whole value.
type SeriesProgram struct {
	exprs   []*seriesExpr // in the order of the text; each uses earlier ones only
	outputs []seriesOutput
}

type seriesOutput struct {
	id   string
	expr int // in exprs
}

// seriesExpr is a fetch, or an earlier expression, and what is done with it in turn.
type seriesExpr struct {
	where token  // it begins
	fetch *fetch // or
	from  int    // in exprs
	steps []seriesStep
}

type fetch struct {
	where    token // it begins
	metric   string
	matchers []tagMatcher
}

// among are those of stored series that are asked for.
func (f *fetch) among(ctx context.Context, stored []StoredSeries) ([]StoredSeries, error) {
	if len(f.matchers) == 0 {
		return stored, nil
	}
	// Many series have few values of a tag.
	known := make([]map[string]bool, len(f.matchers))
	for i := range known {
		known[i] = map[string]bool{}
	}
	var out []StoredSeries
	for i := range stored {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		asked := true
		for k := range f.matchers {
			value := stored[i].Tag(f.matchers[k].key)
			match, met := known[k][value]
			if !met {
				match = f.matchers[k].matches(value)
				known[k][value] = match
			}
			asked = asked && match
		}
		if asked {
			out = append(out, stored[i])
		}
	}
	return out, nil
}

type tagMatcher struct {
	key, value string
	pattern    *regexp.Regexp // nil: value
	not        bool
}

// matches reports whether the value of a tag is asked for: "" where there is none.
func (m *tagMatcher) matches(value string) bool {
	if m.pattern != nil {
		return m.pattern.MatchString(value) != m.not
	}
	return (value == m.value) != m.not
}

type stepKind int

const (
	stepDownsample stepKind = iota
	stepGroup
	stepRate
)

// seriesStep is what is done with series.
type seriesStep struct {
	kind  stepKind
	every int64    // of a downsample, in milliseconds; 0: as long as fits the range
	by    Fold     // of a downsample and a group
	tags  []string // of a group
	where token    // it begins
}

// Metrics are the names that the query fetches, as they come.
func (p *SeriesProgram) Metrics() []string {
	var out []string
	for _, e := range p.exprs {
		if e.fetch != nil && !slices.Contains(out, e.fetch.metric) {
			out = append(out, e.fetch.metric)
		}
	}
	return out
}

// ParseSeriesQuery reads a query. Its error is a *QueryError.
func ParseSeriesQuery(text string) (*SeriesProgram, error) {
	p := &seriesParser{vars: map[string]int{}, program: &SeriesProgram{}}
	if len(text) > MaxSeriesQuery {
		return nil, &QueryError{1, 1, "long", []string{"max", fmt.Sprint(MaxSeriesQuery)}, fmt.Sprintf("the query is longer than %d bytes", MaxSeriesQuery)}
	}
	err := p.lex(text)
	if err == nil {
		err = p.statements()
	}
	if err != nil {
		return nil, err
	}
	return p.program, nil
}

// seriesParser reads one token after another.
type seriesParser struct {
	tokens  []token
	next    int
	vars    map[string]int // in program.exprs
	fetches int
	program *SeriesProgram
}

func (p *seriesParser) peek() *token { return &p.tokens[p.next] }

func (p *seriesParser) take() *token {
	t := p.peek()
	if t.kind != tokenEnd {
		p.next++
	}
	return t
}

func (p *seriesParser) is(kind tokenKind, text string) bool {
	t := p.peek()
	return t.kind == kind && t.text == text
}

func (p *seriesParser) expect(mark string) error {
	if !p.is(tokenMark, mark) {
		return p.peek().unexpected(quoteQuery(mark))
	}
	p.take()
	return nil
}

func (p *seriesParser) statements() error {
	for {
		for p.is(tokenMark, ";") {
			p.take()
		}
		if p.peek().kind == tokenEnd {
			break
		}
		if err := p.statement(); err != nil {
			return err
		}
		if p.peek().kind != tokenEnd && !p.is(tokenMark, ";") {
			return p.peek().unexpected("a semicolon or a new line")
		}
	}
	switch n := len(p.program.outputs); {
	case len(p.program.exprs) == 0:
		return p.peek().fail("empty", nil, "the query is empty: begin with fetch('name')")
	case n == 0:
		return p.peek().fail("no_output", nil, "nothing is put out: end with output(…) and the names to show")
	case n > maxOutputs:
		return p.peek().fail("many_outputs", []string{"max", fmt.Sprint(maxOutputs)}, "more than %d outputs", maxOutputs)
	}
	return nil
}

func (p *seriesParser) statement() error {
	first := p.peek()
	if first.kind == tokenName && p.tokens[p.next+1].is("=") {
		if first.text == "fetch" || first.text == "output" {
			return first.fail("reserved", []string{"name", first.text}, "%s cannot be a name of yours", first.text)
		}
		p.next += 2
		e, err := p.expr()
		p.vars[first.text] = e
		return err
	}
	if first.kind == tokenName && first.text == "output" {
		return p.output()
	}
	e, err := p.expr()
	if err == nil {
		p.program.outputs = append(p.program.outputs, seriesOutput{p.nameOf(e, first), e})
	}
	return err
}

// nameOf is what an output without a name of its own is called: what it was fetched
// by, or its variable.
func (p *seriesParser) nameOf(e int, first *token) string {
	if _, ok := p.vars[first.text]; ok && first.kind == tokenName {
		return first.text
	}
	expr := p.program.exprs[e]
	for expr.fetch == nil {
		expr = p.program.exprs[expr.from]
	}
	return expr.fetch.metric
}

func (p *seriesParser) output() error {
	p.take()
	if err := p.expect("("); err != nil {
		return err
	}
	for {
		first := p.peek()
		e, err := p.expr()
		if err != nil {
			return err
		}
		p.program.outputs = append(p.program.outputs, seriesOutput{p.nameOf(e, first), e})
		if !p.is(tokenMark, ",") {
			return p.expect(")")
		}
		p.take()
	}
}

// expr reads an expression and returns its place in the program.
func (p *seriesParser) expr() (int, error) {
	first := p.take()
	e := &seriesExpr{where: *first, from: -1}
	switch i, known := p.vars[first.text]; {
	case first.kind == tokenName && first.text == "fetch":
		f, err := p.fetch(first)
		if err != nil {
			return 0, err
		}
		e.fetch = f
	case first.kind == tokenName && known:
		e.from = i
	case first.kind == tokenName:
		return 0, first.fail("unknown_name", []string{"name", first.text}, "nothing is called %s: begin with fetch('name'), or with a name assigned above", first.text[:min(len(first.text), 40)])
	default:
		return 0, first.unexpected("fetch or a name")
	}
	for p.is(tokenMark, ".") {
		p.take()
		s, err := p.step()
		if err != nil {
			return 0, err
		}
		if e.steps = append(e.steps, s); len(e.steps) > maxSteps {
			return 0, s.where.fail("many_steps", []string{"max", fmt.Sprint(maxSteps)}, "more than %d steps", maxSteps)
		}
	}
	p.program.exprs = append(p.program.exprs, e)
	return len(p.program.exprs) - 1, nil
}

func (p *seriesParser) fetch(at *token) (*fetch, error) {
	if p.fetches++; p.fetches > maxFetches {
		return nil, at.fail("many_fetches", []string{"max", fmt.Sprint(maxFetches)}, "more than %d times fetch", maxFetches)
	}
	if err := p.expect("("); err != nil {
		return nil, err
	}
	name := p.take()
	if name.kind != tokenText {
		return nil, name.unexpected("the name of a metric in quotes")
	}
	if name.text == "" {
		return nil, name.fail("no_metric", nil, "a metric has a name")
	}
	f := &fetch{where: *at, metric: name.text}
	for p.is(tokenMark, ",") {
		comma := p.take()
		m, err := p.matcher()
		if err != nil {
			return nil, err
		}
		if f.matchers = append(f.matchers, m); len(f.matchers) > maxMatchers {
			return nil, comma.fail("many_tags", []string{"max", fmt.Sprint(maxMatchers)}, "more than %d conditions on tags", maxMatchers)
		}
	}
	return f, p.expect(")")
}

func (p *seriesParser) matcher() (m tagMatcher, err error) {
	key := p.take()
	if key.kind != tokenName && key.kind != tokenText || key.text == "" {
		return m, key.unexpected("the name of a tag")
	}
	// host.name and a/b-c are names of tags, too.
	end := key.end
	text := key.text
	for key.kind == tokenName && p.peek().begin == end && (p.peek().kind == tokenName || p.peek().kind == tokenNumber || p.is(tokenMark, ".")) {
		t := p.take()
		text, end = text+t.text, t.end
	}
	sign := p.take()
	if sign.kind != tokenMark || !slices.Contains([]string{"=", "!=", "=~", "!~"}, sign.text) {
		return m, sign.unexpected("=, !=, =~ or !~")
	}
	value := p.take()
	if value.kind != tokenText && value.kind != tokenNumber {
		return m, value.unexpected("a value in quotes")
	}
	m = tagMatcher{key: text, value: value.text, not: sign.text[0] == '!'}
	if strings.HasSuffix(sign.text, "~") {
		m.pattern, err = value.pattern()
	}
	return m, err
}

func (p *seriesParser) step() (seriesStep, error) {
	name := p.take()
	s := seriesStep{where: *name}
	if name.kind != tokenName {
		return s, name.unexpected("downsample, rate or sum_by")
	}
	fold, group := strings.CutSuffix(name.text, "_by")
	by, known := ParseFold(fold)
	switch {
	case name.text == "downsample":
		return s, p.downsample(&s)
	case name.text == "rate":
		s.kind = stepRate
		args, err := p.texts()
		if len(args) > 0 {
			return s, args[0].unexpected(quote(")"))
		}
		return s, err
	case group && known && by.Kind != FoldFirst && by.Kind != FoldLast:
		s.kind, s.by = stepGroup, by
		tags, err := p.texts()
		for _, t := range tags {
			s.tags = append(s.tags, t.text)
		}
		slices.Sort(s.tags)
		s.tags = slices.Compact(s.tags)
		return s, err
	}
	return s, name.fail("unknown_step", []string{"name", name.text},
		"there is no .%s(): use .downsample(), .rate(), .sum_by(), .avg_by(), .min_by(), .max_by(), .count_by() or .p95_by()", name.text)
}

func (p *seriesParser) downsample(s *seriesStep) error {
	args, err := p.texts()
	if err != nil {
		return err
	}
	if len(args) != 2 {
		return s.where.fail("downsample", nil, "write .downsample('1m', 'avg'): an interval and what a bucket's value is")
	}
	if s.every, err = args[0].interval(); err != nil {
		return err
	}
	by, ok := ParseFold(args[1].text)
	if !ok {
		return args[1].fail("fold", []string{"value", args[1].text}, "%s is not avg, sum, min, max, count, first, last, median or a percentile like p95", quote(args[1].text))
	}
	s.by = by
	return nil
}

// texts reads quoted texts in brackets.
func (p *seriesParser) texts() ([]*token, error) {
	var out []*token
	if err := p.expect("("); err != nil {
		return nil, err
	}
	if p.is(tokenMark, ")") {
		p.take()
		return nil, nil
	}
	for {
		t := p.take()
		if t.kind != tokenText {
			return nil, t.unexpected("a text in quotes")
		}
		out = append(out, t)
		if !p.is(tokenMark, ",") {
			return out, p.expect(")")
		}
		p.take()
	}
}
