package simulator

import (
	"net/http"
	"strings"

	"throughline/internal/delivery"
)

// predicate tells whether an issue matches.
type predicate func(s *state) bool

// query is a parsed query of the query language.
type query struct {
	match predicate
	order []ordering
}

// ordering is a field to sort by.
type ordering struct {
	field string // updated, created, key
	desc  bool
}

// maxDepth bounds the nesting of parentheses, maxQuery the length in bytes.
const (
	maxDepth = 64
	maxQuery = 100_000
)

func queryErrorf(at int, format string, args ...any) error {
	e := apiErrorf(http.StatusBadRequest, "Query, character "+itoa(at+1)+": "+format, args...)
	return e
}

// parser reads
//
//	query     = [ or ] [ "Sort By" ":" field [ ASC | DESC ] { "," field [ ASC | DESC ] } ]
//	or        = and { OR and }
//	and       = term { [ AND ] term }
//	term      = "(" or ")" | field ":" value { "," value }
//	value     = [ "!" | ">" | ">=" | "<" | "<=" ] operand [ ".." operand ]
//	operand   = word | quoted | word "(" ")" [ offset ]
type parser struct {
	c      *Company
	now    delivery.Instant
	tokens []token
	depth  int
}

// parseQuery reads a query as of now. Every error is an *apiError that says
// what is wrong. The company is locked for reading.
func (c *Company) parseQuery(q string) (query, error) {
	if len(q) > maxQuery {
		return query{}, queryErrorf(0, "longer than %d bytes", maxQuery)
	}
	tokens, err := lex(q)
	if err != nil {
		return query{}, err
	}
	p := &parser{c: c, now: c.now, tokens: tokens}
	out := query{match: func(*state) bool { return true }}
	if !p.sorting() && p.peek().kind != tokenEnd {
		if out.match, err = p.or(); err != nil {
			return query{}, err
		}
	}
	if p.sorting() {
		if out.order, err = p.sortBy(); err != nil {
			return query{}, err
		}
	}
	if t := p.peek(); t.kind != tokenEnd {
		return query{}, queryErrorf(t.at, "unexpected %q", t.text)
	}
	return out, nil
}

func (p *parser) peek() token { return p.tokens[0] }

func (p *parser) next() token {
	t := p.tokens[0]
	if t.kind != tokenEnd {
		p.tokens = p.tokens[1:]
	}
	return t
}

// sign takes the sign if it comes next.
func (p *parser) sign(text string) bool {
	if t := p.peek(); t.kind == tokenSign && t.text == text {
		p.next()
		return true
	}
	return false
}

// word takes the word if it comes next, in any case.
func (p *parser) word(text string) bool {
	if t := p.peek(); t.kind == tokenWord && equalFold(t.text, text) {
		p.next()
		return true
	}
	return false
}

func (p *parser) sorting() bool {
	t := p.peek()
	return t.kind == tokenQuoted && equalFold(t.text, "Sort By")
}

func (p *parser) or() (predicate, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, queryErrorf(p.peek().at, "too many parentheses")
	}
	defer func() { p.depth-- }()
	left, err := p.and()
	if err != nil {
		return nil, err
	}
	any := []predicate{left}
	for p.word("OR") {
		right, err := p.and()
		if err != nil {
			return nil, err
		}
		any = append(any, right)
	}
	return anyOf(any), nil
}

func (p *parser) and() (predicate, error) {
	var all []predicate
	for {
		m, err := p.term()
		if err != nil {
			return nil, err
		}
		all = append(all, m)
		if p.word("AND") {
			continue
		}
		// Conditions that follow one another mean AND.
		t := p.peek()
		if p.sorting() || t.kind == tokenEnd || t.kind == tokenSign && t.text != "(" || t.kind == tokenWord && equalFold(t.text, "OR") {
			return allOf(all), nil
		}
	}
}

func (p *parser) term() (predicate, error) {
	if p.sign("(") {
		m, err := p.or()
		if err != nil {
			return nil, err
		}
		if !p.sign(")") {
			return nil, queryErrorf(p.peek().at, "a parenthesis is not closed")
		}
		return m, nil
	}
	t := p.next()
	if t.kind != tokenWord && t.kind != tokenQuoted {
		return nil, queryErrorf(t.at, "expected a field, found %q", t.text)
	}
	f, ok := searchFields[strings.ToLower(t.text)]
	if !ok {
		return nil, queryErrorf(t.at, "unknown field %q", t.text)
	}
	if !p.sign(":") {
		return nil, queryErrorf(p.peek().at, "expected : after %s", t.text)
	}
	return p.condition(f)
}

// condition reads the values of a field: one of those without a "!" must hold,
// and all of those with one.
func (p *parser) condition(f searchField) (predicate, error) {
	var wanted, unwanted []predicate
	for {
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		m, err := f(p, v)
		if err != nil {
			return nil, err
		}
		if v.sign == "!" || v.sign == "!=" {
			unwanted = append(unwanted, func(s *state) bool { return !m(s) })
		} else {
			wanted = append(wanted, m)
		}
		if !p.sign(",") {
			break
		}
	}
	if len(wanted) > 0 {
		unwanted = append(unwanted, anyOf(wanted))
	}
	return allOf(unwanted), nil
}

func (p *parser) sortBy() ([]ordering, error) {
	p.next()
	if !p.sign(":") {
		return nil, queryErrorf(p.peek().at, "expected : after Sort By")
	}
	var out []ordering
	for {
		t := p.next()
		o := ordering{field: strings.ToLower(t.text)}
		if !sortable(o.field) {
			return nil, queryErrorf(t.at, "cannot sort by %q", t.text)
		}
		if p.word("DESC") {
			o.desc = true
		} else {
			p.word("ASC")
		}
		out = append(out, o)
		if !p.sign(",") {
			return out, nil
		}
	}
}

func anyOf(list []predicate) predicate {
	if len(list) == 1 {
		return list[0]
	}
	return func(s *state) bool {
		for _, m := range list {
			if m(s) {
				return true
			}
		}
		return false
	}
}

func allOf(list []predicate) predicate {
	if len(list) == 1 {
		return list[0]
	}
	return func(s *state) bool {
		for _, m := range list {
			if !m(s) {
				return false
			}
		}
		return true
	}
}
